"""Informers in process: views of the watch cache with incremental indexes."""

from __future__ import annotations

import logging
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence

from clusters.client.informer import Handler, IndexFunc
from clusters.machinery.types import Obj
from clusters.registry.cache import Change, WatchCache
from clusters.registry.resources import ResourceMap
from clusters.resources.base import Resource

logger = logging.getLogger(__name__)


class _Index:
    """Keys by index value, each value's keys in order."""

    __slots__ = ("by_value", "func", "values")

    def __init__(self, func: IndexFunc) -> None:
        self.func = func
        self.by_value: dict[str, list[str]] = {}
        self.values: dict[str, tuple[str, ...]] = {}

    def put(self, key: str, obj: Obj) -> None:
        new = tuple(self.func(obj))
        old = self.values.get(key, ())
        if new == old:
            return
        for value in old:
            if value not in new:
                self._drop(key, value)
        for value in new:
            if value not in old:
                insort(self.by_value.setdefault(value, []), key)
        if new:
            self.values[key] = new
        else:
            self.values.pop(key, None)

    def drop(self, key: str) -> None:
        for value in self.values.pop(key, ()):
            self._drop(key, value)

    def _drop(self, key: str, value: str) -> None:
        keys = self.by_value[value]
        del keys[bisect_left(keys, key)]
        if not keys:
            del self.by_value[value]


class CacheInformer:
    """One resource of the cache."""

    def __init__(self, cache: WatchCache, resource: Resource) -> None:
        self._cache = cache
        self.resource = resource
        self._prefix = resource.prefix
        self._bucket = cache.bucket(resource.prefix)
        self._indexes: dict[str, _Index] = {}
        self._handlers: list[Handler] = []

    def get(self, namespace: str, name: str) -> Obj | None:
        item = self._bucket.items.get(self.resource.key(namespace, name))
        return item.wire if item is not None else None

    def by_key(self, key: str) -> Obj | None:
        item = self._bucket.items.get(self._prefix + key)
        return item.wire if item is not None else None

    def list(self, namespace: str = "") -> Sequence[Obj]:
        prefix = f"{self._prefix}{namespace}/" if namespace else self._prefix
        return [item.wire for item in self._bucket.range(prefix)]

    def __iter__(self) -> Iterator[Obj]:
        return iter(self.list())

    def __len__(self) -> int:
        return len(self._bucket.items)

    def add_index(self, name: str, func: IndexFunc) -> None:
        if name in self._indexes:
            return
        index = self._indexes[name] = _Index(func)
        for key, item in self._bucket.items.items():
            index.put(key, item.wire)

    def by_index(self, name: str, value: str) -> Sequence[Obj]:
        # Within a batch of changes the items may already be ahead of the index.
        items = self._bucket.items
        return [items[key].wire for key in self._indexes[name].by_value.get(value, ()) if key in items]

    def on_change(self, handler: Handler) -> None:
        self._handlers.append(handler)
        for obj in self.list():
            handler(None, obj)

    def forget(self, handlers: Sequence[Handler]) -> None:
        """A component stopped: its handlers go."""
        self._handlers = [h for h in self._handlers if h not in handlers]

    def close(self) -> None:
        """Nobody is told any more."""
        self._handlers = []
        self._indexes.clear()

    def apply(self, change: Change) -> None:
        """A change of this resource was applied to the cache."""
        if change.new is not None:
            new: Obj | None = change.new.wire
            for index in self._indexes.values():
                index.put(change.key, change.new.wire)
        else:
            new = None
            for index in self._indexes.values():
                index.drop(change.key)
        old = change.old.wire if change.old is not None else None
        if old is None and new is None:
            # What was deleted here, and not yet committed, has been deleted by somebody else: it is known already.
            return
        for handler in tuple(self._handlers):
            try:
                handler(old, new)
            except Exception:
                logger.exception("a change handler of %s failed on %s", self.resource.qualified, change.key)


class CacheInformers:
    """The informer factory of one session: one view a resource, made when first asked for."""

    def __init__(self, cache: WatchCache, resources: ResourceMap) -> None:
        self._cache = cache
        self._resources = resources
        self._by_prefix: dict[str, CacheInformer] = {}
        cache.subscribe(self._tell)

    def __getitem__(self, resource: str) -> CacheInformer:
        described = self._resources[resource]
        informer = self._by_prefix.get(described.prefix)
        if informer is None:
            informer = self._by_prefix[described.prefix] = CacheInformer(self._cache, described)
        elif informer.resource is not described:
            informer.resource = described  # a definition that was made anew may have another scope
        return informer

    def close(self) -> None:
        """The session ends."""
        for informer in self._by_prefix.values():
            informer.close()
        self._by_prefix.clear()

    def _tell(self, changes: Sequence[Change]) -> None:
        for change in changes:
            informer = self._by_prefix.get(change.prefix)
            if informer is not None:
                informer.apply(change)


class ScopedInformers:
    """What one component gets: the shared views, with its own handlers kept apart so that they can be taken
    away when the component stops."""

    def __init__(self, shared: CacheInformers) -> None:
        self._shared = shared
        self._scoped: dict[str, ScopedInformer] = {}

    def __getitem__(self, resource: str) -> ScopedInformer:
        scoped = self._scoped.get(resource)
        if scoped is None:
            scoped = self._scoped[resource] = ScopedInformer(self._shared[resource])
        return scoped

    def close(self) -> None:
        for informer in self._scoped.values():
            informer.close()
        self._scoped.clear()


class ScopedInformer:
    """An informer whose handlers end with their component."""

    def __init__(self, shared: CacheInformer) -> None:
        self._handlers: list[Handler] = []
        self.shared = shared
        # Reads go straight to the view: they are on every hot path.
        self.get = shared.get
        self.by_key = shared.by_key
        self.list = shared.list
        self.add_index = shared.add_index
        self.by_index = shared.by_index

    def __iter__(self) -> Iterator[Obj]:
        return iter(self.shared)

    def __len__(self) -> int:
        return len(self.shared)

    def on_change(self, handler: Handler) -> None:
        self._handlers.append(handler)
        self.shared.on_change(handler)

    def close(self) -> None:
        self.shared.forget(self._handlers)
        self._handlers = []
