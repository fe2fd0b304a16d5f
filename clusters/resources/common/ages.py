"""Ages as `kubectl get` shows them. Models: apimachinery, util/duration; kubernetes, printers."""

from __future__ import annotations

from functools import lru_cache

from clusters.kernel.clock import SECOND, parse_rfc3339
from clusters.machinery.types import Obj

UNKNOWN = "<unknown>"


def human_duration(micros: int) -> str:
    """`45s`, `3m20s`, `5h3m`, `2d4h`, `410d`, `3y20d`: two units at most, fewer as it grows."""
    seconds = int(micros / SECOND)
    if seconds < -1:
        return "<invalid>"
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    minutes, hours = seconds // 60, seconds // 3600
    days = hours // 24
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


@lru_cache(maxsize=16384)
def _parsed(timestamp: str) -> int:
    return parse_rfc3339(timestamp)


def since(timestamp: str | None, now: int) -> str:
    """The age of an RFC 3339 timestamp at `now`; `<unknown>` if there is none."""
    return human_duration(now - _parsed(timestamp)) if timestamp else UNKNOWN


def age(obj: Obj, now: int) -> str:
    """The age of an object."""
    return since(obj["metadata"].get("creationTimestamp"), now)
