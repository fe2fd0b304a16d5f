"""Cron schedules: five fields, or a descriptor such as `@daily` or `@every 1h30m`.

Models: robfig/cron v3, parser.go (ParseStandard), whose complaints reach users through CronJob validation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from clusters.machinery import duration
from clusters.machinery.field import go_quote
from clusters.resources.batch.time_zones import is_zone


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes, hours, ... at which it is due. `every` (microseconds) instead of all of them: a fixed interval."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    """0 is Sunday."""
    any_day: bool = True
    any_weekday: bool = True
    """If one of the two is given, that one decides; if both are, either will do."""
    every: int = 0
    zone: str = ""
    """Of a `TZ=` prefix."""

    def on_day(self, day: int, weekday: int) -> bool:
        """Whether a day of the month that is such a weekday is meant."""
        if self.any_day or self.any_weekday:
            return day in self.days and weekday in self.weekdays
        return day in self.days or weekday in self.weekdays


@dataclass(frozen=True, slots=True)
class _Bounds:
    low: int
    high: int
    names: Mapping[str, int]


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Bounds(0, 59, {}),
    _Bounds(0, 23, {}),
    _Bounds(1, 31, {}),
    _Bounds(1, 12, {name: i + 1 for i, name in enumerate(_MONTHS)}),
    _Bounds(0, 6, {name: i for i, name in enumerate(_WEEKDAYS)}),
)
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = "@every "
_INTEGER = re.compile(r"[+-]?[0-9]+").fullmatch


@lru_cache(maxsize=1024)
def parse(text: str) -> Schedule:
    """Raises ValueError with the parser's own words."""
    if not text:
        raise ValueError("empty spec string")
    zone = ""
    if text.startswith(("TZ=", "CRON_TZ=")):
        head, _, text = text.partition(" ")
        zone, text = head.partition("=")[2], text.strip()
        if not is_zone(zone):
            raise ValueError(f"provided bad location {zone}: unknown time zone {zone}")
    if text.startswith("@"):
        if text.startswith(_EVERY):
            return Schedule(every=_interval(text), zone=zone)
        if text not in _DESCRIPTORS:
            raise ValueError(f"unrecognized descriptor: {text}")
        text = _DESCRIPTORS[text]
    fields = text.split()
    if len(fields) != len(_FIELDS):
        shown = "[" + " ".join(fields) + "]"
        raise ValueError(f"expected exactly {len(_FIELDS)} fields, found {len(fields)}: {shown}")
    (minutes, _), (hours, _), (days, any_day), (months, _), (weekdays, any_weekday) = (
        _field(field, bounds) for field, bounds in zip(fields, _FIELDS, strict=True)
    )
    return Schedule(minutes, hours, days, months, weekdays, any_day, any_weekday, zone=zone)


def _field(field: str, bounds: _Bounds) -> tuple[frozenset[int], bool]:
    """The values meant, and whether there is a star among the ranges."""
    values: set[int] = set()
    star = False
    for expression in filter(None, field.split(",")):
        some, starred = _range(expression, bounds)
        values |= some
        star = star or starred
    return frozenset(values), star


def _range(expression: str, bounds: _Bounds) -> tuple[set[int], bool]:
    """`*`, `3`, `1-5`, each with an optional `/2`."""
    span, *steps = expression.split("/")
    low, *rest = span.split("-")
    star = low in ("*", "?")
    if star:
        start, end = bounds.low, bounds.high
    else:
        start = _number_or_name(low, bounds)
        if len(rest) > 1:
            raise ValueError(f"too many hyphens: {expression}")
        end = _number_or_name(rest[0], bounds) if rest else start
    step = 1
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {expression}")
    if steps:
        step = _number(steps[0])
        if not rest:
            end = bounds.high
        star = star and step <= 1
    if start < bounds.low:
        raise ValueError(f"beginning of range ({start}) below minimum ({bounds.low}): {expression}")
    if end > bounds.high:
        raise ValueError(f"end of range ({end}) above maximum ({bounds.high}): {expression}")
    if start > end:
        raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {expression}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {expression}")
    return set(range(start, end + 1, step)), star


def _number_or_name(text: str, bounds: _Bounds) -> int:
    number = bounds.names.get(text.lower())
    return number if number is not None else _number(text)


def _number(text: str) -> int:
    if not _INTEGER(text):
        raise ValueError(f"failed to parse int from {text}: strconv.Atoi: parsing {go_quote(text)}: invalid syntax")
    number = int(text)
    if number < 0:
        raise ValueError(f"negative number ({number}) not allowed: {text}")
    return number


def _interval(text: str) -> int:
    """Microseconds of `@every 1h30m`: whole seconds, at least one."""
    try:
        lasting = duration.nanoseconds(text.removeprefix(_EVERY))
    except ValueError as error:
        raise ValueError(f"failed to parse duration {text}: {error}") from None
    return max(lasting // duration.SECOND, 1) * 10**6
