"""A process's view of the clusters it serves: one handle a cluster, shared by API requests, watches and browsers.

Each handle holds the cluster's watch cache. One Redis subscription per process hears the hints of all logs;
a handle with subscribers is also polled once a second, so that a lost hint costs a second and nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import redis
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from clusters.kernel.clock import ClockSpec, wall_now
from clusters.kernel.rng import Rng
from clusters.models import Cluster
from clusters.registry.cache import WatchCache
from clusters.registry.registry import Registry
from clusters.runtime import composition, garbage, notify
from clusters.storage.seal import SecretSeal
from clusters.storage.sql import SqlStore
from clusters.storage.store import Head, Op, Records

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
IDLE_SECONDS = 600.0
"""A handle that nobody has used for so long, and nobody watches, is let go."""
MAX_HANDLES = 300


class PublishingStore(SqlStore):
    """A store whose writes are announced."""

    def txn(self, ops: Sequence[Op], *, at_head: int | None = None, epoch: int | None = None) -> Records:
        records = super().txn(ops, at_head=at_head, epoch=epoch)
        if records:
            # A paused cluster's loops do not run: nobody need be woken for them.
            paused = self.clock_spec is not None and self.clock_spec.paused
            notify.notifier.wrote(self.cluster_id, records[-1].rev, wake_worker=not paused)
        return records


class LiveClock:
    """A cluster's clock as it runs: the log's last time or, if later, what the wall clock makes of the spec."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.floor = 0

    def spec(self) -> ClockSpec:
        spec = self._store.clock_spec
        if spec is None:
            self._store.head()
            spec = self._store.clock_spec
            assert spec is not None
        return spec

    def now(self) -> int:
        return max(self.floor, self.spec().virtual(wall_now()))


class ClusterHandle:
    """One cluster in this process."""

    def __init__(self, row: Cluster) -> None:
        self.id: int = row.pk
        self.name = row.name
        self.created = row.created
        self.seed = row.seed
        self.store = PublishingStore(row.pk, SecretSeal(settings.SECRET_KEY))
        self.cache = WatchCache(self.store)
        self.clock = LiveClock(self.store)
        self.clock.floor = self.cache.vtime
        self.resources = composition.new_resources()
        self.rng = Rng(row.seed)
        self.registry = Registry(self.cache, self.resources, composition.new_admission(), self.clock, self.rng)
        self.used = time.monotonic()
        self.cache.subscribe(lambda changes: setattr(self.clock, "floor", max(self.clock.floor, self.cache.vtime)))
        self._own_subscribers = self.cache.subscribers

    @property
    def watched(self) -> bool:
        """Somebody beside ourselves listens to the cache."""
        return self.cache.subscribers > self._own_subscribers

    def refresh(self) -> Head:
        """Catch up with the log, and the clock."""
        self.cache.refresh()
        return Head(self.cache.rev, 0, self.cache.vtime)


class UnknownCluster(LookupError):
    """There is no cluster of that name."""


