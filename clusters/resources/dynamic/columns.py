"""Printer columns of custom resources, found by JSONPath.

Models: apiextensions-apiserver, pkg/registry/customresource/tableconvertor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from clusters.kernel.clock import parse_rfc3339
from clusters.machinery.gofmt import show
from clusters.machinery.types import Obj
from clusters.resources.base import Column
from clusters.resources.common.ages import human_duration
from clusters.resources.common.columns import AGE_TEXT, NAME
from clusters.resources.dynamic import jsonpath

AGE = {
    "name": "Age",
    "type": "date",
    "description": AGE_TEXT,
    "jsonPath": ".metadata.creationTimestamp",
}


_Shown = Callable[[Any, int], Any]


def columns(definitions: Iterable[Obj] | None) -> tuple[Column, ...]:
    """Name, and what the definition lists (its age if that is nothing)."""
    return (NAME, *(_column(each) for each in definitions or (AGE,)))


def _column(definition: Obj) -> Column:
    path, kind = definition["jsonPath"], definition["type"]
    described = f"Custom resource definition column (in JSONPath format): {path}"
    return Column(
        name=definition["name"],
        type=kind,
        format=definition.get("format", ""),
        description=definition.get("description") or described,
        priority=definition.get("priority", 0),
        value=_cell(path, kind),
    )


def _cell(path: str, kind: str) -> Callable[[Obj, int], Any]:
    try:
        find = jsonpath.parse(path)
    except jsonpath.BadPath:
        return lambda _obj, _now: None
    shown: _Shown = _SHOWN.get(kind, _nothing)

    def cell(obj: Obj, now: int) -> Any:
        found = find(obj)
        return shown(found[0], now) if found and found[0] is not None else None

    return cell


def _nothing(_value: Any, _now: int) -> None:
    return None


def _string(value: Any, _now: int) -> str:
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return show(value)


def _integer(value: Any, _now: int) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _number(value: Any, _now: int) -> float | int | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _boolean(value: Any, _now: int) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(value: Any, now: int) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        return human_duration(now - parse_rfc3339(value))
    except ValueError:
        return "<invalid>"


_SHOWN: dict[str, _Shown] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
}
