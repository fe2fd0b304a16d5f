"""Lists and sets. Models: apiserver, pkg/cel/library/lists.go; cel-go, ext/{sets,lists}.go."""

from __future__ import annotations

import itertools
from functools import cmp_to_key
from typing import Any

from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import ANY_LIST, BOOL, DOUBLE, DURATION, INT, UINT, A, list_of, optional_of
from clusters.machinery.cel.values import (
    NONE,
    Duration,
    Optional,
    Uint,
    compare,
    duration_of,
    equal,
    int_of,
    uint_of,
)

LIBRARY = Library()
_method, _function = LIBRARY.method, LIBRARY.function
_LIST = list_of(A)
MAX_COMPARED = 250_000
"""Pairs that one call may look at."""


@_method("isSorted", [_LIST], BOOL)
def _is_sorted(items: list[Any]) -> bool:
    return all(compare(a, b) <= 0 for a, b in itertools.pairwise(items))


@_method("sort", [_LIST], _LIST)
def _sort(items: list[Any]) -> list[Any]:
    return sorted(items, key=cmp_to_key(compare))


def _sum(items: list[Any]) -> Any:
    if not items:
        return 0
    first = items[0]
    if isinstance(first, Duration):
        return duration_of(sum(i.nanos for i in items))
    total = sum(items)
    if isinstance(first, Uint):
        return uint_of(int(total))
    return int_of(total) if isinstance(total, int) else total


for _type in (INT, UINT, DOUBLE, DURATION):
    _method("sum", [list_of(_type)], _type)(_sum)


def _least(items: list[Any], sign: int, name: str) -> Any:
    if not items:
        raise CelError(f"{name} called on empty list")
    best = items[0]
    for item in items[1:]:
        if compare(item, best) * sign < 0:
            best = item
    return best


_method("min", [_LIST], A)(lambda items: _least(items, 1, "min"))
_method("max", [_LIST], A)(lambda items: _least(items, -1, "max"))


@_method("indexOf", [_LIST, A], INT)
def _index_of(items: list[Any], value: Any) -> int:
    return next((i for i, item in enumerate(items) if equal(item, value)), -1)


@_method("lastIndexOf", [_LIST, A], INT)
def _last_index_of(items: list[Any], value: Any) -> int:
    return next((i for i in range(len(items) - 1, -1, -1) if equal(items[i], value)), -1)


@_method("distinct", [_LIST], _LIST)
def _distinct(items: list[Any]) -> list[Any]:
    _bound(items, items)
    out: list[Any] = []
    for item in items:
        if not any(equal(item, known) for known in out):
            out.append(item)
    return out


@_method("slice", [_LIST, INT, INT], _LIST)
def _slice(items: list[Any], start: int, end: int) -> list[Any]:
    if start < 0 or end < 0:
        raise CelError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise CelError(f"cannot slice({start}, {end}), start index must be less than or equal to end index")
    if end > len(items):
        raise CelError(f"cannot slice({start}, {end}), list is length {len(items)}")
    return items[start:end]


@_method("flatten", [list_of(_LIST)], _LIST)
@_method("flatten", [ANY_LIST, INT], ANY_LIST)
def _flatten(items: list[Any], depth: int = 1) -> list[Any]:
    if depth < 0:
        raise CelError("level must be non-negative")
    out: list[Any] = []
    for item in items:
        if depth and isinstance(item, list):
            out.extend(_flatten(item, depth - 1))
        else:
            out.append(item)
    return out


_method("first", [_LIST], optional_of(A))(lambda items: Optional(items[0]) if items else NONE)
_method("last", [_LIST], optional_of(A))(lambda items: Optional(items[-1]) if items else NONE)


@_method("reverse", [_LIST], _LIST)
def _reverse(items: list[Any]) -> list[Any]:
    return items[::-1]


@_function("lists.range", [INT], list_of(INT))
def _range(size: int) -> list[int]:
    if size > MAX_COMPARED:
        raise CelError("lists.range() size exceeds the limit")
    return list(range(max(0, size)))


# sets


def _bound(left: list[Any], right: list[Any]) -> None:
    if len(left) * len(right) > MAX_COMPARED:
        raise CelError("operation cancelled: actual cost limit exceeded")


@_function("sets.contains", [_LIST, _LIST], BOOL)
def _contains(items: list[Any], parts: list[Any]) -> bool:
    _bound(items, parts)
    return all(any(equal(part, item) for item in items) for part in parts)


@_function("sets.equivalent", [_LIST, _LIST], BOOL)
def _equivalent(left: list[Any], right: list[Any]) -> bool:
    return _contains(left, right) and _contains(right, left)


@_function("sets.intersects", [_LIST, _LIST], BOOL)
def _intersects(left: list[Any], right: list[Any]) -> bool:
    _bound(left, right)
    return any(any(equal(a, b) for b in right) for a in left)
