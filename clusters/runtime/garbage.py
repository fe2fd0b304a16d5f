"""When the processes look for cyclic garbage.

Objects of a cluster live long and hardly ever form cycles, but there are millions of them, and Python's collector
walks through them again and again while they are made: of the time to parse a thousand Pods it takes nine tenths. So
it is off, and each process looks when it rests: at what is new only (what survived once is set aside), and
rarely at everything.
"""

from __future__ import annotations

import gc
import threading

from clusters.kernel.clock import HOUR, wall_now

LOOK = 1.0
"""Seconds between two looks at how much is new."""
QUIET = 20_000
"""Objects, net, made between two looks by a process that rests."""
WORTH = 100_000
"""New objects that are worth a collection at rest."""
AT_MOST = 3_000_000
"""New objects after which there is one whatever else goes on (some 100 ms)."""
WHOLE = 1 * HOUR
"""Time between two collections of everything, at rest."""


_large = False
"""Whether something large went, whose parts know one another."""


def large_one_left() -> None:
    """A cluster's state was let go: look at everything at the next rest, for it frees itself no more."""
    global _large
    _large = True


class Collector:
    """Collects by hand. One a process; `rest` is called now and then by whoever knows that nothing waits."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        gc.disable()
        self._whole_at = wall_now() + WHOLE

    def rest(self, *, resting: bool = True) -> None:
        """Collect if it is worth it."""
        global _large
        made = gc.get_count()[0]
        if resting and (_large or wall_now() >= self._whole_at):
            _large = False
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            self._whole_at = wall_now() + WHOLE
        elif made > AT_MOST or (resting and made > WORTH):
            gc.collect()
            gc.freeze()


def collect_at_rest() -> None:
    """For a process that serves requests: a thread that finds the quiet moments."""
    threading.Thread(target=_watch, args=(Collector(),), name="garbage", daemon=True).start()


def _watch(collector: Collector) -> None:
    pause, before = threading.Event(), 0
    while True:
        pause.wait(LOOK)
        made = gc.get_count()[0]
        collector.rest(resting=abs(made - before) < QUIET)
        before = gc.get_count()[0]
