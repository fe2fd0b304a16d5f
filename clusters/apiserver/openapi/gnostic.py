"""The v2 document as protobuf, which is the form that kubectl asks for when v3 does not know a kind.

Written from the JSON form by tables of field numbers; what has no number (or no meaning in v2) is left out.
Models: gnostic, openapiv2/OpenAPIv2.proto; kube-openapi, pkg/handler.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

Fields = Mapping[str, tuple[int, str]]

_SCHEMA: Fields = {
    "$ref": (1, "text"),
    "format": (2, "text"),
    "title": (3, "text"),
    "description": (4, "text"),
    "default": (5, "any"),
    "multipleOf": (6, "double"),
    "maximum": (7, "double"),
    "exclusiveMaximum": (8, "bool"),
    "minimum": (9, "double"),
    "exclusiveMinimum": (10, "bool"),
    "maxLength": (11, "int"),
    "minLength": (12, "int"),
    "pattern": (13, "text"),
    "maxItems": (14, "int"),
    "minItems": (15, "int"),
    "uniqueItems": (16, "bool"),
    "maxProperties": (17, "int"),
    "minProperties": (18, "int"),
    "required": (19, "texts"),
    "enum": (20, "anys"),
    "additionalProperties": (21, "schema or bool"),
    "type": (22, "type"),
    "items": (23, "items"),
    "allOf": (24, "schemas"),
    "properties": (25, "named schemas"),
    "example": (30, "any"),
    "x-": (31, "extension"),
}
_OPERATION: Fields = {
    "tags": (1, "texts"),
    "description": (3, "text"),
    "operationId": (5, "text"),
    "produces": (6, "texts"),
    "consumes": (7, "texts"),
    "parameters": (8, "parameters"),
    "responses": (9, "responses"),
    "schemes": (10, "texts"),
    "x-": (13, "extension"),
}
_PATH: Fields = {
    "get": (2, "operation"),
    "put": (3, "operation"),
    "post": (4, "operation"),
    "delete": (5, "operation"),
    "options": (6, "operation"),
    "head": (7, "operation"),
    "patch": (8, "operation"),
    "parameters": (9, "parameters"),
}
_BODY: Fields = {
    "description": (1, "text"),
    "name": (2, "text"),
    "in": (3, "text"),
    "required": (4, "bool"),
    "schema": (5, "schema"),
}
_QUERY: Fields = {
    "required": (1, "bool"),
    "in": (2, "text"),
    "description": (3, "text"),
    "name": (4, "text"),
    "type": (6, "text"),
    "uniqueItems": (20, "bool"),
}
_IN_PATH: Fields = {
    "required": (1, "bool"),
    "in": (2, "text"),
    "description": (3, "text"),
    "name": (4, "text"),
    "type": (5, "text"),
    "uniqueItems": (19, "bool"),
}
_INFO: Fields = {"title": (1, "text"), "version": (2, "text")}
_API_KEY: Fields = {"type": (1, "text"), "name": (2, "text"), "in": (3, "text"), "description": (4, "text")}


def encode(document: Mapping[str, Any]) -> bytes:
    """`openapi.v2.Document`."""
    paths = b"".join(_bytes(2, _named(name, _message(_PATH, path))) for name, path in document.get("paths", {}).items())
    definitions = b"".join(
        _bytes(1, _named(name, _message(_SCHEMA, body))) for name, body in document.get("definitions", {}).items()
    )
    keys = b"".join(
        _bytes(1, _named(name, _bytes(2, _message(_API_KEY, body))))
        for name, body in document.get("securityDefinitions", {}).items()
    )
    required = b"".join(
        _bytes(12, b"".join(_bytes(1, _named(name, _texts(1, scopes))) for name, scopes in each.items()))
        for each in document.get("security", ())
    )
    parameters = b"".join(
        _bytes(1, _named(name, _parameter(body))) for name, body in document.get("parameters", {}).items()
    )
    return b"".join(
        (
            _bytes(1, document.get("swagger", "").encode()),
            _bytes(2, _message(_INFO, document.get("info", {}))),
            _bytes(8, paths),
            _bytes(9, definitions),
            _bytes(10, parameters),
            required,
            _bytes(13, keys),
        )
    )


def _message(fields: Fields, value: Mapping[str, Any]) -> bytes:
    out = bytearray()
    for key, item in value.items():
        number, kind = fields.get("x-" if key.startswith("x-") else key, (0, ""))
        if number:
            out += _field(number, kind, key, item)
    return bytes(out)


def _field(number: int, kind: str, key: str, value: Any) -> bytes:
    if kind == "text":
        return _bytes(number, value.encode())
    if kind == "texts":
        return _texts(number, value)
    if kind == "bool":
        return _varint(number << 3) + _varint(int(bool(value)))
    if kind == "int":
        return _varint(number << 3) + _varint(value)
    if kind == "double":
        return _varint(number << 3 | 1) + struct.pack("<d", value)
    if kind == "extension":
        return _bytes(number, _named(key, _any(value)))
    if kind == "any":
        return _bytes(number, _any(value))
    if kind == "anys":
        return b"".join(_bytes(number, _any(v)) for v in value)
    if kind == "operation":
        return _bytes(number, _message(_OPERATION, value))
    if kind == "parameters":
        return b"".join(_bytes(number, _parameter_item(p)) for p in value)
    if kind == "responses":
        return _bytes(number, b"".join(_bytes(1, _named(code, _bytes(1, _response(r)))) for code, r in value.items()))
    return _of_schema(number, kind, value)


def _of_schema(number: int, kind: str, value: Any) -> bytes:
    if kind == "schema":
        return _bytes(number, _message(_SCHEMA, value))
    if kind == "schemas":
        return b"".join(_bytes(number, _message(_SCHEMA, v)) for v in value)
    if kind == "named schemas":
        inner = (_bytes(1, _named(name, _message(_SCHEMA, v))) for name, v in value.items())
        return _bytes(number, b"".join(inner))
    if kind == "items":
        return _bytes(number, _bytes(1, _message(_SCHEMA, value)))
    if kind == "type":
        return _bytes(number, _bytes(1, value.encode()))
    if isinstance(value, bool):
        return _bytes(number, _varint(2 << 3) + _varint(int(value)))
    return _bytes(number, _bytes(1, _message(_SCHEMA, value)))


def _parameter_item(value: Mapping[str, Any]) -> bytes:
    """A parameter, or a reference to one that all share."""
    if "$ref" in value:
        return _bytes(2, _bytes(1, value["$ref"].encode()))
    return _bytes(1, _parameter(value))


def _parameter(value: Mapping[str, Any]) -> bytes:
    where = value.get("in")
    if where == "body":
        return _bytes(1, _message(_BODY, value))
    if where == "path":
        return _bytes(2, _bytes(4, _message(_IN_PATH, value)))
    return _bytes(2, _bytes(3, _message(_QUERY, value)))


def _response(value: Mapping[str, Any]) -> bytes:
    out = _bytes(1, value.get("description", "").encode())
    if "schema" in value:
        out += _bytes(2, _bytes(1, _message(_SCHEMA, value["schema"])))
    return out


def _any(value: Any) -> bytes:
    """JSON is YAML."""
    return _bytes(2, orjson.dumps(value))


def _named(name: str, value: bytes) -> bytes:
    return _bytes(1, name.encode()) + _bytes(2, value)


def _texts(number: int, values: Iterable[str]) -> bytes:
    return b"".join(_bytes(number, v.encode()) for v in values)


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value & 0xFF,)) if value >= 0 else _varint(value + (1 << 64))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
