"""What a type says of a value's parts: where it is one thing (atomic), and where it is the sum of its parts
(granular structs and maps, lists of items with keys, sets), and how an item of a list is called.

`compare`, `configuration` and `merging` stand on it. Absent (ABSENT) and null are different: the API server
writes null for unset lists, and what goes from null to something is not itself added, only its items are.

Models: structured-merge-diff, typed/helpers.go.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import orjson

from clusters.machinery.schema import DEDUCED, LIST, MAP, OBJECT, ListType, ObjectType, Type

_Absent = type("_Absent", (), {"__repr__": lambda self: "ABSENT", "__bool__": lambda self: False})
ABSENT: Final[Any] = _Absent()


class TypedError(ValueError):
    """The value does not fit its type; the text is the server's."""


def granular(node: Type, *values: Any) -> int:
    """How the values are taken apart: OBJECT (named members), MAP (any members), LIST (by key or value), or 0."""
    kind = node.kind
    if kind == OBJECT:
        return 0 if node.atomic else OBJECT  # type: ignore[attr-defined]
    if kind == MAP:
        return 0 if node.atomic else MAP  # type: ignore[attr-defined]
    if kind == LIST:
        return LIST if node.list_type in ("map", "set") else 0  # type: ignore[attr-defined]
    if node is DEDUCED and any(isinstance(v, dict) for v in values):
        return MAP
    return 0


def member_type(node: Type, key: str) -> Type | None:
    """The type of a member; None for a field that is not declared."""
    if node.kind == OBJECT:
        field = node.fields.get(key)  # type: ignore[attr-defined]
        if field is not None:
            return field.type  # type: ignore[no-any-return]
        return node.extra  # type: ignore[attr-defined, no-any-return]
    if node.kind == MAP:
        return node.values  # type: ignore[attr-defined, no-any-return]
    return DEDUCED


@lru_cache(maxsize=16384)
def _one_key(name: str, value: str) -> str:
    return f'k:{{"{name}":{orjson.dumps(value).decode()}}}'


def item_key(node: ListType, item: Any) -> str:
    """The path element of a list's item. Raises TypedError."""
    if node.list_type == "set":
        if isinstance(item, dict):
            raise TypedError("associative list without keys has an element that's a map type")
        if isinstance(item, list):
            raise TypedError("not supported: associative list with lists as elements")
        if item is None:
            raise TypedError("associative list without keys has an element that's an explicit null")
        return "v:" + orjson.dumps(item).decode()
    if type(item) is not dict:
        what = "a null element" if item is None else "non-map elements"
        raise TypedError(f"associative list with keys may not have {what}")
    keys = node.keys
    if len(keys) == 1:
        value = item.get(keys[0])
        if type(value) is str:
            return _one_key(keys[0], value)
    found = {}
    for name in sorted(keys):
        if name in item:
            found[name] = item[name]
        else:
            found[name] = _key_default(node, name)
    return "k:" + orjson.dumps(found).decode()


def _key_default(node: ListType, name: str) -> Any:
    if name in node.defaults:
        return node.defaults[name]
    items = node.items
    field = items.fields.get(name) if isinstance(items, ObjectType) else None
    if field is not None and field.required and isinstance(field.zero, str | int | float):
        return field.zero
    raise TypedError(
        f'associative list with keys has an element that omits key field "{name}" (and doesn\'t have default value)'
    )


def indexed(node: ListType, items: list[Any] | None) -> dict[str, list[Any]]:
    """Items by path element, duplicates together."""
    out: dict[str, list[Any]] = {}
    for item in items or ():
        out.setdefault(item_key(node, item), []).append(item)
    return out
