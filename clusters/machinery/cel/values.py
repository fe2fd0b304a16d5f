"""Values of an evaluation that JSON does not have, and what holds for all values: equality, order, conversion to text.

JSON values stand for themselves (an int is CEL's int). Models: cel-go, common/types.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, TypeVar

from clusters.machinery.cel.errors import CelError, no_such_overload
from clusters.machinery.cel.types import BOOL, BYTES, DOUBLE, DURATION, INT, NULL, STRING, TIMESTAMP, TYPE, UINT, Type

INT_MIN, INT_MAX, UINT_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1
NANO: Final = 1_000_000_000
_MIN_SECONDS, _MAX_SECONDS = -62135596800, 253402300799
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
T = TypeVar("T")


class Uint(int):
    """An unsigned number."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    nanos: int

    def __str__(self) -> str:
        """As Go's ptypes write it: `3600s`, `1.5s`."""
        sign, rest = ("-", -self.nanos) if self.nanos < 0 else ("", self.nanos)
        seconds, fraction = divmod(rest, NANO)
        text = f"{seconds}" + (f".{fraction:09d}".rstrip("0") if fraction else "")
        return f"{sign}{text}s"


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    nanos: int

    def moment(self, zone: str = "") -> datetime:
        return (_EPOCH + timedelta(microseconds=self.nanos // 1000)).astimezone(_zone(zone))

    def __str__(self) -> str:
        seconds, fraction = divmod(self.nanos, NANO)
        text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
        text = text.rjust(19, "0")
        return text + (f".{fraction:09d}".rstrip("0") if fraction else "") + "Z"


_OFFSET = re.compile(r"([+-]?)(\d{2}):(\d{2})").fullmatch


def _zone(name: str) -> Any:
    if name in ("", "UTC"):
        return UTC
    found = _OFFSET(name)
    if found is not None:
        minutes = int(found.group(2)) * 60 + int(found.group(3))
        return timezone(timedelta(minutes=-minutes if found.group(1) == "-" else minutes))
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise CelError(f"unknown time zone {name}") from None


@dataclass(frozen=True, slots=True)
class Optional:
    """A value, or none (`ABSENT`)."""

    value: Any

    @property
    def present(self) -> bool:
        return self.value is not ABSENT


ABSENT: Final[Any] = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()
NONE: Final = Optional(ABSENT)


class Opaque:
    """A value of a library's own type. Subclasses say which, and compare by `==`."""

    type: Type = Type("opaque")


class ObjectValue(dict[str, Any]):
    """An object that an expression made: `Object.spec{...}`; `type_name` is what it was called."""

    __slots__ = ("type_name",)

    def __init__(self, type_name: str, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.type_name = type_name


# -- types at run time ---------------------------------------------------------------------------------------

_LIST, _MAP = Type("list"), Type("map")


def type_of(value: Any) -> Type:
    """The type of a value, without parameters."""
    if value is None:
        return NULL
    kind = type(value)
    found = _TYPES.get(kind)
    if found is not None:
        return found
    if isinstance(value, Opaque):
        return value.type
    if isinstance(value, ObjectValue):
        return Type(value.type_name)
    if isinstance(value, dict) or hasattr(value, "cel_map"):
        return _MAP
    return TYPE if isinstance(value, Type) else Type("dyn")


_TYPES: dict[type, Type] = {
    bool: BOOL, int: INT, Uint: UINT, float: DOUBLE, str: STRING, bytes: BYTES, list: _LIST, dict: _MAP,
    Timestamp: TIMESTAMP, Duration: DURATION, Optional: Type("optional_type"), Type: TYPE,
}  # fmt: skip


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool:
    """CEL's equality: numbers by value whatever their type, other types never equal each other."""
    if left is right:
        return not (isinstance(left, float) and math.isnan(left))
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left == right
    if isinstance(left, int | float):
        return isinstance(right, int | float) and left == right
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict):
        if not isinstance(right, dict) or len(left) != len(right):
            return False
        return all(k in right and equal(v, right[k]) for k, v in left.items())
    if isinstance(left, Optional) and isinstance(right, Optional):
        return left.present == right.present and (not left.present or equal(left.value, right.value))
    return type(left) is type(right) and bool(left == right)


def compare(left: Any, right: Any) -> int:
    """-1, 0, 1. Raises CelError for values without an order between them."""
    if is_number(left) and is_number(right):
        if any(isinstance(v, float) and math.isnan(v) for v in (left, right)):
            raise CelError("NaN values cannot be ordered")
    elif type(left) is not type(right) or not isinstance(left, str | bytes | bool | Timestamp | Duration):
        raise no_such_overload()
    if isinstance(left, str):
        left, right = left.encode(errors="surrogatepass"), right.encode(errors="surrogatepass")
    return int(left > right) - int(left < right)


# -- numbers -------------------------------------------------------------------------------------------------


def int_of(value: int) -> int:
    if not INT_MIN <= value <= INT_MAX:
        raise CelError("integer overflow")
    return value


def uint_of(value: int) -> Uint:
    if not 0 <= value <= UINT_MAX:
        raise CelError("unsigned integer overflow")
    return Uint(value)


# -- times ---------------------------------------------------------------------------------------------------

_RFC3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
).fullmatch
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS = {"ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": NANO, "m": 60 * NANO, "h": 3600 * NANO}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).fullmatch


