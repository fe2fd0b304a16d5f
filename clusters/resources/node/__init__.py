"""Kinds of node.k8s.io."""

from clusters.resources.node.runtime_class import RESOURCE as RUNTIME_CLASS

RESOURCES = (RUNTIME_CLASS,)
