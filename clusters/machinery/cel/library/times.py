"""Parts of timestamps and durations. Models: cel-go, common/types/{timestamp,duration}.go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import DURATION, INT, STRING, TIMESTAMP
from clusters.machinery.cel.values import NANO, Duration, Timestamp

LIBRARY = Library()

_PARTS: dict[str, Callable[[datetime], int]] = {
    "getFullYear": lambda t: t.year,
    "getMonth": lambda t: t.month - 1,
    "getDate": lambda t: t.day,
    "getDayOfMonth": lambda t: t.day - 1,
    "getDayOfYear": lambda t: t.timetuple().tm_yday - 1,
    "getDayOfWeek": lambda t: t.isoweekday() % 7,
    "getHours": lambda t: t.hour,
    "getMinutes": lambda t: t.minute,
    "getSeconds": lambda t: t.second,
    "getMilliseconds": lambda t: t.microsecond // 1000,
}
_LENGTHS = {"getHours": 3600 * NANO, "getMinutes": 60 * NANO, "getSeconds": NANO, "getMilliseconds": NANO // 1000}


def _part(read: Callable[[datetime], int]) -> Callable[..., int]:
    def part(value: Timestamp, zone: str = "") -> int:
        return read(value.moment(zone))

    return part


def _length(unit: int) -> Callable[[Duration], int]:
    return lambda value: int(abs(value.nanos) // unit) * (-1 if value.nanos < 0 else 1)


for _name, _read in _PARTS.items():
    LIBRARY.method(_name, [TIMESTAMP], INT)(_part(_read))
    LIBRARY.method(_name, [TIMESTAMP, STRING], INT)(_part(_read))
for _name, _unit in _LENGTHS.items():
    LIBRARY.method(_name, [DURATION], INT)(_length(_unit))
