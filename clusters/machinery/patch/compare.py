"""Which fields a write set, changed or took away, by comparing two objects of one type.

Models: structured-merge-diff, typed/compare.go.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from clusters.machinery.patch.fieldset import DOT, FieldSet
from clusters.machinery.patch.typed import ABSENT, granular, indexed, member_type
from clusters.machinery.schema import ANY, LIST, MAP, OBJECT, ListType, Type

Change = tuple[FieldSet | None, FieldSet | None]
"""(set or changed, gone); None for nothing."""
_SAME: Change = (None, None)
LEAF: FieldSet = {}


def compare(node: Type, left: Any, right: Any) -> Change:
    """What `right` sets or changes, and what it lacks, as seen from `left`; None for nothing."""
    if left is right:
        return _SAME
    way = granular(node, left, right)
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
        return LEAF, None
    if right is ABSENT:
        return None, LEAF
    if left == right and (left is None) == (right is None):
        return _SAME
    return LEAF, None


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
        child = member_type(node, key)
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
                child = member_type(node, key)
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
    before, after = indexed(node, left), indexed(node, right)
    for key, values in after.items():
        others = before.get(key)
        if others is None:
            more: FieldSet | None = added(node.items, values[0]) if len(values) == 1 else LEAF
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
            removed[key] = added(node.items, others[0]) if len(others) == 1 else LEAF
    return taken or None, removed or None


def added(node: Type, value: Any) -> FieldSet:
    """All fields of a value that was not there: every container with itself and what is in it."""
    kind = node.kind
    out: FieldSet
    if kind == OBJECT:
        if type(value) is not dict or not value or node.atomic:  # type: ignore[attr-defined]
            return LEAF
        fields = node.fields_ or node.fields  # type: ignore[attr-defined]
        out = {DOT: {}}
        for key, item in value.items():
            field = fields.get(key)
            child = field.type if field is not None else node.extra  # type: ignore[attr-defined]
            if child is not None:
                inner = item and child.kind >= ANY and (type(item) is dict or type(item) is list)
                out["f:" + key] = added(child, item) if inner else LEAF
        return out
    way = granular(node, value)
    if not value or not way:
        return LEAF
    if way == LIST and type(value) is list:
        items = node.items  # type: ignore[attr-defined]
        out = {DOT: {}}
        for key, found in indexed(node, value).items():  # type: ignore[arg-type]
            out[key] = added(items, found[0]) if len(found) == 1 else LEAF
        return out
    if way == MAP and type(value) is dict:
        child = member_type(node, "")
        if child is None or child.kind < ANY:
            return {DOT: {}, **{"f:" + key: LEAF for key in value}}
        return {DOT: {}, **{"f:" + key: added(child, item) for key, item in value.items()}}
    return LEAF
