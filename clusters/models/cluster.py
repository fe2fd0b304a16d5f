"""A cluster's row: its log's counter, its clock, and what the loops have seen.

`head` is taken under this row's lock, so commit order is revision order and there are no gaps. Times are
microseconds since the Unix epoch; `clock_*` describe a `kernel.clock.ClockSpec`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import RegexValidator
from django.db import models

NAME_PATTERN = r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$"


class Cluster(models.Model):
    name = models.CharField(
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(NAME_PATTERN, "at most 40 lower-case letters, digits and '-', starting and ending with one")
        ],
    )
    seed = models.BigIntegerField(help_text="Every random choice of this cluster is a function of it.")
    settings: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    created = models.BigIntegerField(help_text="Wall clock, microseconds since 1970.")

    head = models.BigIntegerField(default=0, help_text="The last revision.")
    compacted = models.BigIntegerField(default=0, help_text="Older revisions are gone.")
    vtime = models.BigIntegerField(default=0, help_text="Virtual time of the last revision, microseconds.")

    clock_base = models.BigIntegerField()
    clock_wall_base = models.BigIntegerField()
    clock_speed = models.CharField(max_length=16, default="1", help_text="1, 10, 0.5, max; 0 is paused.")

    seen = models.BigIntegerField(default=0, help_text="The loops have worked off the log up to here.")
    due = models.BigIntegerField(
        null=True, blank=True, default=None, help_text="Wall clock at which the loops must run next; empty: idle."
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["due"], name="cluster_due")]

    def __str__(self) -> str:
        return self.name


class Lease(models.Model):
    """A worker's right to run a cluster's loops. `epoch` grows with each change of holder, and is checked
    inside every commit: a worker that was away too long cannot write (a fencing token)."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, primary_key=True, related_name="lease")
    holder = models.CharField(max_length=100, blank=True, default="")
    epoch = models.BigIntegerField(default=0)
    expires = models.BigIntegerField(default=0, help_text="Wall clock, microseconds since 1970.")

    def __str__(self) -> str:
        return f"{self.cluster_id}: {self.holder or 'free'} (epoch {self.epoch})"
