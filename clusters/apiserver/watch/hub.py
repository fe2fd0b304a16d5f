"""`WatchHub`: hands each change of the cache to the watchers of its resource.

It runs under the cache's lock, for every write, so it only appends to queues; watchers decide and encode when
their carrier drains them. A watcher that lags too far behind is cut off, never waited for: its client lists
again. Models: apiserver, storage/cacher (cacheWatcher, terminateAllWatchers).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from clusters.apiserver.context import ServerSettings
from clusters.machinery.errors import TooManyRequests
from clusters.registry.cache import Change, WatchCache
from clusters.registry.definitions import PREFIX as DEFINITIONS
from clusters.registry.definitions import redefined, served_prefix


class Watcher(Protocol):
    """What the hub needs of a watcher."""

    prefix: str
    """The resource's store prefix."""
    scope: str
    """`prefix` with the namespace, if only that one is watched."""

    def offer(self, change: Change) -> None:
        """Look at a change; must be quick and must not raise."""

    def end(self) -> None:
        """No more changes will come."""


class WatchHub:
    """The watchers of one cluster in this process."""

    def __init__(self, cache: WatchCache, settings: ServerSettings) -> None:
        self.cache = cache
        self._settings = settings
        self._watchers: dict[str, dict[int, Watcher]] = {}
        self._count = 0
        self._unsubscribe: Callable[[], None] | None = None
        """Only while there are watchers: a cluster that nobody watches may be let go."""

    def __len__(self) -> int:
        return self._count

    def add(self, watcher: Watcher) -> None:
        """Begin to offer changes. Call under the cache's lock, together with reading what came before.
        Raises TooManyRequests."""
        if self._count >= self._settings.max_watchers:
            raise TooManyRequests("Too many requests, please try again later.", retry_after=1)
        self._watchers.setdefault(watcher.prefix, {})[id(watcher)] = watcher
        self._count += 1
        if self._unsubscribe is None:
            self._unsubscribe = self.cache.subscribe(self._changed)

    def remove(self, watcher: Watcher) -> None:
        """Harmless if it is not there."""
        with self.cache.lock:
            group = self._watchers.get(watcher.prefix)
            if group is not None and group.pop(id(watcher), None) is not None:
                self._count -= 1
                if not group:
                    del self._watchers[watcher.prefix]
                if not self._count and self._unsubscribe is not None:
                    self._unsubscribe()
                    self._unsubscribe = None

    def _changed(self, changes: Sequence[Change]) -> None:
        watchers = self._watchers
        for change in changes:
            if change.prefix == DEFINITIONS and redefined(change):
                self._end_custom(change)
            group = watchers.get(change.prefix)
            if not group:
                continue
            for watcher in tuple(group.values()):
                if change.key.startswith(watcher.scope):
                    watcher.offer(change)

    def _end_custom(self, change: Change) -> None:
        """A custom resource is served anew or no longer: its watches end, and who still wants one asks again."""
        assert change.old is not None
        for watcher in tuple(self._watchers.get(served_prefix(change.old.obj), {}).values()):
            watcher.end()

    def close(self) -> None:
        """End all watches."""
        with self.cache.lock:
            for group in list(self._watchers.values()):
                for watcher in tuple(group.values()):
                    watcher.end()
