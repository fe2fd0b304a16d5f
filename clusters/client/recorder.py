"""The event recorder: Events as client-go's broadcaster writes them.

A repeat of the same event (source, object, type, reason, message) within ten minutes is folded into the first
one's count. Where the same reason repeats about one object with ever new messages, from the tenth on they are
folded into one "(combined from similar events)". A source that floods one object is cut off by a token bucket.
Models: client-go, tools/record/events_cache.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clusters.client.api import ApiClient
from clusters.kernel.clock import MINUTE, SECOND, Clock, rfc3339
from clusters.kernel.rng import Rng
from clusters.machinery import meta
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj

SIMILAR = 10
INTERVAL = 10 * MINUTE
BURST = 25
REFILL = 300 * SECOND
_MAX_REMEMBERED = 4096


@dataclass(slots=True)
class _Seen:
    name: str
    count: int
    last: int


@dataclass(slots=True)
class _Similar:
    messages: set[str]
    last: int


@dataclass(slots=True)
class _Bucket:
    tokens: float
    last: int


class Recorder:
    """The sink of one component (`source.component`) on one host."""

    def __init__(self, client: ApiClient, clock: Clock, rng: Rng, component: str, host: str = "") -> None:
        self._client = client
        self._clock = clock
        self._rng = rng
        self._component = component
        self._host = host
        self._seen: dict[tuple[str, ...], _Seen] = {}
        self._similar: dict[tuple[str, ...], _Similar] = {}
        self._buckets: dict[str, _Bucket] = {}

    def event(
        self,
        about: Obj,
        kind: str,
        reason: str,
        message: str,
        *,
        action: str = "",
        related: Obj | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        """See `api.EventSink`. `extra` overrides fields of the involved object (`fieldPath`)."""
        now = self._clock.now()
        involved = {**meta.reference(about), **(extra or {})}
        uid = involved.get("uid", "")
        if not self._allowed(f"{involved.get('namespace', '')}/{involved['name']}/{uid}", now):
            return
        message = self._aggregate((uid, involved["name"], kind, reason), message, now)
        key = (uid, involved["name"], involved.get("fieldPath", ""), kind, reason, message)
        seen = self._seen.get(key)
        namespace = involved.get("namespace") or "default"
        try:
            if seen is not None and now - seen.last < INTERVAL:
                self._repeat(namespace, seen, now)
                return
            self._first(namespace, key, involved, kind, reason, message, action, related, now)
        except ApiError:
            # As in client-go an event that the server refuses is dropped (its namespace is going, say).
            self._seen.pop(key, None)

    def _first(
        self,
        namespace: str,
        key: tuple[str, ...],
        involved: dict[str, Any],
        kind: str,
        reason: str,
        message: str,
        action: str,
        related: Obj | None,
        now: int,
    ) -> None:
        tail = self._rng.bits("event", self._component, now, *key) & 0xFFFFFFFFFFFFFFFF
        name = f"{involved['name']}.{tail:016x}"
        source: dict[str, str] = {"component": self._component}
        if self._host:
            source["host"] = self._host
        stamp = rfc3339(now)
        event: Obj = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": involved,
            "reason": reason,
            "message": message[:1024],
            "source": source,
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": self._component,
            "reportingInstance": self._host,
        }
        if action:
            event["action"] = action
        if related is not None:
            event["related"] = meta.reference(related)
        if len(self._seen) >= _MAX_REMEMBERED:
            self._seen.clear()
        shape = f"{','.join(involved)} {bool(self._host)} {bool(action)} {related is not None}"
        self._client.create("events", namespace, event, shape=shape)
        self._seen[key] = _Seen(name, 1, now)

    def _repeat(self, namespace: str, seen: _Seen, now: int) -> None:
        seen.count += 1
        seen.last = now
        self._client.patch("events", namespace, seen.name, {"count": seen.count, "lastTimestamp": rfc3339(now)})

    def _aggregate(self, group: tuple[str, ...], message: str, now: int) -> str:
        similar = self._similar.get(group)
        if similar is None or now - similar.last > INTERVAL:
            if len(self._similar) >= _MAX_REMEMBERED:
                self._similar.clear()
            similar = self._similar[group] = _Similar(set(), now)
        similar.last = now
        if message in similar.messages or len(similar.messages) < SIMILAR:
            similar.messages.add(message)
            return message
        return f"(combined from similar events): {message}"

    def _allowed(self, target: str, now: int) -> bool:
        bucket = self._buckets.get(target)
        if bucket is None:
            if len(self._buckets) >= _MAX_REMEMBERED:
                self._buckets.clear()
            bucket = self._buckets[target] = _Bucket(BURST, now)
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.last) / REFILL)
        bucket.last = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True
