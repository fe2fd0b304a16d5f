"""A structural schema as CEL sees it: the type of its values, and the values themselves.

Models: apiserver, pkg/cel/common/{schemas,values}.go; apiextensions-apiserver, pkg/apiserver/schema/cel/model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.lexer import RESERVED
from clusters.machinery.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    ObjectType,
    Type,
    list_of,
    map_of,
)
from clusters.machinery.cel.values import parse_date, parse_duration, parse_timestamp

Schema = Mapping[str, Any]
Convert = Callable[[Any], Any]

_SCALARS = {"boolean": BOOL, "number": DOUBLE, "integer": INT}
_FORMATS = {"byte": BYTES, "duration": DURATION, "date": TIMESTAMP, "date-time": TIMESTAMP}
_META = ObjectType("objectMeta", {"name": STRING, "generateName": STRING})
_ESCAPED = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_escapes = re.compile(r"__|\.|-|/").sub
_name = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*").fullmatch
_KEYWORDS = RESERVED | {"true", "false", "null", "in"}


def escaped(name: str) -> str | None:
    """A property's name as an identifier; None if it has none."""
    if name in _KEYWORDS:
        return f"__{name}__"
    out = _escapes(lambda found: _ESCAPED[found.group()], name)
    return out if _name(out) else None


def cel_type(schema: Schema, *, root: bool = False) -> Type | None:
    """The type of the schema's values; None where a schema says too little for rules."""
    if schema.get("x-kubernetes-int-or-string"):
        return DYN
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items")
        item = cel_type(items) if isinstance(items, dict) else None
        return list_of(item) if item is not None else None
    if kind == "object":
        return _object(schema, root=root or bool(schema.get("x-kubernetes-embedded-resource")))
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), STRING)
    return _SCALARS.get(kind or "")


def _object(schema: Schema, *, root: bool) -> Type | None:
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        value = cel_type(extra)
        return map_of(STRING, value) if value is not None else None
    fields: dict[str, Type] = {}
    for name, each in (schema.get("properties") or {}).items():
        known, key = cel_type(each), escaped(name)
        if known is not None and key is not None:
            fields[key] = known
    if root:
        fields |= {"apiVersion": STRING, "kind": STRING, "metadata": _META}
    return ObjectType("object", fields)


def converter(schema: Schema) -> Convert | None:
    """How JSON values become CEL values; None if they are the same."""
    if schema.get("x-kubernetes-int-or-string"):
        return None
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items")
        inner = converter(items) if isinstance(items, dict) else None
        return _items(inner) if inner is not None else None
    if kind == "object":
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            inner = converter(extra)
            return _values(inner) if inner is not None else None
        return _fields(schema)
    if kind == "string":
        return _PARSED.get(schema.get("format", ""))
    return _double if kind == "number" else None


def _double(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _parsed(parse: Callable[[str], Any]) -> Convert:
    def convert(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return parse(value)
        except (CelError, ValueError):
            return value

    return convert


def _decode(text: str) -> bytes:
    import base64

    return base64.b64decode(text)


_PARSED: dict[str, Convert] = {
    "byte": _parsed(_decode),
    "duration": _parsed(parse_duration),
    "date": _parsed(parse_date),
    "date-time": _parsed(parse_timestamp),
}


def _items(inner: Convert) -> Convert:
    return lambda value: [inner(v) for v in value] if isinstance(value, list) else value


def _values(inner: Convert) -> Convert:
    return lambda value: {k: inner(v) for k, v in value.items()} if isinstance(value, dict) else value


def _fields(schema: Schema) -> Convert | None:
    changes: dict[str, tuple[str, Convert | None]] = {}
    for name, each in (schema.get("properties") or {}).items():
        key, inner = escaped(name), converter(each)
        if inner is not None or key != name:
            changes[name] = (key or name, inner)
    if not changes:
        return None

    def convert(value: Any) -> Any:
        if not isinstance(value, dict) or not changes.keys() & value.keys():
            return value
        out: dict[str, Any] = {}
        for name, item in value.items():
            change = changes.get(name)
            if change is None:
                out[name] = item
            else:
                key, inner = change
                out[key] = inner(item) if inner is not None else item
        return out

    return convert
