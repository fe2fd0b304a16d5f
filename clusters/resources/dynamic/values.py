"""What a schema adds to an object, and what it takes away: defaults and unknown fields.

Models: apiextensions-apiserver, pkg/apiserver/schema/{defaulting,pruning}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from clusters.machinery.convert import Run
from clusters.machinery.schema import ObjectType
from clusters.machinery.types import Obj

_KEPT = ("apiVersion", "kind", "metadata")


def has_defaults(schema: Mapping[str, Any]) -> bool:
    """Whether there is a default anywhere in a schema."""
    if schema.get("default") is not None:
        return True
    items, extra = schema.get("items"), schema.get("additionalProperties")
    return (
        any(has_defaults(v) for v in (schema.get("properties") or {}).values())
        or (isinstance(items, dict) and has_defaults(items))
        or (isinstance(extra, dict) and has_defaults(extra))
    )


def apply_defaults(value: Any, schema: Mapping[str, Any]) -> None:
    """Fill in absent fields, and nulls where null is not allowed, in place."""
    if isinstance(value, dict):
        properties: Mapping[str, Any] = schema.get("properties") or {}
        for key, each in properties.items():
            default = each.get("default")
            if default is not None and (key not in value or (value[key] is None and not each.get("nullable"))):
                value[key] = orjson.loads(orjson.dumps(default))
        extra = schema.get("additionalProperties")
        for key in value:
            if key in properties:
                apply_defaults(value[key], properties[key])
            elif isinstance(extra, dict):
                _replace_null(value, key, extra)
                apply_defaults(value[key], extra)
    elif isinstance(value, list):
        items = schema.get("items")
        if isinstance(items, dict):
            for i in range(len(value)):
                _replace_null(value, i, items)
                apply_defaults(value[i], items)


def _replace_null(holder: Any, key: Any, schema: Mapping[str, Any]) -> None:
    if holder[key] is None and not schema.get("nullable") and schema.get("default") is not None:
        holder[key] = orjson.loads(orjson.dumps(schema["default"]))


def pruned(obj: Obj, type_: ObjectType) -> Obj:
    """A copy without fields that the type does not know; what is unchanged is shared."""
    body = {k: v for k, v in obj.items() if k not in _KEPT}
    kept: Obj = {k: obj[k] for k in _KEPT if k in obj}
    kept.update(Run(collect=False).prune(type_, body, None, []))
    return kept
