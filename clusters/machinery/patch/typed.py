"""Values with their types: which fields changed, which a configuration sets, merged, without some fields.

The type says where an object is one thing (atomic) and where it is the sum of its parts: granular structs and
maps, lists of items with keys, sets. Absent (ABSENT) and null are different: the API server writes null for
unset lists, and what goes from null to something is not itself added, only its items are.

Models: structured-merge-diff, typed (compare.go, merge.go, remove.go, tofieldset.go, validate.go).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from functools import lru_cache
from typing import Any, Final

import orjson

from clusters.machinery.gofmt import show
from clusters.machinery.patch.fieldset import DOT, FieldSet, element_text, is_member
from clusters.machinery.schema import (
    ANY,
    BOOL,
    BYTES,
    DEDUCED,
    FLOAT,
    INT,
    LIST,
    MAP,
    OBJECT,
    STRING,
    ListType,
    ObjectType,
    Type,
)

_Absent = type("_Absent", (), {"__repr__": lambda self: "ABSENT", "__bool__": lambda self: False})
ABSENT: Final[Any] = _Absent()

Change = tuple[FieldSet | None, FieldSet | None]
_SAME: Change = (None, None)
_LEAF: FieldSet = {}


class TypedError(ValueError):
    """The value does not fit its type; the text is the server's."""


def _granular(node: Type, *values: Any) -> int:
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


def _member_type(node: Type, key: str) -> Type | None:
    """The type of a member; None for a field that is not declared."""
    if node.kind == OBJECT:
        field = node.fields.get(key)  # type: ignore[attr-defined]
        if field is not None:
            return field.type  # type: ignore[no-any-return]
        return node.extra  # type: ignore[attr-defined, no-any-return]
    if node.kind == MAP:
        return node.values  # type: ignore[attr-defined, no-any-return]
    return DEDUCED


# -- list items ---------------------------------------------------------------------------------------------


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
    if field is not None and not isinstance(field.zero, dict) and field.zero is not None and field.required:
        return field.zero
    raise TypedError(
        f'associative list with keys has an element that omits key field "{name}" (and doesn\'t have default value)'
    )


def _indexed(node: ListType, items: list[Any] | None) -> dict[str, list[Any]]:
    """Items by path element, duplicates together."""
    out: dict[str, list[Any]] = {}
    for item in items or ():
        out.setdefault(item_key(node, item), []).append(item)
    return out


# -- comparing ----------------------------------------------------------------------------------------------


def compare(node: Type, left: Any, right: Any) -> Change:
    """What `right` sets or changes, and what it lacks, as seen from `left`; None for nothing."""
    if left is right:
        return _SAME
    way = _granular(node, left, right)
    if not way or (not left and not right):
        return _leaf(left, right)
    if left is ABSENT:
        return added(node, right), None
    if right is ABSENT:
        return None, added(node, left)
    if way == LIST:
        return _compare_lists(node, left, right)  # type: ignore[arg-type]
    if (left is not None and type(left) is not dict) or (right is not None and type(right) is not dict):
        return _leaf(left, right)
    return compare_members(node, left or {}, right or {})


def _leaf(left: Any, right: Any) -> Change:
    if left is ABSENT:
        return _LEAF, None
    if right is ABSENT:
        return None, _LEAF
    if left == right and (left is None) == (right is None):
        return _SAME
    return _LEAF, None


def compare_members(node: Type, left: dict[str, Any], right: dict[str, Any], skip: Container[str] = ()) -> Change:
    """As `compare` for two maps, leaving out some members."""
    taken: FieldSet = {}
    removed: FieldSet = {}
    for key, value in right.items():
        before = left.get(key, ABSENT)
        if before is value or key in skip:
            continue
        if type(value) is str and before == value:
            continue
        child = _member_type(node, key)
        if child is None:
            continue
        more, less = compare(child, before, value)
        if more is not None:
            taken["f:" + key] = more
        if less is not None:
            removed["f:" + key] = less
    if len(left) != len(right) or removed or taken:
        for key, before in left.items():
            if key not in right and key not in skip:
                child = _member_type(node, key)
                if child is not None:
                    _, less = compare(child, before, ABSENT)
                    if less is not None:
                        removed["f:" + key] = less
    return taken or None, removed or None


