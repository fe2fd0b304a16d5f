"""What structural schemas say beyond OpenAPI: lists that are maps or sets, objects within objects.

Models: apiextensions-apiserver, pkg/apiserver/schema/{listtype,objectmeta}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from clusters.machinery.field import ErrorList, Path, duplicate, invalid, required
from clusters.machinery.names import dns1035_label, path_segment_name
from clusters.machinery.types import Obj
from clusters.resources.common.meta import object_meta_errors

_EMBEDDED = "x-kubernetes-embedded-resource"
_LIST_TYPE, _LIST_KEYS = "x-kubernetes-list-type", "x-kubernetes-list-map-keys"


def uses(schema: Mapping[str, Any], *names: str) -> bool:
    """Whether one of the extensions stands anywhere in a schema."""
    if any(schema.get(n) for n in names):
        return True
    items, extra = schema.get("items"), schema.get("additionalProperties")
    return (
        any(uses(v, *names) for v in (schema.get("properties") or {}).values())
        or (isinstance(items, dict) and uses(items, *names))
        or (isinstance(extra, dict) and uses(extra, *names))
    )


def list_errors(value: Any, schema: Mapping[str, Any], path: Path) -> ErrorList:
    """Items that a set or a list map has twice."""
    errors: ErrorList = []
    if isinstance(value, list):
        kind = schema.get(_LIST_TYPE)
        if kind == "set":
            errors += _set_errors(value, path)
        elif kind == "map":
            errors += _map_errors(value, schema.get(_LIST_KEYS) or (), path)
        items = schema.get("items")
        if isinstance(items, dict):
            for i, item in enumerate(value):
                errors += list_errors(item, items, path.index(i))
    elif isinstance(value, dict):
        properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
        for key, item in value.items():
            if key in properties:
                errors += list_errors(item, properties[key], path.child(key))
            elif isinstance(extra, dict):
                errors += list_errors(item, extra, path.key(key))
    return errors


def _set_errors(value: list[Any], path: Path) -> ErrorList:
    errors: ErrorList = []
    seen: set[bytes] = set()
    reported: set[bytes] = set()
    for i, item in enumerate(value):
        text = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
        if text in seen and text not in reported:
            errors.append(duplicate(path.index(i), item))
            reported.add(text)
        seen.add(text)
    return errors


def _map_errors(value: list[Any], keys: Sequence[str], path: Path) -> ErrorList:
    errors: ErrorList = []
    seen: set[bytes] = set()
    reported: set[bytes] = set()
    for i, item in enumerate(value):
        if item is None:
            continue
        if not isinstance(item, dict):
            errors.append(invalid(path.index(i), item, "must be an object for an array of list-type map"))
            continue
        found = {k: item[k] for k in keys if k in item}
        text = orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
        if text in seen and text not in reported:
            errors.append(duplicate(path.index(i), found))
            reported.add(text)
        seen.add(text)
    return errors


def embedded_errors(value: Any, schema: Mapping[str, Any], path: Path) -> ErrorList:
    """Objects within the object have apiVersion, kind and proper metadata, too."""
    errors: ErrorList = []
    if isinstance(value, list):
        items = schema.get("items")
        if isinstance(items, dict):
            for i, item in enumerate(value):
                errors += embedded_errors(item, items, path.index(i))
    elif isinstance(value, dict):
        if schema.get(_EMBEDDED):
            errors += _embedded(value, path)
        properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
        for key, item in value.items():
            if key in properties:
                errors += embedded_errors(item, properties[key], path.child(key))
            elif isinstance(extra, dict):
                errors += embedded_errors(item, extra, path.key(key))
    return errors


def _embedded(value: Obj, path: Path) -> ErrorList:
    errors: ErrorList = [required(path.child(k), "must not be empty") for k in ("apiVersion", "kind") if k not in value]
    for key in ("apiVersion", "kind"):
        if key not in value:
            continue
        text, at = value[key], path.child(key)
        if not isinstance(text, str):
            errors.append(invalid(at, text, "must be a string"))
        elif not text:
            errors.append(invalid(at, text, "must not be empty"))
        elif key == "apiVersion" and text.count("/") > 1:
            errors.append(invalid(at, text, f"unexpected GroupVersion string: {text}"))
        elif key == "kind":
            wrong = dns1035_label(text.lower())
            if wrong:
                why = "may have mixed case, but should otherwise match: " + ",".join(wrong)
                errors.append(invalid(at, text, why))
    meta = value.get("metadata")
    if isinstance(meta, dict):
        named = {"name": "fakename", **meta}
        errors += object_meta_errors(
            named,
            namespaced=bool(named.get("namespace")),
            validate_name=lambda name, *, prefix: path_segment_name(name, prefix=prefix),
            path=path.child("metadata"),
            builtin=False,
        )
    return errors
