"""Kinds of scheduling.k8s.io."""

from clusters.resources.scheduling.priority_class import RESOURCE as PRIORITY_CLASS

RESOURCES = (PRIORITY_CLASS,)
