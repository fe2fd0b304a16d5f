"""Rows without behaviour: a cluster, its revisions, a worker's lease on it, its API's audit log."""

from clusters.models.audit import AuditEvent
from clusters.models.cluster import Cluster, Lease
from clusters.models.revision import Revision

__all__ = ["AuditEvent", "Cluster", "Lease", "Revision"]
