"""A slice: one cluster's loops, run by one worker for a moment.

clear the wake flag → take the lease → warm session or load → read the tail → run until nothing is due or the
budget is spent → commit in batches, publish after each → write down when it must run next.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError
from django.db.models import F, Q

from clusters.kernel.clock import MILLISECOND, SECOND, ClockSpec, parse_speed, wall_now
from clusters.models import Cluster
from clusters.runtime import lease, notify, pki
from clusters.runtime.session import Session
from clusters.runtime.settings import ClusterSettings
from clusters.runtime.signing import controller_keys
from clusters.storage.seal import SecretSeal
from clusters.storage.sql import SqlStore
from clusters.storage.store import ClusterDeleted, Fenced

logger = logging.getLogger(__name__)

BUDGET = 150 * MILLISECOND
"""Wall time of a slice; another one follows at once if there is more to do."""
COMMIT_EVERY = 60 * MILLISECOND
"""Wall time between commits within a slice: what watchers see as "live"."""
WINDOW = 2000
"""Revisions that one round of compaction drops at most."""
RETRY_FIRST, RETRY_LAST = 2 * SECOND, 60 * SECOND
"""Wall time until a slice that failed is tried again; it doubles up to the last."""
MAX_WARM = 24
"""Sessions that a worker keeps in memory."""


@dataclass(frozen=True, slots=True)
class SliceResult:
    """`due`: wall time (microseconds) of the next slice; 0: at once; None: when somebody writes."""

    due: int | None
    ran: bool


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a cluster's slice failed, how often in a row, and the wall time before which it is left alone."""

    reason: str
    times: int
    until: int


class Worker:
    """The sessions of one worker process."""

    def __init__(self, name: str, holder: str | None = None) -> None:
        self.name = name
        self.holder = holder
        self._warm: OrderedDict[int, Session] = OrderedDict()
        self._failures: dict[int, _Failure] = {}

    def forget(self, cluster_id: int) -> None:
        """Load it anew next time."""
        session = self._warm.pop(cluster_id, None)
        if session is not None:
            session.close()

    def warm(self, cluster_id: int) -> Session | None:
        """The session that is in memory, if one is."""
        return self._warm.get(cluster_id)

    def forget_deleted(self) -> None:
        """Give the memory of clusters back that are no more (nobody asks for a slice of theirs)."""
        there = set(Cluster.objects.filter(pk__in=list(self._warm)).values_list("pk", flat=True))
        for cluster_id in self._warm.keys() - there:
            self.forget(cluster_id)

    def run_slice(self, cluster_id: int, *, budget: int = BUDGET) -> SliceResult:
        """Run one slice. Never raises for what can go wrong with one cluster."""
        failure = self._failures.get(cluster_id)
        if failure is not None and wall_now() < failure.until:
            return SliceResult(failure.until, ran=False)
        epoch: int | None = None
        try:
            epoch = lease.acquire(cluster_id, holder=self.holder)
            if epoch is None:
                # Whoever holds it finds the wake, or the sweep does when the lease is over.
                return SliceResult(wall_now() + 200 * MILLISECOND, ran=False)
            result = self._run(cluster_id, epoch, budget)
            self._failures.pop(cluster_id, None)
            return result
        except (Fenced, ClusterDeleted) as error:
            logger.info("cluster %s: %s", cluster_id, error)
            self.forget(cluster_id)
            self._failures.pop(cluster_id, None)
            return SliceResult(None, ran=False)
        except Exception as error:
            # The log is whole whatever happened here; a new session starts from it.
            self.forget(cluster_id)
            return SliceResult(self._failed(cluster_id, error), ran=False)
        finally:
            if epoch is not None:
                self._let_go(cluster_id, epoch)

    def _failed(self, cluster_id: int, error: Exception) -> int:
        """Write down why, in full once; the wall time at which to try again."""
        before = self._failures.get(cluster_id)
        times = before.times + 1 if before is not None else 1
        if before is None or before.reason != repr(error):
            logger.error("the slice of cluster %s failed; it is loaded anew", cluster_id, exc_info=error)
        else:
            logger.error("the slice of cluster %s failed again (%d times): %r", cluster_id, times, error)
        until = wall_now() + min(RETRY_FIRST << min(times - 1, 10), RETRY_LAST)
        self._failures[cluster_id] = _Failure(repr(error), times, until)
        return until

    def _let_go(self, cluster_id: int, epoch: int) -> None:
        try:
            lease.release(cluster_id, epoch)
        except DatabaseError as error:
            logger.warning("the lease of cluster %s is not handed back, and ends by itself: %s", cluster_id, error)

    def _run(self, cluster_id: int, epoch: int, budget: int) -> SliceResult:
        row = Cluster.objects.filter(pk=cluster_id).first()
        if row is None:
            raise ClusterDeleted(f"cluster {cluster_id} was deleted")
        spec = ClockSpec(row.clock_base, row.clock_wall_base, parse_speed(row.clock_speed))
        if spec.paused:
            Cluster.objects.filter(pk=cluster_id).update(due=None)
            return SliceResult(None, ran=False)
        session = self._session(row, spec, epoch)
        session.refresh()
        end = wall_now() + budget
        last_commit = wall_now()

        def stop() -> bool:
            nonlocal last_commit
            now = wall_now()
            if now - last_commit > COMMIT_EVERY:
                session.commit()
                last_commit = wall_now()
            return now > end

        until = None if spec.is_max else spec.virtual(wall_now())
        outcome = session.run(until, stop)
        if not outcome.done:
            due: int | None = 0
        elif spec.is_max or outcome.due is None:
            due = None
        else:
            due = spec.wall_at(outcome.due)
        self._note(cluster_id, session, spec, due)
        return SliceResult(due, ran=True)

    def _note(self, cluster_id: int, session: Session, spec: ClockSpec, due: int | None) -> None:
        """Write down how far the loops are and when they must run next; a row that is right is left alone."""
        changes: dict[str, int | None] = {"seen": session.cache.rev, "due": due}
        if spec.is_max:
            changes["clock_base"] = session.clock.now()
        stale = Q(pk=cluster_id) & (~Q(seen=session.cache.rev) | ~Q(due=due) | Q(due__isnull=due is not None))
        if spec.is_max:
            stale |= Q(pk=cluster_id) & ~Q(clock_base=session.clock.now())
        Cluster.objects.filter(stale).update(**changes)

    def _session(self, row: Cluster, spec: ClockSpec, epoch: int) -> Session:
        session = self._warm.get(row.pk)
        if session is not None and session.epoch == epoch:
            self._warm.move_to_end(row.pk)
            return session
        self.forget(row.pk)
        session = load_session(row, spec, epoch)
        self._warm[row.pk] = session
        while len(self._warm) > MAX_WARM:
            self.forget(next(iter(self._warm)))
        notify.mark_warm(row.pk, self.name)
        return session


