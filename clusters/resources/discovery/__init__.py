"""Kinds of discovery.k8s.io."""

from clusters.resources.discovery.endpoint_slice import RESOURCE as ENDPOINT_SLICE

RESOURCES = (ENDPOINT_SLICE,)
