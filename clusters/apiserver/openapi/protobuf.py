"""OpenAPI v2 as protobuf: what kubectl asks for where it validates by itself.

Only the definitions are carried, with what validation looks at (types, references, required fields, descriptions,
Kubernetes' extensions); the paths are not. Field numbers are those of gnostic's `openapiv2.proto`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

_VARINT, _BYTES = 0, 2

# Document
_SWAGGER, _INFO, _PATHS, _DEFINITIONS = 1, 2, 8, 9
# Info
_TITLE, _VERSION = 1, 2
# NamedSchema, NamedAny
_NAME, _VALUE = 1, 2
# Schema
_REF, _FORMAT, _DESCRIPTION, _REQUIRED, _ADDITIONAL, _TYPE, _ITEMS, _PROPERTIES, _EXTENSION = (
    1, 2, 4, 19, 21, 22, 23, 25, 31,
)  # fmt: skip
_YAML = 2
_ONLY = 1


def document(doc: dict[str, Any]) -> bytes:
    """The protobuf form of a v2 document (as `documents.v2` gives it)."""
    info = _text(_TITLE, doc["info"]["title"]) + _text(_VERSION, doc["info"]["version"])
    definitions = b"".join(
        _message(_ONLY, _text(_NAME, name) + _message(_VALUE, _schema(schema)))
        for name, schema in doc["definitions"].items()
    )
    return (
        _text(_SWAGGER, doc["swagger"])
        + _message(_INFO, info)
        + _message(_PATHS, b"")
        + _message(_DEFINITIONS, definitions)
    )


def _schema(schema: dict[str, Any]) -> bytes:
    parts: list[bytes] = []
    if "$ref" in schema:
        parts.append(_text(_REF, schema["$ref"]))
    for key, number in (("format", _FORMAT), ("description", _DESCRIPTION)):
        if schema.get(key):
            parts.append(_text(number, schema[key]))
    parts.extend(_text(_REQUIRED, name) for name in schema.get("required") or ())
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        parts.append(_message(_ADDITIONAL, _message(1, _schema(extra))))
    elif extra is not None:
        parts.append(_message(_ADDITIONAL, _key(2, _VARINT) + _varint(int(extra))))
    kinds = schema.get("type")
    if kinds:
        names: Iterable[str] = [kinds] if isinstance(kinds, str) else kinds
        parts.append(_message(_TYPE, b"".join(_text(_ONLY, name) for name in names)))
    if isinstance(schema.get("items"), dict):
        parts.append(_message(_ITEMS, _message(_ONLY, _schema(schema["items"]))))
    properties = schema.get("properties")
    if properties:
        body = b"".join(
            _message(_ONLY, _text(_NAME, name) + _message(_VALUE, _schema(one))) for name, one in properties.items()
        )
        parts.append(_message(_PROPERTIES, body))
    for key, value in schema.items():
        if key.startswith("x-"):
            # JSON is YAML.
            yaml = _message(_VALUE, _message(_YAML, orjson.dumps(value)))
            parts.append(_message(_EXTENSION, _text(_NAME, key) + yaml))
    return b"".join(parts)


def _key(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _message(number: int, body: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(body)) + body


def _text(number: int, text: str) -> bytes:
    return _message(number, text.encode())