def _compare_lists(node: ListType, left: Any, right: Any) -> Change:
    taken: FieldSet = {}
    removed: FieldSet = {}
    if (type(left) is not list and left is not None) or (type(right) is not list and right is not None):
        return _leaf(left, right)
    before, after = _indexed(node, left), _indexed(node, right)
    for key, values in after.items():
        others = before.get(key)
        if others is None:
            more: FieldSet | None = added(node.items, values[0]) if len(values) == 1 else _LEAF
            less: FieldSet | None = None
        elif len(values) == 1 and len(others) == 1:
            more, less = compare(node.items, others[0], values[0])
        else:
            more, less = _leaf(others, values)
        if more is not None:
            taken[key] = more
        if less is not None:
            removed[key] = less
    for key, others in before.items():
        if key not in after:
            removed[key] = added(node.items, others[0]) if len(others) == 1 else _LEAF
    return taken or None, removed or None


def added(node: Type, value: Any) -> FieldSet:
    """All fields of a value that was not there: every container with itself and what is in it."""
    kind = node.kind
    out: FieldSet
    if kind == OBJECT:
        if type(value) is not dict or not value or node.atomic:  # type: ignore[attr-defined]
            return _LEAF
        fields = node.fields_ or node.fields  # type: ignore[attr-defined]
        out = {DOT: {}}
        for key, item in value.items():
            field = fields.get(key)
            child = field.type if field is not None else node.extra  # type: ignore[attr-defined]
            if child is not None:
                inner = item and child.kind >= ANY and (type(item) is dict or type(item) is list)
                out["f:" + key] = added(child, item) if inner else _LEAF
        return out
    way = _granular(node, value)
    if not value or not way:
        return _LEAF
    if way == LIST and type(value) is list:
        items = node.items  # type: ignore[attr-defined]
        out = {DOT: {}}
        for key, found in _indexed(node, value).items():  # type: ignore[arg-type]
            out[key] = added(items, found[0]) if len(found) == 1 else _LEAF
        return out
    if way == MAP and type(value) is dict:
        child = _member_type(node, "")
        if child is None or child.kind < ANY:
            return {DOT: {}, **{"f:" + key: _LEAF for key in value}}
        return {DOT: {}, **{"f:" + key: added(child, item) for key, item in value.items()}}
    return _LEAF


# -- configurations -----------------------------------------------------------------------------------------


def applied(node: Type, value: Any) -> FieldSet:
    """The fields that an applied configuration owns below `value`: leaves, items, and empty maps."""
    way = _granular(node, value)
    out: FieldSet = {}
    if way == LIST and type(value) is list:
        for item in value:
            below = applied(node.items, item)  # type: ignore[attr-defined]
            out[item_key(node, item)] = {DOT: {}, **below} if below else {}  # type: ignore[arg-type]
    elif way in (OBJECT, MAP) and type(value) is dict:
        for key, item in value.items():
            child = _member_type(node, key)
            if child is None:
                continue
            if item is None or item == {} or not _granular(child, item):
                out["f:" + key] = {}
                continue
            below = applied(child, item)
            declared = node.kind == OBJECT and key in node.fields  # type: ignore[attr-defined]
            if below:
                out["f:" + key] = below if declared else {DOT: {}, **below}
            elif not declared:
                out["f:" + key] = {}
    return out


def validate(node: Type, value: Any) -> None:
    """Refuse an applied configuration that does not fit. Raises TypedError with the server's text."""
    errors = list(_validate(node, value, ""))
    if len(errors) == 1:
        raise TypedError(errors[0])
    if errors:
        raise TypedError("\n".join(["errors:", *("  " + e for e in errors)]))


