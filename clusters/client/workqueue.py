"""Work queues and the timer heap they share.

A queue holds each key once, and gives the smallest first: what is ready at one virtual time is done in an order
that does not depend on who asked first, so a worker that starts anew goes on as the last one would have. Delayed
keys wait in the session's `Timers`, one heap of
(time, seq), so that the driver knows when the next thing is due. Models: client-go, util/workqueue.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from clusters.kernel.clock import MILLISECOND, SECOND, Clock

BASE_DELAY = 5 * MILLISECOND
MAX_DELAY = 1000 * SECOND


@dataclass(order=True, slots=True)
class _Timer:
    when: int
    seq: int
    fire: Callable[[], None] = field(compare=False)
    background: bool = field(compare=False, default=False)
    cancelled: bool = field(compare=False, default=False)


class Timers:
    """The heap of everything a cluster session waits for. Times are virtual microseconds."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._heap: list[_Timer] = []
        self._seq = 0

    def at(self, when: int, fire: Callable[[], None], *, background: bool = False) -> Callable[[], None]:
        """Call `fire` at `when`; returns a function that cancels. A `background` timer (a cron schedule, a
        periodic check) does not keep a cluster from being idle."""
        self._seq += 1
        timer = _Timer(when, self._seq, fire, background)
        heapq.heappush(self._heap, timer)

        def cancel() -> None:
            timer.cancelled = True

        return cancel

    def next_due(self, *, background: bool = True) -> int | None:
        """When the next timer is due; without `background`, the next that stands for unfinished work."""
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
        if background:
            return self._heap[0].when if self._heap else None
        return min((t.when for t in self._heap if not t.cancelled and not t.background), default=None)

    def fire_due(self, now: int) -> int:
        """Fire every timer with `when <= now`, in order; the number fired."""
        fired = 0
        while self._heap and self._heap[0].when <= now:
            timer = heapq.heappop(self._heap)
            if not timer.cancelled:
                timer.fire()
                fired += 1
        return fired

    def clear(self) -> None:
        """Nobody waits any more."""
        self._heap.clear()

    def __len__(self) -> int:
        return sum(not t.cancelled for t in self._heap)


class WorkQueue:
    """A deduplicating queue of keys, smallest first, with delays and per-key exponential back-off."""

    def __init__(self, timers: Timers, *, base_delay: int = BASE_DELAY, max_delay: int = MAX_DELAY) -> None:
        self._timers = timers
        self._ready: list[str] = []
        self._queued: set[str] = set()
        self._delayed: dict[str, tuple[int, Callable[[], None]]] = {}
        self._failures: dict[str, int] = {}
        self._base = base_delay
        self._max = max_delay

    def add(self, key: str) -> None:
        if key not in self._queued:
            self._queued.add(key)
            heapq.heappush(self._ready, key)

    def add_at(self, key: str, when: int, *, background: bool = False) -> None:
        """Add at a virtual time; of several times for one key the earliest stands."""
        if when <= self._timers.clock.now():
            self.add(key)
            return
        waiting = self._delayed.get(key)
        if waiting is not None:
            if waiting[0] <= when:
                return
            waiting[1]()

        def fire() -> None:
            self._delayed.pop(key, None)
            self.add(key)

        self._delayed[key] = (when, self._timers.at(when, fire, background=background))

    def add_after(self, key: str, delay: int, *, background: bool = False) -> None:
        """`delay` is in virtual microseconds."""
        self.add_at(key, self._timers.clock.now() + delay, background=background)

    def add_rate_limited(self, key: str) -> None:
        """Add after this key's back-off: 5 ms, doubled with each failure up to 1,000 s."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.add_after(key, min(self._base << min(failures, 40), self._max))

    def forget(self, key: str) -> None:
        """The key succeeded: its back-off starts anew."""
        self._failures.pop(key, None)

    def failures(self, key: str) -> int:
        return self._failures.get(key, 0)

    def pop(self) -> str | None:
        """The next key, or None."""
        if not self._ready:
            return None
        key = heapq.heappop(self._ready)
        self._queued.discard(key)
        return key

    def __len__(self) -> int:
        return len(self._ready)
