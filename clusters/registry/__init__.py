"""The generic write and read path of every kind, over the store and its watch cache."""