class TimestampOverflow(CelError):
    """A moment that timestamps do not reach."""

    def __init__(self) -> None:
        super().__init__("timestamp overflow")


def parse_timestamp(text: str) -> Timestamp:
    found = _RFC3339(text)
    if found is not None:
        year, month, day, hour, minute, second = (int(found.group(i)) for i in range(1, 7))
        zone = found.group(8)
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone("UTC" if zone in "Zz" else zone))
        except ValueError:
            raise CelError(f"timestamp: invalid {text!r}") from None
        seconds = (moment - _EPOCH) // timedelta(seconds=1)
        if _MIN_SECONDS <= seconds <= _MAX_SECONDS:
            return Timestamp(seconds * NANO + int((found.group(7) or "0").ljust(9, "0")))
        raise TimestampOverflow
    raise CelError(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"')


def parse_date(text: str) -> Timestamp:
    if _DATE(text) is None:
        raise CelError(f'parsing time "{text}" as "2006-01-02": cannot parse "{text}" as "2006"')
    return parse_timestamp(f"{text}T00:00:00Z")


def parse_duration(text: str) -> Duration:
    """Go's durations: `1h30m`. Raises CelError."""
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return Duration(0)
    total, end = 0, 0
    for part in _DURATION_PART.finditer(body):
        if part.start() != end:
            break
        whole, _, fraction = part.group(1).partition(".")
        unit = _UNITS[part.group(2)]
        total += int(whole or "0") * unit
        if fraction:
            total += int(fraction) * unit // 10 ** len(fraction)
        end = part.end()
    if not body or end != len(body) or end == 0:
        raise CelError(f'time: invalid duration "{text}"')
    nanos = -total if text[0] == "-" else total
    if not INT_MIN <= nanos <= INT_MAX:
        raise CelError(f'time: invalid duration "{text}"')
    return Duration(nanos)


def timestamp_of(nanos: int) -> Timestamp:
    if not _MIN_SECONDS <= nanos // NANO <= _MAX_SECONDS:
        raise TimestampOverflow
    return Timestamp(nanos)


def duration_of(nanos: int) -> Duration:
    if not INT_MIN <= nanos <= INT_MAX:
        raise CelError("duration overflow")
    return Duration(nanos)


# -- text ----------------------------------------------------------------------------------------------------


def float_text(value: float) -> str:
    """Go's shortest form (`%v` without exponent where it fits 21 digits)."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    from clusters.machinery.gofmt import show

    return show(value)


def string_of(value: Any) -> str:
    """`string(value)`. Raises CelError."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise CelError("invalid UTF-8 in bytes, cannot convert to string") from None
    if isinstance(value, Timestamp | Duration | Opaque):
        return str(value)
    if isinstance(value, Type):
        return value.name
    raise no_such_overload()


def items_of(value: Any) -> Iterator[Any]:
    """What a comprehension runs over: items, or keys."""
    return iter(value)
