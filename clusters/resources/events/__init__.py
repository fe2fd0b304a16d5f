"""Kinds of events.k8s.io."""

from clusters.resources.events.event import RESOURCE as EVENT

RESOURCES = (EVENT,)
