"""Rows without behaviour: a cluster, its revisions, a worker's lease on it."""

from clusters.models.cluster import Cluster, Lease
from clusters.models.revision import Revision

__all__ = ["Cluster", "Lease", "Revision"]
