"""Virtual time: every timestamp, timeout and back-off of a cluster is read from here.

Times are integers, microseconds since the Unix epoch, of the cluster's own clock. `ClockSpec` maps the wall
clock to it (`base + (wall - wall_base) * speed`); `SimClock` is what components hold: its owner, the driver,
moves it from timer to timer, so code that runs "at" a timer sees exactly the timer's time whenever the host
gets round to it. That is what makes history independent of the host's speed.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

MICROSECOND = 1
MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

MAX_SPEED = 1000.0
MIN_SPEED = 0.1


class Clock(Protocol):
    """What simulation code may know of time."""

    def now(self) -> int:
        """Virtual microseconds since the Unix epoch."""


class SimClock:
    """A clock that only its owner moves; it never runs backwards."""

    __slots__ = ("_now",)

    def __init__(self, now: int = 0) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def advance_to(self, when: int) -> None:
        """Move to `when`; a time in the past leaves the clock where it is."""
        if when > self._now:
            self._now = when


@dataclass(frozen=True, slots=True)
class ClockSpec:
    """How a cluster's clock follows the wall clock. `speed` is virtual seconds per wall second.

    `speed == 0` is a paused clock (it stands at `base`); `speed == inf` is "max": the driver jumps from
    timer to timer, and between slices the clock stands at `base`, which the driver moves on.
    """

    base: int
    wall_base: int
    speed: float = 1.0

    def virtual(self, wall: int) -> int:
        """The virtual time at wall time `wall` (both microseconds)."""
        if self.speed == 0 or math.isinf(self.speed):
            return self.base
        return self.base + int(max(0, wall - self.wall_base) * self.speed)

    def wall_at(self, virtual: int) -> int | None:
        """The wall time at which the clock will show `virtual`; None while paused, `wall_base` at max speed."""
        if self.speed == 0:
            return None
        if math.isinf(self.speed) or virtual <= self.base:
            return self.wall_base
        return self.wall_base + math.ceil((virtual - self.base) / self.speed)

    def at_speed(self, speed: float, wall: int) -> ClockSpec:
        """The same clock running at another speed from wall time `wall` on, without a jump."""
        return ClockSpec(base=self.virtual(wall), wall_base=wall, speed=speed)

    def moved_to(self, virtual: int, wall: int) -> ClockSpec:
        """The same clock showing `virtual` at wall time `wall`; never earlier than it shows by itself."""
        return replace(self, base=max(virtual, self.virtual(wall)), wall_base=wall)

    @property
    def paused(self) -> bool:
        return self.speed == 0

    @property
    def is_max(self) -> bool:
        return math.isinf(self.speed)


def parse_speed(text: str) -> float:
    """`"1"`, `"10"`, `"0.5"`, `"max"`, `"0"` (paused) as a speed. Raises ValueError with a message for people."""
    if text.strip().lower() == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        raise ValueError(f"speed {text!r} is neither a number nor 'max'") from None
    if speed != 0 and not MIN_SPEED <= speed <= MAX_SPEED:
        raise ValueError(f"speed {text!r} is out of range: 0 (paused), {MIN_SPEED:g} to {MAX_SPEED:g}, or 'max'")
    return speed


def format_speed(speed: float) -> str:
    """The inverse of `parse_speed`."""
    return "max" if math.isinf(speed) else f"{speed:g}"


def wall_now() -> int:
    """Wall clock microseconds. For adapters (runtime, leases, web) only, never for simulation code."""
    return time.time_ns() // 1000


@lru_cache(maxsize=4096)
def _rfc3339_seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339(when: int) -> str:
    """`metav1.Time` wire form: whole seconds, `2026-01-02T03:04:05Z`."""
    return _rfc3339_seconds(when // SECOND)


def rfc3339_micro(when: int) -> str:
    """`metav1.MicroTime` wire form: `2026-01-02T03:04:05.678901Z`."""
    return f"{_rfc3339_seconds(when // SECOND)[:-1]}.{when % SECOND:06d}Z"


def parse_rfc3339(text: str) -> int:
    """Virtual microseconds of an RFC 3339 timestamp with or without a fraction. Raises ValueError."""
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00") if text.endswith("Z") else text)
    if parsed.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    whole = int(parsed.replace(microsecond=0).timestamp())
    return whole * SECOND + parsed.microsecond
