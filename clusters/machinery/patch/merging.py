"""An object with a configuration laid over it, and an object without some of its fields.

Models: structured-merge-diff, typed/merge.go and typed/remove.go.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from clusters.machinery.patch.fieldset import FieldSet, element_text, is_member
from clusters.machinery.patch.typed import ABSENT, TypedError, granular, item_key, member_type
from clusters.machinery.schema import LIST, MAP, OBJECT, ListType, Type


def merge(node: Type, left: Any, right: Any) -> Any:
    """`left` with what `right` sets; ABSENT if nothing is left. Shares what it does not change."""
    if right is ABSENT:
        return left
    if left is ABSENT:
        left = None
    way = granular(node, left, right)
    if not way or (not left and not right):
        return right
    if way == LIST:
        return _merge_lists(node, left or [], right or [])  # type: ignore[arg-type]
    if right is not None and type(right) is not dict:
        return right
    base = left if type(left) is dict else {}
    out = dict(base)
    for key, item in (right or {}).items():
        child = member_type(node, key)
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


def remove(node: Type, value: Any, fields: FieldSet) -> Any:
    """`value` without the members of `fields`; ABSENT if nothing is left of it."""
    if not fields or not value:
        return value
    way = granular(node, value)
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
                child = member_type(node, key)
                rest = remove(child, item, below) if child is not None else item
                if rest is not ABSENT:
                    out[key] = rest
        return out or ABSENT
    return value
