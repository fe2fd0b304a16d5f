"""Durations and the grid on which kubelets look at the world.

A kubelet notices what its containers do when it relists them, so things that happen at about the same time are
seen together. Here that is a grid of 100 ms of virtual time common to all nodes: a thousand starting pods wake
the cluster a few dozen times, not a thousand.
"""

from __future__ import annotations

import re
from functools import lru_cache

from clusters.kernel.clock import MILLISECOND, SECOND, parse_rfc3339

GRID = 100 * MILLISECOND
NEVER = 1 << 62
"""Later than any time that comes."""

_UNITS = {"ms": MILLISECOND, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86400 * SECOND, "": SECOND}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)")


def on_grid(when: int) -> int:
    """The next moment at which a kubelet looks."""
    return -(-when // GRID) * GRID


@lru_cache(maxsize=16384)
def when(text: str) -> int:
    """Virtual microseconds of a stored timestamp."""
    return parse_rfc3339(text)


@lru_cache(maxsize=1024)
def duration(text: str) -> int | None:
    """Microseconds of `1m30s`, `1.5s`, `250ms`, `30` (seconds); NEVER for `never`; None for other text."""
    text = text.strip()
    if text == "never":
        return NEVER
    at, total = 0, 0
    for part in _PART.finditer(text):
        if part.start() != at:
            return None
        at = part.end()
        total += int(float(part.group(1)) * _UNITS[part.group(2)])
    return total if at == len(text) and at > 0 else None
