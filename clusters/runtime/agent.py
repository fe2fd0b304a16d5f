"""What a worker process does beside its tasks: it wakes clusters when their timers are due, and sweeps for
clusters that nobody looks after. One thread each process; the broker is never trusted for recovery: while it is
away, this thread runs the slices itself.
"""

from __future__ import annotations

import heapq
import logging
import threading

from django.db import DatabaseError, close_old_connections

from clusters.kernel.clock import SECOND, wall_now
from clusters.runtime import lease, notify
from clusters.runtime.garbage import Collector
from clusters.runtime.slices import Worker, compactable, due_clusters
from clusters.storage.seal import NoSeal
from clusters.storage.sql import SqlStore

logger = logging.getLogger(__name__)

SWEEP = 1 * SECOND
"""Wall time between two sweeps."""
COMPACTION = 10 * SECOND
"""Wall time between two rounds of compaction."""
IN_A_ROW = 4
"""Slices of one busy cluster before the others have their turn (a turn through the broker costs 5 ms)."""


class Agent:
    """Alarms and sweeps of one worker process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.worker = Worker(name, lease.renew_identity())
        self._alarms: list[tuple[int, int]] = []
        self._due: dict[int, int] = {}
        self._late: set[int] = set()
        self._turn = threading.Lock()
        """Sessions are not thread-safe: a task and this thread take turns."""
        self._wakeup = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._collector: Collector | None = None

    def start(self) -> None:
        self._collector = Collector()
        self._thread = threading.Thread(target=self._run, name="agent", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._wakeup:
            self._stopping = True
            self._wakeup.notify()

    def slice(self, cluster_id: int) -> None:
        """Run a slice, then set the alarm for the next."""
        for _ in range(IN_A_ROW):
            with self._turn:
                result = self.worker.run_slice(cluster_id)
            if result.due != 0:
                break
        if self._collector is not None:
            self._collector.rest(resting=result.due != 0)
        if result.due is None:
            with self._wakeup:
                self._due.pop(cluster_id, None)
            return
        if result.due > wall_now() or not self._ask(cluster_id):
            self._set_alarm(cluster_id, result.due)

    def _set_alarm(self, cluster_id: int, due: int) -> None:
        with self._wakeup:
            if self._due.get(cluster_id) != due:
                self._due[cluster_id] = due
                heapq.heappush(self._alarms, (due, cluster_id))
                self._wakeup.notify()

    def _run(self) -> None:
        next_sweep = next_compaction = wall_now()
        while True:
            with self._wakeup:
                if self._stopping:
                    return
                now = wall_now()
                ring: list[int] = []
                while self._alarms and self._alarms[0][0] <= now:
                    due, cluster_id = heapq.heappop(self._alarms)
                    if self._due.get(cluster_id) == due:
                        del self._due[cluster_id]
                        ring.append(cluster_id)
                if not ring and now < next_sweep:
                    until = min(next_sweep, self._alarms[0][0] if self._alarms else next_sweep)
                    self._wakeup.wait(max(0.0005, (until - now) / SECOND))
                    continue
            for cluster_id in ring:
                self._wake(cluster_id)
            if now >= next_sweep:
                next_sweep = now + SWEEP
                self._sweep(now)
            if now >= next_compaction:
                next_compaction = now + COMPACTION
                self._compact()
                self._tidy()

    def _sweep(self, now: int) -> None:
        try:
            close_old_connections()
            due = set(due_clusters(now))
            for cluster_id in due:
                # What was due at the last sweep already, nobody has taken.
                self._wake(cluster_id, anybody=cluster_id in self._late)
            # Those were asked for once more: give them until the sweep after the next.
            self._late = due - self._late
        except DatabaseError as error:  # away for a moment: that must not end the sweeps
            logger.error("the database does not answer (%s); the next sweep is in %s s", error, SWEEP // SECOND)
        except Exception:
            logger.exception("the sweep failed; the next one is in %s s", SWEEP // SECOND)

    def _compact(self) -> None:
        """Drop a window of each history that is longer than its cluster asked for."""
        try:
            for cluster_id, rev in compactable():
                SqlStore(cluster_id, NoSeal()).compact(rev)
        except Exception:
            logger.exception("the compaction failed; the next one is in %s s", COMPACTION // SECOND)

    def _tidy(self) -> None:
        """Let go of what deleted clusters had in memory."""
        try:
            with self._turn:
                self.worker.forget_deleted()
                if self._collector is not None:
                    self._collector.rest()
        except Exception:
            logger.exception("deleted clusters stay in memory until the next look, in %s s", COMPACTION // SECOND)

    def _wake(self, cluster_id: int, *, anybody: bool = False) -> None:
        """Have a slice run, by whoever has the cluster warm (or by anybody); here and now if the broker is away."""
        if self._ask(cluster_id, anybody=anybody):
            return
        try:
            self.slice(cluster_id)
        except Exception:
            logger.exception("cluster %s could not be looked after", cluster_id)

    def _ask(self, cluster_id: int, *, anybody: bool = False) -> bool:
        """Ask for a slice by a task; False if the broker is away."""
        return notify.safely(lambda: notify.wake(cluster_id, anybody=anybody))


_agent: Agent | None = None


def agent() -> Agent:
    """This process's agent."""
    global _agent
    if _agent is None:
        _agent = Agent(f"solo-{lease.HOLDER}")
    return _agent


def start(name: str) -> Agent:
    """Make this process's agent and start its thread."""
    global _agent
    _agent = Agent(name)
    _agent.start()
    return _agent
