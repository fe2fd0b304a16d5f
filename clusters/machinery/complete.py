"""What Go writes for fields that nobody set: `resources: {}`, `status.replicas: 0`, `eventTime: null`.

`complete` runs after defaulting and again before an object is stored, so that stored objects have the exact
form that a real server answers with. It copies on write, and looks into nothing that it has seen: subtrees
shared with `known` (the stored object that this one was made from) are complete already.

Models: encoding/json of the API types (omitempty, see `gotypes`).
"""

from __future__ import annotations

from typing import Any

from clusters.machinery.schema import LIST, MAP, OBJECT, ObjectType, Type
from clusters.machinery.types import Obj


def complete(obj: Obj, type_: ObjectType, known: Obj | None = None) -> Obj:
    """`obj` itself if nothing is missing, else a copy with the missing zeros (changed paths only)."""
    if type_.loose:
        return obj
    return _object(obj, type_, known)  # type: ignore[no-any-return]


def complete_in_place(obj: Obj, type_: ObjectType, known: Obj | None = None) -> bool:
    """As `complete`, for an object whose own dict and metadata belong to the caller, who may hold on to both.
    True if nothing was missing."""
    done = complete(obj, type_, known)
    if done is obj:
        return True
    meta, filled = obj.get("metadata"), done.get("metadata")
    if meta is not None and filled is not meta:
        meta.clear()
        meta.update(filled)
        done["metadata"] = meta
    obj.update(done)
    return False


def _object(value: Any, type_: ObjectType, known: Any) -> Any:
    if value is known or type(value) is not dict:
        return value
    deep = type_.deep_ if type_.deep_ is not None else type_.deep
    out = value
    if deep:
        before = known if type(known) is dict else _EMPTY
        for key in deep.keys() & value.keys():
            item, seen = value[key], before.get(key)
            if item is not seen:
                done = _node(item, deep[key], seen)
                if done is not item:
                    if out is value:
                        out = dict(value)
                    out[key] = done
    if not type_.zero_names_ <= value.keys():
        if out is value:
            out = dict(value)
        for field in type_.zeros_:
            if field.name not in value:
                zero = field.zero
                out[field.name] = zero if type(zero) is not dict else _object({}, field.type, None)  # type: ignore[arg-type]
    return out


_EMPTY: dict[str, Any] = {}


def _node(value: Any, node: Type, known: Any) -> Any:
    kind = node.kind
    if kind == OBJECT:
        return _object(value, node, known)  # type: ignore[arg-type]
    if kind == LIST:
        if type(value) is not list:
            return value
        items: Type = node.items  # type: ignore[attr-defined]
        before = known if type(known) is list and len(known) == len(value) else None
        out = value
        for i, item in enumerate(value):
            done = _node(item, items, before[i] if before is not None else None)
            if done is not item:
                if out is value:
                    out = list(value)
                out[i] = done
        return out
    if kind == MAP and type(value) is dict:
        values: Type = node.values  # type: ignore[attr-defined]
        return {k: _node(v, values, None) for k, v in value.items()}
    return value
