"""The generic verbs."""
