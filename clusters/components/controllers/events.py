"""Events live for an hour after they were last written; then they are gone.

Models: kube-apiserver --event-ttl (there a lease of etcd; here a sweep each minute in which something is due).
"""

from __future__ import annotations

from typing import ClassVar

from clusters.client.component import Controller
from clusters.components.controllers.shared.pods import when
from clusters.kernel.clock import HOUR, MINUTE
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

TTL = HOUR
_SWEEP = "sweep"


def written_at(event: Obj) -> int:
    """When the Event was last told of."""
    times = (event["metadata"].get("creationTimestamp"), event.get("lastTimestamp"), event.get("eventTime"))
    observed = (event.get("series") or {}).get("lastObservedTime")
    return max((when(t) for t in (*times, observed) if t), default=0)


class EventTtlController(Controller):
    """One key: the sweep."""

    name: ClassVar[str] = "event-ttl"
    process: ClassVar[str] = "kube-apiserver"
    user: ClassVar[UserInfo] = UserInfo(name="system:apiserver", groups=("system:masters", "system:authenticated"))

    def setup(self) -> None:
        self.stored = self.env.informers["events"]
        self.stored.on_change(self._changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if old is None and new is not None:
            self._sweep_at(written_at(new) + TTL)

    def _sweep_at(self, due: int) -> None:
        self.queue.add_at(_SWEEP, -(-due // MINUTE) * MINUTE, background=True)

    def sync(self, key: str) -> None:
        now = self.env.clock.now()
        earliest: int | None = None
        for event in self.stored.list():
            due = written_at(event) + TTL
            if due > now:
                earliest = due if earliest is None else min(earliest, due)
                continue
            own = event["metadata"]
            try:
                self.env.client.delete("events", own["namespace"], own["name"], uid=own["uid"])
            except NotFound:
                continue
        if earliest is not None:
            self._sweep_at(earliest)
