"""Operators. Models: cel-go, common/stdlib and common/types."""

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
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    A,
    B,
    list_of,
    map_of,
)  # fmt: skip
from clusters.machinery.cel.values import (
    Uint,
    compare,
    duration_of,
    equal,
    int_of,
    timestamp_of,
    uint_of,
)  # fmt: skip

LIBRARY = Library()
_function = LIBRARY.function

_function("!_", [BOOL], BOOL)(lambda value: not value)
_function("_==_", [A, A], BOOL)(equal)
_function("_!=_", [A, A], BOOL)(lambda left, right: not equal(left, right))

_ORDERED = (BOOL, INT, UINT, DOUBLE, STRING, BYTES, TIMESTAMP, DURATION)
_NUMBERS = (INT, UINT, DOUBLE)
_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "_<_": lambda c: c < 0,
    "_<=_": lambda c: c <= 0,
    "_>_": lambda c: c > 0,
    "_>=_": lambda c: c >= 0,
}


def _comparison(test: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: test(compare(left, right))


for _name, _test in _COMPARISONS.items():
    for _type in _ORDERED:
        _function(_name, [_type, _type], BOOL)(_comparison(_test))
    for _left in _NUMBERS:
        for _right in _NUMBERS:
            if _left is not _right:
                _function(_name, [_left, _right], BOOL)(_comparison(_test))


def _int_div(left: int, right: int) -> int:
    if right == 0:
        raise CelError("division by zero")
    quotient = abs(left) // abs(right)
    return int_of(quotient if (left < 0) == (right < 0) else -quotient)


def _int_mod(left: int, right: int) -> int:
    if right == 0:
        raise CelError("modulus by zero")
    return (
        int(math.fmod(left, right))
        if abs(left) < 1 << 52 and abs(right) < 1 << 52
        else left - right * _int_div(left, right)
    )


def _uint_div(left: int, right: int) -> Uint:
    if right == 0:
        raise CelError("division by zero")
    return Uint(int(left) // int(right))


def _uint_mod(left: int, right: int) -> Uint:
    if right == 0:
        raise CelError("modulus by zero")
    return Uint(int(left) % int(right))


def _float_div(left: float, right: float) -> float:
    if right == 0:
        if left == 0 or math.isnan(left):
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


_function("_+_", [INT, INT], INT)(lambda a, b: int_of(a + b))
_function("_-_", [INT, INT], INT)(lambda a, b: int_of(a - b))
_function("_*_", [INT, INT], INT)(lambda a, b: int_of(a * b))
_function("_/_", [INT, INT], INT)(_int_div)
_function("_%_", [INT, INT], INT)(_int_mod)
_function("-_", [INT], INT)(lambda a: int_of(-a))

_function("_+_", [UINT, UINT], UINT)(lambda a, b: uint_of(int(a) + int(b)))
_function("_-_", [UINT, UINT], UINT)(lambda a, b: uint_of(int(a) - int(b)))
_function("_*_", [UINT, UINT], UINT)(lambda a, b: uint_of(int(a) * int(b)))
_function("_/_", [UINT, UINT], UINT)(_uint_div)
_function("_%_", [UINT, UINT], UINT)(_uint_mod)


def _float_mul(left: float, right: float) -> float:
    return left * right


_function("_+_", [DOUBLE, DOUBLE], DOUBLE)(lambda a, b: a + b)
_function("_-_", [DOUBLE, DOUBLE], DOUBLE)(lambda a, b: a - b)
_function("_*_", [DOUBLE, DOUBLE], DOUBLE)(_float_mul)
_function("_/_", [DOUBLE, DOUBLE], DOUBLE)(_float_div)
_function("-_", [DOUBLE], DOUBLE)(lambda a: -a)

_function("_+_", [STRING, STRING], STRING)(lambda a, b: a + b)
_function("_+_", [BYTES, BYTES], BYTES)(lambda a, b: a + b)
_function("_+_", [list_of(A), list_of(A)], list_of(A))(lambda a, b: a + b)

_function("_+_", [TIMESTAMP, DURATION], TIMESTAMP)(lambda a, b: timestamp_of(a.nanos + b.nanos))
_function("_+_", [DURATION, TIMESTAMP], TIMESTAMP)(lambda a, b: timestamp_of(a.nanos + b.nanos))
_function("_+_", [DURATION, DURATION], DURATION)(lambda a, b: duration_of(a.nanos + b.nanos))
_function("_-_", [TIMESTAMP, TIMESTAMP], DURATION)(lambda a, b: duration_of(a.nanos - b.nanos))
_function("_-_", [TIMESTAMP, DURATION], TIMESTAMP)(lambda a, b: timestamp_of(a.nanos - b.nanos))
_function("_-_", [DURATION, DURATION], DURATION)(lambda a, b: duration_of(a.nanos - b.nanos))


@_function("@in", [A, list_of(A)], BOOL)
def _in_list(value: Any, items: list[Any]) -> bool:
    return any(equal(value, item) for item in items)


@_function("@in", [A, map_of(A, B)], BOOL)
def _in_map(value: Any, items: Any) -> bool:
    return isinstance(value, str | int | float) and value in items
