"""Cells that just show a field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clusters.machinery.types import Obj

Cell = Callable[[Obj, int], Any]


def at(obj: Obj, *names: str) -> Any:
    """The value at a path of fields; None where it ends."""
    value: Any = obj
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def field(*names: str, default: Any = "") -> Cell:
    """The value at a path of fields, or `default` if it is absent or empty text."""

    def cell(obj: Obj, now: int) -> Any:
        value = at(obj, *names)
        return default if value is None or value == "" else value

    return cell


def joined(*names: str, separator: str = ",", default: str = "") -> Cell:
    """A list of words."""

    def cell(obj: Obj, now: int) -> Any:
        return separator.join(at(obj, *names) or ()) or default

    return cell


def count(*names: str) -> Cell:
    """How many items a list or mapping has."""
    return lambda obj, now: len(at(obj, *names) or ())


def selected(*names: str) -> Callable[[Obj], str]:
    """The same for a field selector."""

    def value(obj: Obj) -> str:
        found = at(obj, *names)
        return "" if found is None else str(found)

    return value
