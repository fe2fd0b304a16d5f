"""Sizes, conversions and what every CEL has for text. Models: cel-go, common/stdlib."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    TYPE,
    UINT,
    A,
    B,
    Type,
    list_of,
    map_of,
)  # fmt: skip
from clusters.machinery.cel.values import (
    Duration,
    TimestampOverflow,
    Uint,
    int_of,
    parse_duration,
    parse_timestamp,
    string_of,
    timestamp_of,
    type_of,
    uint_of,
)  # fmt: skip
from clusters.machinery.regex import BadPattern, compile_pattern

LIBRARY = Library()
_function, _method = LIBRARY.function, LIBRARY.method

for _type in (BOOL, BYTES, DOUBLE, DURATION, INT, STRING, TIMESTAMP, TYPE, UINT):
    LIBRARY.names[_type.name] = _type
LIBRARY.names["dyn"] = DYN
LIBRARY.names["null_type"] = NULL
LIBRARY.names["list"] = Type("list")
LIBRARY.names["map"] = Type("map")

for _type in (STRING, BYTES, list_of(A), map_of(A, B)):
    _function("size", [_type], INT)(len)
    _method("size", [_type], INT)(len)

_function("dyn", [A], DYN)(lambda value: value)
_function("type", [A], TYPE)(type_of)


# conversions


def _float_to_int(value: float) -> int:
    if math.isnan(value) or not -(2.0**63) < value < 2.0**63:
        raise CelError("integer overflow")
    return int(value)


def _from_text(to: str, parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """The conversion of a text; why it fails, the real server does not say."""

    def convert(text: str) -> Any:
        try:
            return parse(text)
        except TimestampOverflow:
            raise
        except (CelError, ValueError):
            raise CelError(f"type conversion error from 'string' to '{to}'") from None

    return convert


def _text_to_int(text: str) -> int:
    body = text[1:] if text[:1] in ("-", "+") else text
    if not body.isdecimal() or not body.isascii() or len(body.lstrip("0")) > 19:
        raise ValueError(text)
    return int_of(int(text))


_function("int", [INT], INT)(lambda value: value)
_function("int", [UINT], INT)(lambda value: int_of(int(value)))
_function("int", [DOUBLE], INT)(_float_to_int)
_function("int", [STRING], INT)(_from_text("int", _text_to_int))
_function("int", [TIMESTAMP], INT)(lambda value: value.nanos // 1_000_000_000)
_function("int", [DURATION], INT)(lambda value: value.nanos)


def _text_to_uint(text: str) -> Uint:
    if not text.isdecimal() or not text.isascii() or len(text.lstrip("0")) > 20:
        raise ValueError(text)
    return uint_of(int(text))


_function("uint", [UINT], UINT)(lambda value: value)
_function("uint", [INT], UINT)(uint_of)
_function("uint", [DOUBLE], UINT)(lambda value: uint_of(_float_to_int(value)))
_function("uint", [STRING], UINT)(_from_text("uint", _text_to_uint))


def _text_to_double(text: str) -> float:
    value = float(text)
    if "_" in text or text != text.strip() or (math.isinf(value) and "n" not in text.lower()):
        raise ValueError(text)
    return value


_function("double", [DOUBLE], DOUBLE)(lambda value: value)
_function("double", [INT], DOUBLE)(float)
_function("double", [UINT], DOUBLE)(float)
_function("double", [STRING], DOUBLE)(_from_text("double", _text_to_double))

for _type in (STRING, BOOL, INT, UINT, DOUBLE, BYTES, TIMESTAMP, DURATION):
    _function("string", [_type], STRING)(string_of)


def _text_to_bool(text: str) -> bool:
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(text)


_function("bool", [BOOL], BOOL)(lambda value: value)
_function("bool", [STRING], BOOL)(_from_text("bool", _text_to_bool))
_function("bytes", [BYTES], BYTES)(lambda value: value)
_function("bytes", [STRING], BYTES)(lambda value: value.encode())
_function("timestamp", [TIMESTAMP], TIMESTAMP)(lambda value: value)
_function("timestamp", [STRING], TIMESTAMP)(_from_text("google.protobuf.Timestamp", parse_timestamp))
_function("timestamp", [INT], TIMESTAMP)(lambda value: timestamp_of(value * 1_000_000_000))
_function("duration", [DURATION], DURATION)(lambda value: value)
_function("duration", [STRING], DURATION)(_from_text("google.protobuf.Duration", parse_duration))
_function("duration", [INT], DURATION)(Duration)

# text

_method("contains", [STRING, STRING], BOOL)(lambda text, part: part in text)
_method("startsWith", [STRING, STRING], BOOL)(lambda text, part: text.startswith(part))
_method("endsWith", [STRING, STRING], BOOL)(lambda text, part: text.endswith(part))


def pattern(text: str) -> Any:
    """A compiled pattern. Raises CelError."""
    try:
        return compile_pattern(text)
    except BadPattern as error:
        raise CelError(str(error)) from None


@_method("matches", [STRING, STRING], BOOL)
@_function("matches", [STRING, STRING], BOOL)
def _matches(text: str, regex: str) -> bool:
    return pattern(regex).search(text) is not None
