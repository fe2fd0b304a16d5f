"""A cluster's store and watch cache in memory, and shorthand for writing to it."""

from __future__ import annotations

from typing import Any

from clusters.realtime.feed import Feed
from clusters.registry.cache import WatchCache, Write
from clusters.storage.memory import MemoryStore


class World:
    """A cluster's store and cache, and shorthand for writing to it."""

    def __init__(self) -> None:
        self.cache = WatchCache(MemoryStore())
        self.uids = 0

    def put(self, key: str, kind: str, body: dict[str, Any], meta: dict[str, Any] | None = None) -> None:
        old = self.cache.get(key)
        if old is not None:
            uid = old.obj["metadata"]["uid"]
        else:
            self.uids += 1
            uid = f"uid-{self.uids}"
        parts = key.split("/")
        metadata = {"name": parts[-1], "uid": uid, "creationTimestamp": "2026-01-01T00:00:00Z", **(meta or {})}
        if len(parts) == 4:
            metadata["namespace"] = parts[2]
        obj = {"apiVersion": "v1", "kind": kind, "metadata": metadata, **body}
        self.cache.commit([Write(key, obj, old, "test", 0)])

    def drop(self, key: str) -> None:
        old = self.cache.get(key)
        if old is not None:
            self.cache.commit([Write(key, old.obj, old, "test", 0, delete=True)])

    def items(self) -> list[Any]:
        return [i for p in self.cache.prefixes() for i in self.cache.bucket(p).items.values()]

    def feed(self, **options: Any) -> Feed:
        return Feed(self.items(), self.cache.rev, epoch="e1", events=5, **options)

    def pod(self, name: str, node: str, phase: str) -> None:
        spec: dict[str, Any] = {"containers": [{"name": "c", "image": "i"}], **({"nodeName": node} if node else {})}
        self.put(f"core/pods/ns/{name}", "Pod", {"spec": spec, "status": {"phase": phase}})
