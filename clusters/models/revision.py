"""The log: one row a revision, never changed, dropped only by compaction.

`UNIQUE(cluster, key, prev_rev)` makes the insert itself the compare-and-swap. Values are bytes (on PostgreSQL
`bulk_create` of JSONField or TextField is five times slower). Models: k3s-io/kine, pkg/logstructured.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from clusters.models.cluster import Cluster


class Revision(models.Model):
    pk = models.CompositePrimaryKey("cluster_id", "rev")
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="revisions", db_index=False)
    rev = models.BigIntegerField()
    key = models.CharField(max_length=700, help_text="GROUP/RESOURCE/NAMESPACE/NAME")
    create_rev = models.BigIntegerField()
    prev_rev = models.BigIntegerField()
    version = models.BigIntegerField()
    tombstone = models.BooleanField(default=False)
    actor = models.CharField(max_length=253)
    vtime = models.BigIntegerField(help_text="Virtual time, microseconds since 1970.")
    value = models.BinaryField()

    class Meta:
        ordering: ClassVar[list[str]] = ["cluster_id", "rev"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["cluster", "key", "prev_rev"], name="revision_cas"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["cluster", "key", "rev"], name="revision_key"),
        ]

    def __str__(self) -> str:
        return f"{self.cluster_id}@{self.rev} {self.key}"