def _validate(node: Type, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    kind = node.kind
    if kind == LIST:
        if not isinstance(value, list):
            yield f"{path}: expected list, got {show(value)}"
            return
        yield from _validate_items(node, value, path)  # type: ignore[arg-type]
    elif kind in (MAP, OBJECT):
        if not isinstance(value, dict):
            yield f"{path}: expected map, got {show(value)}"
            return
        for key, item in value.items():
            child = _member_type(node, key)
            if child is None:
                yield f"{path}.{key}: field not declared in schema"
                return
            yield from _validate(child, item, f"{path}.{key}")
    elif kind != ANY:
        wrong = _scalar_error(kind, value)
        if wrong:
            yield f"{path}: {wrong}"


def _validate_items(node: ListType, value: list[Any], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for i, item in enumerate(value):
        where = f"[{i}]"
        if node.list_type in ("map", "set"):
            try:
                key = item_key(node, item)
            except TypedError as error:
                yield f"{path}: element {i}: {error}"
                return
            where = element_text(key)
            if key in seen:
                yield f"{path}: duplicate entries for key {where}"
            seen.add(key)
        yield from _validate(node.items, item, path + where)


def _scalar_error(kind: int, value: Any) -> str:
    if kind in (INT, FLOAT):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"expected numeric (int or float), got {_go_type(value)}"
    elif kind == STRING:
        if not isinstance(value, str):
            return f"expected string, got {_go_syntax(value)}"
    elif kind == BOOL:
        if not isinstance(value, bool):
            return f"expected boolean, got {show(value)}"
    elif isinstance(value, dict | list) or (kind == BYTES and not isinstance(value, str)):
        return f"expected any scalar, got {show(value)}"
    return ""


def _go_type(value: Any) -> str:
    """Go's `%T`."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "map[string]interface {}" if isinstance(value, dict) else "[]interface {}"


def _go_syntax(value: Any) -> str:
    """Go's `%#v`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inner = ", ".join(f"{orjson.dumps(k).decode()}:{_go_syntax(value[k])}" for k in sorted(value))
        return f"map[string]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(_go_syntax, value)) + "}"
    if value is None:
        return "interface {}(nil)"
    return orjson.dumps(value).decode() if isinstance(value, str) else show(value)


# -- merging ------------------------------------------------------------------------------------------------


def merge(node: Type, left: Any, right: Any) -> Any:
    """`left` with what `right` sets; ABSENT if nothing is left. Shares what it does not change."""
    if right is ABSENT:
        return left
    if left is ABSENT:
        left = None
    way = _granular(node, left, right)
    if not way or (not left and not right):
        return right
    if way == LIST:
        return _merge_lists(node, left or [], right or [])  # type: ignore[arg-type]
    if right is not None and type(right) is not dict:
        return right
    base = left if type(left) is dict else {}
    out = dict(base)
    for key, item in (right or {}).items():
        child = _member_type(node, key)
        if child is not None:
            merged = merge(child, base.get(key, ABSENT), item)
            if merged is ABSENT:
                out.pop(key, None)
            else:
                out[key] = merged
    return out or ABSENT


def _merge_lists(node: ListType, left: list[Any], right: list[Any]) -> Any:
    """Items of both: `right`'s in its order, `left`'s own where they were."""
    mine = [item_key(node, item) for item in left]
    theirs = [item_key(node, item) for item in right]
    counts = Counter(mine)
    before = {k: v for k, v in zip(mine, left) if counts[k] == 1}
    after = dict(zip(theirs, right))
    if len(after) != len(theirs):
        key = next(k for k in theirs if theirs.count(k) > 1)
        raise TypedError(f"duplicate entries for key {element_text(key)}")
    known = set(mine)
    shared = [k for k in theirs if k in known]
    wanted = shared.pop(0) if shared else None
    done: set[str] = set()
    out: list[Any] = []

    def take(key: str) -> None:
        done.add(key)
        merged = merge(node.items, before.get(key, ABSENT), after[key])
        if merged is not ABSENT:
            out.append(merged)

    i = j = 0
    while i < len(mine) or j < len(theirs):
        if i < len(mine) and j < len(theirs):
            key = mine[i]
            if key == theirs[j]:
                take(key)
                i, j = i + 1, j + 1
                wanted = shared.pop(0) if shared else None
                continue
            if key in after and wanted is not None and wanted != key:
                i += 1
                continue
        if i < len(mine):
            key = mine[i]
            if key not in after:
                out.append(left[i])
                i += 1
                continue
            if key in done:
                i += 1
        if j < len(theirs):
            key = theirs[j]
            take(key)
            j += 1
            if wanted == key:
                wanted = shared.pop(0) if shared else None
    return out or ABSENT


# -- removing -----------------------------------------------------------------------------------------------


def remove(node: Type, value: Any, fields: FieldSet) -> Any:
    """`value` without the members of `fields`; ABSENT if nothing is left of it."""
    if not fields or not value:
        return value
    way = _granular(node, value)
    if way == LIST and type(value) is list:
        kept = []
        for item in value:
            below = fields.get(item_key(node, item))  # type: ignore[arg-type]
            if below is None:
                kept.append(item)
            elif not is_member(below):
                rest = remove(node.items, item, below)  # type: ignore[attr-defined]
                kept.append(None if rest is ABSENT else rest)
        return kept or ABSENT
    if way in (OBJECT, MAP) and type(value) is dict:
        out = {}
        for key, item in value.items():
            below = fields.get("f:" + key)
            if below is None:
                out[key] = item
            elif not is_member(below):
                child = _member_type(node, key)
                rest = remove(child, item, below) if child is not None else item
                if rest is not ABSENT:
                    out[key] = rest
        return out or ABSENT
    return value