class Hub:
    """All handles of this process. Thread-safe."""

    def __init__(self) -> None:
        self._by_name: dict[str, ClusterHandle] = {}
        self._by_id: dict[int, ClusterHandle] = {}
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}
        self._tail: threading.Thread | None = None
        self._refreshers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tail")
        self._queued: set[int] = set()
        self._heard = 0.0
        self._on_forget: list[Callable[[ClusterHandle], None]] = []

    def loaded(self, name: str) -> ClusterHandle | None:
        """The handle, if this process has it already: no database, no wait."""
        handle = self._by_name.get(name)
        if handle is not None:
            handle.used = time.monotonic()
        return handle

    def cluster(self, name: str) -> ClusterHandle:
        """The handle; loads the cluster on first use (0.15 s for 10,000 objects). Raises UnknownCluster."""
        handle = self.loaded(name)
        if handle is not None:
            return handle
        with self._lock:
            gate = self._loading.setdefault(name, threading.Lock())
        with gate:
            handle = self._by_name.get(name)
            if handle is None:
                row = Cluster.objects.filter(name=name).first()
                if row is None:
                    raise UnknownCluster(f'no cluster is named "{name}"')
                handle = ClusterHandle(row)
                with self._lock:
                    self._by_name[name] = self._by_id[row.pk] = handle
                    self._loading.pop(name, None)
                    self._let_go()
                    self._ensure_tail()
        return handle

    def forget(self, name: str) -> None:
        """The cluster was deleted, or replaced."""
        handle = self._by_name.get(name)
        if handle is not None:
            self._drop(handle)

    def on_forget(self, listener: Callable[[ClusterHandle], None]) -> None:
        """Call `listener` with every handle whose cluster is gone: to end what hangs on it."""
        self._on_forget.append(listener)

    def _drop(self, handle: ClusterHandle) -> None:
        with self._lock:
            if self._by_id.pop(handle.id, None) is None:
                return
            if self._by_name.get(handle.name) is handle:
                del self._by_name[handle.name]
        garbage.large_one_left()
        for listener in self._on_forget:
            listener(handle)

    def handles(self) -> list[ClusterHandle]:
        return list(self._by_name.values())

    def _let_go(self) -> None:
        now = time.monotonic()
        unused = sorted((h for h in self._by_name.values() if not h.watched), key=lambda h: h.used)
        for handle in unused:
            if len(self._by_name) <= MAX_HANDLES and now - handle.used < IDLE_SECONDS:
                return
            self._by_name.pop(handle.name, None)
            self._by_id.pop(handle.id, None)
            garbage.large_one_left()

    # the tail of the logs

    def _ensure_tail(self) -> None:
        if self._tail is None or not self._tail.is_alive():
            self._tail = threading.Thread(target=self._listen, name="hub", daemon=True)
            self._tail.start()

    def _listen(self) -> None:
        prefix = notify.CHANNEL.encode()
        while True:
            try:
                with notify.client().pubsub(ignore_subscribe_messages=True) as pubsub:  # type: ignore[no-untyped-call]
                    pubsub.psubscribe(f"{notify.CHANNEL}*")
                    while True:
                        message = pubsub.get_message(timeout=POLL_SECONDS)
                        if message is not None:
                            cluster_id = int(message["channel"].removeprefix(prefix))
                            self._hint(cluster_id, int(message["data"]))
                        self._poll()
            except (redis.RedisError, OSError) as error:
                logger.info("Redis is away (%s); the logs are polled", error)
                time.sleep(POLL_SECONDS)
                try:
                    self._poll()
                except Exception as failure:
                    logger.warning("the logs could not be polled: %s", failure)
            except DatabaseError as error:
                logger.warning("the logs could not be polled: %s", error)
                time.sleep(POLL_SECONDS)
            except Exception:
                logger.exception("the tail of the logs stumbled")
                time.sleep(POLL_SECONDS)

    def _hint(self, cluster_id: int, rev: int) -> None:
        handle = self._by_id.get(cluster_id)
        if handle is not None and rev > handle.cache.rev:
            self._refresh_soon(handle)

    def _poll(self) -> None:
        now = time.monotonic()
        if now - self._heard < POLL_SECONDS:
            return
        self._heard = now
        handles = self.handles()
        if handles:
            close_old_connections()
            rows = Cluster.objects.filter(pk__in=[handle.id for handle in handles])
            heads = dict(rows.values_list("pk", "head"))
            for handle in handles:
                head = heads.get(handle.id)
                if head is None:
                    self._drop(handle)
                elif head > handle.cache.rev and handle.watched:
                    self._refresh_soon(handle)
        with self._lock:
            self._let_go()

    def _refresh_soon(self, handle: ClusterHandle) -> None:
        with self._lock:
            if handle.id in self._queued:
                return
            self._queued.add(handle.id)
        self._refreshers.submit(self._refresh, handle)

    def _refresh(self, handle: ClusterHandle) -> None:
        with self._lock:
            self._queued.discard(handle.id)
        try:
            close_old_connections()
            handle.refresh()
        except Exception as error:  # the next hint or poll tries again
            if not Cluster.objects.filter(pk=handle.id).exists():
                self._drop(handle)
            else:
                logger.warning("cluster %s: the tail could not be read: %s", handle.name, error)


hub = Hub()
"""This process's."""
