"""Kinds of coordination.k8s.io."""

from clusters.resources.coordination.lease import RESOURCE as LEASE

RESOURCES = (LEASE,)
