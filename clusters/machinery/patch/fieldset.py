"""Sets of fields, in the very form in which `managedFields` holds them.

A set is a dict of path elements to what is below them. `{}` below an element: the element is in the set;
`"."` beside others: it is in the set and so are some of its children; neither: only children are.

    {"f:spec": {"f:replicas": {}, "f:containers": {'k:{"name":"c"}': {".": {}, "f:image": {}}}}}

Elements: `f:NAME` a field or map key, `k:{...}` the keys of an associative list's item, `v:VALUE` a set's item.
Sets are never changed; operations share what they keep.

Models: structured-merge-diff, fieldpath (Set, serialize.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from clusters.machinery.schema import LIST, MAP, OBJECT, ObjectType, Type

FieldSet = dict[str, Any]
DOT = "."
_ORDER = {"f": 0, "k": 1, "v": 2, "i": 3}


def is_member(below: FieldSet) -> bool:
    return not below or DOT in below


def _node(member: bool, children: FieldSet) -> FieldSet | None:
    """What stands below an element; None if it is not needed."""
    if not children:
        return {} if member else None
    return {DOT: {}, **children} if member else children


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    if not left or left is right:
        return right
    if not right:
        return left
    out = dict(left)
    for key, below in right.items():
        if key == DOT:
            continue
        mine = out.get(key)
        if mine is None:
            out[key] = below
        elif mine is not below and mine != below:
            member = is_member(mine) or is_member(below)
            children = union(_children(mine), _children(below))
            out[key] = _node(member, children)
    return out


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Members of `left` that are not members of `right`; children are judged by themselves."""
    if not left or not right:
        return left
    out: FieldSet | None = None
    for key, other in right.items():
        mine = left.get(key)
        if mine is None or key == DOT:
            continue
        member = is_member(mine) and not is_member(other)
        kept = _node(member, difference(_children(mine), _children(other)))
        if kept == mine:
            continue
        if out is None:
            out = dict(left)
        if kept is None:
            del out[key]
        else:
            out[key] = kept
    return left if out is None else out


def without_subtrees(left: FieldSet, right: FieldSet) -> FieldSet:
    """As `difference`, but a member of `right` takes all below it along."""
    out: FieldSet = {}
    for key, mine in left.items():
        other = right.get(key)
        if other is None or key == DOT:
            out[key] = mine
        elif not is_member(other):
            kept = _node(is_member(mine), without_subtrees(_children(mine), _children(other)))
            if kept is not None:
                out[key] = kept
    return out


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    out: FieldSet = {}
    for key, mine in left.items():
        other = right.get(key)
        if other is None or key == DOT:
            continue
        member = is_member(mine) and is_member(other)
        kept = _node(member, intersection(_children(mine), _children(other)))
        if kept is not None:
            out[key] = kept
    return out


def _children(below: FieldSet) -> FieldSet:
    if DOT not in below:
        return below
    return {k: v for k, v in below.items() if k != DOT}


def with_named(fields: FieldSet, type_: Type | None) -> FieldSet:
    """Declared fields with something below them become members too (map keys and list items do not)."""
    out: FieldSet = {}
    for key, below in fields.items():
        if key == DOT:
            continue
        child, named = _descend(key, type_)
        children = with_named(below, child) if below else {}
        member = is_member(below) or (named and bool(children))
        kept = _node(member, children)
        if kept is not None:
            out[key] = kept
    return out


def _descend(key: str, type_: Type | None) -> tuple[Type | None, bool]:
    if type_ is None:
        return None, False
    if type_.kind == OBJECT and isinstance(type_, ObjectType):
        field = type_.field(key[2:])
        if field is not None:
            return field.type, True
        return type_.extra, False
    if type_.kind == LIST:
        return type_.items, False  # type: ignore[attr-defined]
    if type_.kind == MAP:
        return type_.values, False  # type: ignore[attr-defined]
    return type_, False


def paths(fields: FieldSet, prefix: str = "") -> Iterator[str]:
    """Members in the server's order and notation: `.spec.containers[name="c"].image`; members of a level come
    before what is below them."""
    keys = sorted((k for k in fields if k != DOT), key=_sort_key)
    for key in keys:
        if is_member(fields[key]):
            yield prefix + element_text(key)
    for key in keys:
        children = _children(fields[key])
        if children:
            yield from paths(children, prefix + element_text(key))


def _sort_key(key: str) -> tuple[int, Any]:
    kind, _, rest = key.partition(":")
    if kind == "k":
        return _ORDER["k"], [(k, _comparable(v)) for k, v in sorted(_load(rest).items())]
    if kind == "v":
        return _ORDER["v"], _comparable(_load(rest))
    return _ORDER.get(kind, 4), rest


def _comparable(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool):
        return 3, value
    if isinstance(value, int | float):
        return 0, value
    return (1, value) if isinstance(value, str) else (4, str(value))


def _load(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}


def element_text(key: str) -> str:
    kind, _, rest = key.partition(":")
    if kind == "f":
        return "." + rest
    if kind == "k":
        items = sorted(_load(rest).items())
        return "[" + ",".join(f"{k}={orjson.dumps(v).decode()}" for k, v in items) + "]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"
