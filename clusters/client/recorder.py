"""The event recorder: Events as client-go's broadcaster writes them.

A repeat of the same event (source, object, type, reason, message) is folded into the first one's count. Where the
same reason repeats about one object with ever new messages, from the eleventh on they are folded into one "(combined
from similar events)". A source that floods one object is cut off. client-go remembers all this in process; here it
is read off the Events that are stored, so that a worker that dies forgets nothing, and history stays the same.
Models: client-go, tools/record/events_cache.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from clusters.client.api import ApiClient
from clusters.client.informer import Informer
from clusters.kernel.clock import MINUTE, SECOND, Clock, parse_rfc3339, rfc3339
from clusters.kernel.rng import Rng
from clusters.machinery import meta
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj

SIMILAR = 10
"""Different messages of one reason before they are combined."""
INTERVAL = 10 * MINUTE
"""Messages that are older than that count no more as similar."""
BURST = 25
REFILL = 300 * SECOND
COMBINED = "(combined from similar events): "
_INDEX = "source-and-object"


@lru_cache(maxsize=8192)
def _time(text: str) -> int:
    return parse_rfc3339(text)


def _at(event: Obj, field: str) -> int:
    """A time of an Event; of one that somebody else wrote without it, when it was made."""
    return _time(event.get(field) or event["metadata"]["creationTimestamp"])


def _keys(event: Obj) -> tuple[str, ...]:
    source, about = event.get("source") or {}, event.get("involvedObject") or {}
    return (_key(source.get("component", ""), source.get("host", ""), about),)


def _key(component: str, host: str, about: dict[str, Any]) -> str:
    return f"{component}|{host}|{about.get('namespace', '')}|{about.get('name', '')}|{about.get('uid', '')}"


class Recorder:
    """The sink of one component (`source.component`) on one host. `stored` are all Events of the cluster."""

    def __init__(
        self, client: ApiClient, clock: Clock, rng: Rng, component: str, host: str = "", *, stored: Informer
    ) -> None:
        self._client = client
        self._clock = clock
        self._rng = rng
        self._component = component
        self._host = host
        self._stored = stored
        stored.add_index(_INDEX, _keys)

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
        earlier = self._stored.by_index(_INDEX, _key(self._component, self._host, involved))
        if earlier and not _allowed(earlier, now):
            return
        alike = [e for e in earlier if e.get("reason") == reason and e.get("type") == kind]
        message = message[:1024]
        try:
            if alike and self._fold(alike, involved, message, now):
                return
            self._first(involved, kind, reason, message, action, related, now, len(earlier))
        except ApiError:
            # As in client-go an event that the server refuses is dropped (its namespace is going, say).
            return

    def _nanoseconds(self, now: int, told: int) -> int:
        """The time that names an Event: those about one object are listed in the order in which they were told. What
        one component tells within a microsecond is told one after the other, and a kubelet after all others."""
        others = self._rng.bits("event", self._component, self._host) % 8
        return now * 1000 + (9 if self._component == "kubelet" else others) * 100 + told % 100

    def _fold(self, alike: Sequence[Obj], involved: dict[str, Any], message: str, now: int) -> bool:
        """Count the event into one that is stored; False if it is a new one."""
        path = involved.get("fieldPath", "")
        for each in alike:
            if each.get("message") == message and each["involvedObject"].get("fieldPath", "") == path:
                self._repeat(each, now)
                return True
        recent = [e for e in alike if now - _at(e, "lastTimestamp") <= INTERVAL]
        combined = next((e for e in recent if e.get("message", "").startswith(COMBINED)), None)
        if combined is None and len(recent) < SIMILAR:
            return False
        text = f"{COMBINED}{message}"[:1024]
        if combined is not None:
            self._repeat(combined, now, message=text)
            return True
        last = recent[-1]
        self._first(involved, last["type"], last["reason"], text, last.get("action", ""), None, now, len(alike))
        return True

    def _repeat(self, stored: Obj, now: int, *, message: str = "") -> None:
        patch: dict[str, Any] = {"count": int(stored.get("count") or 1) + 1, "lastTimestamp": rfc3339(now)}
        if message:
            patch["message"] = message
        own = stored["metadata"]
        self._client.patch("events", own["namespace"], own["name"], patch)

    def _first(
        self,
        involved: dict[str, Any],
        kind: str,
        reason: str,
        message: str,
        action: str,
        related: Obj | None,
        now: int,
        told: int,
    ) -> None:
        namespace = involved.get("namespace") or "default"
        name = f"{involved['name']}.{self._nanoseconds(now, told):x}"
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
            "message": message,
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
        shape = f"{','.join(involved)} {bool(self._host)} {bool(action)} {related is not None}"
        self._client.create("events", namespace, event, shape=shape)


def _allowed(earlier: Sequence[Obj], now: int) -> bool:
    """Whether one more is within what a source may tell of one object: 25, and one more every five minutes."""
    told = sum(int(e.get("count") or 1) for e in earlier)
    if told < BURST:
        return True
    since = min(_at(e, "firstTimestamp") for e in earlier)
    return told < BURST + (now - since) // REFILL
