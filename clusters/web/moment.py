"""A cluster as of one moment, for questions that take longer than the cache's lock should be held."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from clusters.client.views import CacheInformers
from clusters.registry.cache import Bucket, Subscriber, WatchCache
from clusters.runtime.hub import ClusterHandle


class Moment:
    """The part of a watch cache that informers read, copied (references only: 0.1 ms for 10,000 objects)."""

    def __init__(self, cache: WatchCache) -> None:
        self._buckets: dict[str, Bucket] = {}
        with cache.lock:
            self.rev = cache.rev
            for prefix in cache.prefixes():
                copy = self._buckets[prefix] = Bucket()
                bucket = cache.bucket(prefix)
                copy.items, copy.keys = dict(bucket.items), list(bucket.keys)

    def bucket(self, prefix: str) -> Bucket:
        return self._buckets.setdefault(prefix, Bucket())

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Nothing will ever happen here."""
        return lambda: None


def informers_of(handle: ClusterHandle) -> tuple[int, CacheInformers]:
    """The revision, and informers that stand still at it."""
    moment = Moment(handle.cache)
    return moment.rev, CacheInformers(cast(WatchCache, moment), handle.resources)
