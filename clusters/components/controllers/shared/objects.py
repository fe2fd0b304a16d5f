"""Copies for writing. A stored object is never changed, and an object handed to the client belongs to the
server, so what is written starts as a copy: of the top and metadata (`draft`), or of everything (`deep`).
"""

from __future__ import annotations

from typing import Any, TypeVar

import orjson

from clusters.machinery.types import Obj

T = TypeVar("T")


def draft(obj: Obj, **fields: Any) -> Obj:
    """A copy with its own top level and metadata; `fields` replace top-level fields."""
    return {**obj, "metadata": dict(obj["metadata"]), **fields}


def deep(value: T) -> T:
    """A private copy of JSON data."""
    copy: T = orjson.loads(orjson.dumps(value))
    return copy


def with_annotations(obj: Obj, changes: dict[str, str | None]) -> Obj:
    """A draft with annotations set or (None) removed."""
    out = draft(obj)
    annotations = {**(obj["metadata"].get("annotations") or {})}
    for key, value in changes.items():
        if value is None:
            annotations.pop(key, None)
        else:
            annotations[key] = value
    if annotations:
        out["metadata"]["annotations"] = annotations
    else:
        out["metadata"].pop("annotations", None)
    return out


def without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields without zero numbers, empty texts, lists and None: what Go's omitempty leaves out."""
    return {k: v for k, v in fields.items() if v is not None and v != 0 and v != "" and v != [] and v != {}}
