"""Watches: one subscription to the watch cache a cluster, any number of watchers behind it."""
