"""Telling others that a log has grown: a hint on Redis, and a wake for the workers.

A hint carries (cluster, revision) and nothing else: whoever hears it reads the log, and whoever missed it finds
out by polling. A wake is `SET NX` and one task, so a thousand writes make one task. Everything here may be
lost; the workers' sweep and the readers' poll find the work anyway.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import redis
from django.conf import settings
from django.utils.module_loading import import_string

from clusters.runtime.masking import without_password

if TYPE_CHECKING:
    from celery import Celery

logger = logging.getLogger(__name__)

CHANNEL = "playground:log:"
WAKE = "playground:wake:"
WARM = "playground:warm:"
WAKE_SECONDS = 10
"""A wake flag that nobody cleared (its task was lost) expires."""
TASK = "playground.run_slice"
WARM_SECONDS = 60
COMPLAIN_SECONDS = 30.0
AWAY_SECONDS = 3.0
"""For which a Redis that did not answer is not asked again: a write must not wait for each timeout."""

_pool: redis.ConnectionPool | None = None


def client() -> redis.Redis:
    """This process's Redis client."""
    global _pool
    if _pool is None:
        _pool = redis.ConnectionPool.from_url(
            settings.REDIS_URL, max_connections=50, socket_timeout=2, socket_connect_timeout=2
        )
    return redis.Redis(connection_pool=_pool)


def queue_of(worker: str) -> str:
    """The private queue of a worker: for clusters that it has warm."""
    return f"slices.{worker}"


SHARED_QUEUE = "slices"


def wake(cluster_id: int, *, anybody: bool = False) -> None:
    """Have some worker run a slice soon: the one that has the cluster warm, if any. With `anybody` that one has let
    it lie (it may be dead, and a task in its queue with it), so the task goes to all, flag or no flag.
    Raises redis.RedisError."""
    # Loaded first: nothing may take long between the flag and the task.
    app = _celery()
    connection = client()
    if anybody:
        connection.delete(f"{WARM}{cluster_id}")
        app.send_task(TASK, args=[cluster_id], queue=SHARED_QUEUE)
        return
    if not connection.set(f"{WAKE}{cluster_id}", 1, nx=True, ex=WAKE_SECONDS):
        return
    warm = connection.get(f"{WARM}{cluster_id}")
    queue = queue_of(warm.decode()) if isinstance(warm, bytes) else SHARED_QUEUE
    app.send_task(TASK, args=[cluster_id], queue=queue)


@cache
def _celery() -> Celery:
    """The application, imported when the first wake is sent: a second that short commands do not have."""
    app: Celery = import_string(settings.PLAYGROUND_CELERY)
    return app


def clear_wake(cluster_id: int) -> None:
    """The slice has begun: writes from now on need another wake."""
    safely(lambda: client().delete(f"{WAKE}{cluster_id}"))


def mark_warm(cluster_id: int, worker: str) -> None:
    """Wakes of this cluster shall go to `worker`."""
    safely(lambda: client().set(f"{WARM}{cluster_id}", worker, ex=WARM_SECONDS))


def publish(cluster_id: int, rev: int) -> None:
    """Hint that the log has reached `rev`; losing it is harmless."""
    safely(lambda: client().publish(f"{CHANNEL}{cluster_id}", rev))


_complained = -COMPLAIN_SECONDS
_away = -AWAY_SECONDS


def safely(call: Callable[[], object]) -> bool:
    """Redis may be away: nothing depends on it. False if it is."""
    if time.monotonic() - _away < AWAY_SECONDS:
        return False
    try:
        call()
    except Exception as error:  # kombu and redis raise each their own
        _missed(error)
        return False
    return True


def _missed(error: Exception) -> None:
    """Redis is away; saying so twice a minute is enough."""
    global _complained, _away
    _away = time.monotonic()
    if time.monotonic() - _complained > COMPLAIN_SECONDS:
        _complained = time.monotonic()
        logger.warning(
            "Redis at %s does not answer (%s): changes show with up to a second's delay, and the workers' sweeps"
            " drive the loops. Start it, or set REDIS_URL.",
            without_password(settings.REDIS_URL),
            error,
        )


class Notifier:
    """Publishes and wakes from a thread of its own, so that a request does not wait for Redis. What piles up
    about one cluster is one hint."""

    def __init__(self) -> None:
        self._pending: dict[int, tuple[int, bool]] = {}
        self._ready = threading.Condition()
        self._thread: threading.Thread | None = None
        self.wakes = True
        """Off in commands: they are gone before a task is sent, and the workers' sweep comes within a second."""

    def wrote(self, cluster_id: int, rev: int, *, wake_worker: bool = True) -> None:
        """The log of `cluster_id` has reached `rev`."""
        with self._ready:
            before = self._pending.get(cluster_id, (0, False))
            self._pending[cluster_id] = (max(rev, before[0]), wake_worker or before[1])
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
                self._thread.start()
            self._ready.notify()

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._pending:
                    self._ready.wait()
                pending, self._pending = self._pending, {}
            for cluster_id, (rev, wake_worker) in pending.items():
                safely(lambda c=cluster_id, r=rev: client().publish(f"{CHANNEL}{c}", r))  # type: ignore[misc]
                if wake_worker and self.wakes:
                    safely(lambda c=cluster_id: wake(c))  # type: ignore[misc]


notifier = Notifier()
"""This process's."""