def load_session(row: Cluster, spec: ClockSpec, epoch: int) -> Session:
    """A session from the log."""
    cluster_id = row.pk
    return Session(
        SqlStore(cluster_id, SecretSeal(settings.SECRET_KEY)),
        seed=row.seed,
        now=spec.base if spec.is_max or spec.paused else row.vtime,
        epoch=epoch,
        on_commit=lambda rev: notify.publish(cluster_id, rev),
        keys=controller_keys(
            settings.DATA_DIR, settings.SECRET_KEY, pki.root(settings.DATA_DIR), cluster_id, row.created
        ),
    )


def due_clusters(now: int) -> list[int]:
    """Clusters whose loops have work: their log has grown, or a timer is due, and nobody holds the lease."""
    waiting = Cluster.objects.exclude(clock_speed="0").filter(Q(head__gt=F("seen")) | Q(due__lte=now))
    free = Q(lease__isnull=True) | Q(lease__expires__lte=now)
    return list(waiting.filter(free).order_by("due").values_list("pk", flat=True)[:1000])


def compactable() -> list[tuple[int, int]]:
    """(cluster, revision to compact to): those whose log is longer than what their settings keep. One window at
    a time: a single statement over a long log would hold SQLite's write lock for seconds."""
    out: list[tuple[int, int]] = []
    grown = Cluster.objects.filter(head__gt=F("compacted") + WINDOW).values_list("pk", "head", "compacted", "settings")
    for cluster_id, head, compacted, stored in grown:
        keep = ClusterSettings.from_json(stored).history
        if head - compacted > keep + WINDOW:
            out.append((cluster_id, compacted + WINDOW))
    return out


def alone(cluster: Cluster, action: Callable[[Session], None], *, wait: Callable[[], None]) -> bool:
    """Run `action` with the cluster's session in this process, under the lease; `wait` is called between
    attempts to get it and may raise to give up. For the commands and for stepping."""
    holder = f"{lease.HOLDER}:alone"
    while (epoch := lease.acquire(cluster.pk, holder=holder)) is None:
        wait()
    try:
        row = Cluster.objects.get(pk=cluster.pk)
        spec = ClockSpec(row.clock_base, row.clock_wall_base, parse_speed(row.clock_speed))
        session = load_session(row, spec, epoch)
        action(session)
        when = max(session.clock.now(), spec.virtual(wall_now()))
        moved = spec.moved_to(when, wall_now())
        Cluster.objects.filter(pk=cluster.pk).update(
            seen=session.cache.rev, due=0, clock_base=moved.base, clock_wall_base=moved.wall_base
        )
        return True
    finally:
        lease.release(cluster.pk, epoch)
