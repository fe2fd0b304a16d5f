"""One file a plugin; the list, with weights, is `registry.py`."""
