"""What an autoscaler was recommended, and how it scaled: as spans and events, in closed form.

A recommendation that is found again and again is one span that goes on, so a steady autoscaler writes nothing.
Models: podautoscaler/horizontal.go, timestampedRecommendation and timestampedScaleEvent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from clusters.kernel.clock import HOUR

KEPT = HOUR
"""The longest window that a behaviour may have."""


@dataclass(frozen=True, slots=True)
class Span:
    """`value` was recommended from `since` until `until` (None: it still is)."""

    value: int
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Memory:
    spans: tuple[Span, ...] = ()
    ups: tuple[tuple[int, int], ...] = ()
    """(replicas added, when)"""
    downs: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, spec: dict[str, Any]) -> Memory:
        return cls(
            tuple(Span(*each) for each in spec.get("recommendations") or ()),
            tuple((int(change), int(at)) for change, at in spec.get("ups") or ()),
            tuple((int(change), int(at)) for change, at in spec.get("downs") or ()),
        )

    def spec(self) -> dict[str, Any]:
        return {
            "recommendations": [[s.value, s.since, s.until] for s in self.spans],
            "ups": [list(each) for each in self.ups],
            "downs": [list(each) for each in self.downs],
        }

    def within(self, cutoff: int) -> Sequence[int]:
        """What was recommended since then."""
        return [s.value for s in self.spans if s.until is None or s.until >= cutoff]

    def recommended(self, value: int, now: int, before: int) -> Memory:
        """`value` is recommended now; what was recommended until now was last so at `before`."""
        last = self.spans[-1] if self.spans else None
        if last is not None and last.until is None and last.value == value:
            return self
        return replace(self._closed(before, now), spans=(*self._closed(before, now).spans, Span(value, now, None)))

    def silent(self, now: int, before: int) -> Memory:
        """Nothing could be recommended."""
        return self._closed(before, now) if self.spans and self.spans[-1].until is None else self

    def _closed(self, before: int, now: int) -> Memory:
        spans = [replace(s, until=max(before, s.since)) if s.until is None else s for s in self.spans]
        return replace(self, spans=tuple(s for s in spans if s.until is None or s.until >= now - KEPT))

    def scaled(self, change: int, now: int) -> Memory:
        if change > 0:
            return replace(self, ups=(*_recent(self.ups, now), (change, now)))
        return replace(self, downs=(*_recent(self.downs, now), (-change, now)))


def _recent(events: tuple[tuple[int, int], ...], now: int) -> tuple[tuple[int, int], ...]:
    return tuple(each for each in events if each[1] > now - KEPT)


def changed_since(events: Sequence[tuple[int, int]], cutoff: int) -> int:
    """Replicas added (or taken away) after that time."""
    return sum(change for change, at in events if at > cutoff)


@dataclass(slots=True)
class Kept:
    """A memory and whether it has changed."""

    memory: Memory = field(default_factory=Memory)
    changed: bool = False

    def become(self, memory: Memory) -> None:
        self.changed = self.changed or memory != self.memory
        self.memory = memory
