"""The four kinds of patch, as pure functions on objects: JSON patch, merge patch, strategic merge, apply."""
