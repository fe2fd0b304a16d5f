"""The audit log: what the API servers of this process tell of each request, written to the database in batches.

Requests only append to a queue in memory; one thread writes it twice a second and cuts each cluster's log to its
last `PLAYGROUND_AUDIT_KEEP` events. Health checks, and what open pages read and watch by themselves, are not
events; whatever changes something always is. If the database cannot keep up, the oldest waiting events go first.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, close_old_connections

from clusters.kernel.clock import Clock, wall_now
from clusters.machinery.types import UserInfo
from clusters.models import AuditEvent, Cluster

logger = logging.getLogger(__name__)

WAITING = 20_000
"""Events that may wait to be written."""
BATCH = 1_000
PAUSE_SECONDS = 0.5
CUT_EVERY = 500
"""Events of a cluster between two looks at the length of its log."""
READS = frozenset(("get", "list", "watch"))
UNTOLD = ("/healthz", "/livez", "/readyz", "/metrics")


class Told(NamedTuple):
    """One event on its way to the database."""

    cluster: int
    at: int
    vtime: int
    user: str
    acting_as: str
    verb: str
    path: str
    resource: str
    namespace: str
    name: str
    code: int
    latency: int
    annotations: Mapping[str, str]


class AuditLog:
    """All clusters' in this process. Thread-safe."""

    def __init__(self) -> None:
        self._waiting: deque[Told] = deque(maxlen=WAITING)
        self._since_cut: Counter[int] = Counter()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._writing = threading.Lock()

    def add(self, told: Told) -> None:
        """Note an event: cheap, and never raises."""
        self._waiting.append(told)
        if self._thread is None or not self._thread.is_alive():
            self._start()
        if not self._wake.is_set():
            self._wake.set()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            # What comes within the pause goes into the same batch.
            threading.Event().wait(PAUSE_SECONDS)
            self._wake.clear()
            try:
                close_old_connections()
                self.flush()
            except Exception as error:
                logger.warning("audit events could not be written: %s", error)

    def flush(self) -> None:
        """Write what waits."""
        with self._writing:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]
                self._write(batch)

    def _write(self, batch: list[Told]) -> None:
        try:
            self._insert(batch)
        except IntegrityError:
            # A cluster was deleted just now.
            self._insert(batch)
        self._since_cut.update(told.cluster for told in batch)
        for cluster, count in list(self._since_cut.items()):
            if count >= CUT_EVERY:
                del self._since_cut[cluster]
                cut(cluster, settings.PLAYGROUND_AUDIT_KEEP)

    @staticmethod
    def _insert(batch: list[Told]) -> None:
        """The events of deleted clusters go with them."""
        there = set(Cluster.objects.filter(pk__in={told.cluster for told in batch}).values_list("pk", flat=True))
        AuditEvent.objects.bulk_create(
            AuditEvent(cluster_id=told.cluster, **dict(zip(Told._fields[1:], told[1:])))
            for told in batch
            if told.cluster in there
        )


def cut(cluster: int, keep: int) -> None:
    """Drop all but the last `keep` events of a cluster."""
    events = AuditEvent.objects.filter(cluster_id=cluster)
    oldest = events.order_by("-id").values_list("id", flat=True)[keep : keep + 1]
    for last in list(oldest):
        events.filter(id__lte=last).delete()


class ClusterAudit:
    """`apiserver.context.AuditSink` of one cluster."""

    def __init__(self, cluster: int, clock: Clock, log: AuditLog) -> None:
        self._cluster = cluster
        self._clock = clock
        self._log = log

    def __call__(
        self,
        *,
        verb: str,
        path: str,
        user: UserInfo | None,
        acting_as: str = "",
        resource: str,
        namespace: str,
        name: str,
        code: int,
        latency: int,
        embedded: bool,
        annotations: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        if path.startswith(UNTOLD) or (embedded and verb in READS and code < 400):
            return
        who = user.name if user is not None else ""
        told = Told(
            self._cluster, wall_now(), self._clock.now(), who[:253], acting_as[:253], verb[:32], path[:1000],
            resource[:253], namespace[:253], name[:253], code, min(max(latency, 0), 2**31 - 1), dict(annotations),
        )  # fmt: skip
        self._log.add(told)


audit_log = AuditLog()
"""This process's."""
