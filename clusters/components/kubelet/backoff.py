"""Back-offs of restarts and pulls, remembered without a memory.

A real kubelet keeps its back-offs in process; here they must survive a worker, so a container's id ends in the
level it was started with, and pull attempts follow from the time the first was made.
Models: kubelet, flowcontrol.Backoff with 10 s, doubling to 5 min, forgotten after 10 min of running.
"""

from __future__ import annotations

from clusters.components.kubelet.timing import NEVER
from clusters.kernel.clock import SECOND

BASE, MAXIMUM = 10 * SECOND, 300 * SECOND
FORGET_AFTER = 2 * MAXIMUM
SHOWN_AS_ERROR = 2 * SECOND
"""How long a failed pull is ErrImagePull before it is ImagePullBackOff."""


def delay(level: int) -> int:
    """Microseconds between an end and the restart at that level: the first restart is immediate."""
    return min(BASE << min(level - 1, 10), MAXIMUM) if level > 0 else 0


def level_of(container_id: str) -> int:
    """The level that a container was started with, from its id."""
    try:
        return int(container_id[-1], 16)
    except (ValueError, IndexError):
        return 0


def next_level(level: int, ran_for: int) -> int:
    """The level of the restart after a run of that length."""
    return 1 if ran_for >= FORGET_AFTER else min(level + 1, 15)


def text(micros: int) -> str:
    """`10s`, `1m20s`, `5m0s`."""
    minutes, seconds = divmod(micros // SECOND, 60)
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def pull_attempt(first: int, now: int) -> tuple[int, int, int]:
    """(number, time of the last failed attempt, time of the next): attempts at `first`, then after 10 s, 20 s, ...
    Number -1: none yet."""
    if now < first:
        return -1, NEVER, first
    number, at = 0, first
    while True:
        gap = min(BASE << min(number, 10), MAXIMUM)
        if gap == MAXIMUM:
            more = (now - at) // MAXIMUM
            return number + more, at + more * MAXIMUM, at + (more + 1) * MAXIMUM
        if at + gap > now:
            return number, at, at + gap
        number, at = number + 1, at + gap
