"""Who asked a cluster's Kubernetes API for what: the last so many requests of each cluster."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from clusters.models.cluster import Cluster


class AuditEvent(models.Model):
    id = models.BigAutoField(primary_key=True)
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="audit_events", db_index=False)
    at = models.BigIntegerField(help_text="Wall clock, microseconds since 1970.")
    vtime = models.BigIntegerField(help_text="Virtual time, microseconds since 1970.")
    user = models.CharField(max_length=253)
    acting_as = models.CharField(max_length=253, blank=True, default="", help_text="Whom they impersonated.")
    verb = models.CharField(max_length=32)
    path = models.CharField(max_length=1000)
    resource = models.CharField(max_length=253, blank=True, help_text="pods, deployments.apps, pods/exec; empty: none.")
    namespace = models.CharField(max_length=253, blank=True)
    name = models.CharField(max_length=253, blank=True)
    code = models.PositiveSmallIntegerField()
    latency = models.PositiveIntegerField(help_text="Microseconds until the answer (of a stream: until it stood).")
    annotations = models.JSONField(default=dict, blank=True, help_text="What authorization and admission noted.")

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["cluster", "-id"], name="audit_latest")]

    def __str__(self) -> str:
        who = f"{self.user} as {self.acting_as}" if self.acting_as else self.user
        return f"{who} {self.verb} {self.path}: {self.code}"
