"""OpenAPI v2 as protobuf, read back by a decoder that knows nothing but the wire format."""

from __future__ import annotations

import struct
from typing import Any

from clusters.apiserver.openapi import gnostic


def read(body: bytes) -> dict[int, list[Any]]:
    """Field number → values (bytes, or int for varints)."""
    out: dict[int, list[Any]] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(body):
        key = varint()
        number, wire = key >> 3, key & 7
        if wire == 0:
            out.setdefault(number, []).append(varint())
        elif wire == 1:
            out.setdefault(number, []).append(struct.unpack_from("<d", body, at)[0])
            at += 8
        else:
            assert wire == 2
            size = varint()
            out.setdefault(number, []).append(body[at : at + size])
            at += size
    return out


DOC = {
    "swagger": "2.0",
    "info": {"title": "Kubernetes", "version": "v1.36.2"},
    "definitions": {
        "a.Thing": {
            "description": "d" * 300,
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "format": "int32", "minimum": 0.5, "maxLength": 300, "enum": [1, "x"]},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "parts": {"type": "array", "items": {"$ref": "#/definitions/a.Part"}},
            },
            "x-kubernetes-group-version-kind": [{"group": "a", "version": "v1", "kind": "Thing"}],
        },
        "a.Part": {"type": "object", "additionalProperties": True},
    },
    "paths": {
        "/a/{name}": {
            "patch": {
                "operationId": "patchThing",
                "parameters": [
                    {"name": "fieldValidation", "in": "query", "type": "string", "uniqueItems": True},
                    {"name": "body", "in": "body", "required": True, "schema": {"type": "object"}},
                ],
                "responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/a.Thing"}}},
                "x-kubernetes-action": "patch",
            },
            "parameters": [{"name": "name", "in": "path", "required": True, "type": "string"}],
        }
    },
}


def test_document_carries_the_definitions_with_types_references_and_extensions() -> None:
    document = read(gnostic.encode(DOC))
    assert document[1] == [b"2.0"]
    definitions = {read(d)[1][0].decode(): read(read(d)[2][0]) for d in read(document[9][0])[1]}
    thing = definitions["a.Thing"]
    assert thing[4] == [b"d" * 300]
    assert thing[19] == [b"size"]
    assert read(thing[22][0])[1] == [b"object"]
    properties = {read(p)[1][0].decode(): read(read(p)[2][0]) for p in read(thing[25][0])[1]}
    size = properties["size"]
    assert (size[2], size[9], size[11]) == ([b"int32"], [0.5], [300])
    assert [read(v)[2] for v in size[20]] == [[b"1"], [b'"x"']]
    assert read(read(properties["labels"][21][0])[1][0])[22]
    assert read(read(properties["parts"][23][0])[1][0])[1] == [b"#/definitions/a.Part"]
    extension = read(thing[31][0])
    assert extension[1] == [b"x-kubernetes-group-version-kind"]
    assert read(extension[2][0])[2] == [b'[{"group":"a","version":"v1","kind":"Thing"}]']
    assert read(definitions["a.Part"][21][0])[2] == [1]


def test_paths_say_which_parameters_their_operations_have() -> None:
    (named,) = (read(p) for p in read(read(gnostic.encode(DOC))[8][0])[2])
    assert named[1] == [b"/a/{name}"]
    path = read(named[2][0])
    patch = read(path[8][0])
    assert patch[5] == [b"patchThing"]
    query, body = (read(read(p)[1][0]) for p in patch[8])
    assert read(read(query[2][0])[3][0]) == {2: [b"query"], 4: [b"fieldValidation"], 6: [b"string"], 20: [1]}
    assert read(body[1][0])[2] == [b"body"]
    assert read(read(read(read(path[9][0])[1][0])[2][0])[4][0])[4] == [b"name"]
    code = read(read(patch[9][0])[1][0])
    assert code[1] == [b"200"]
    assert read(read(code[2][0])[1][0])[1] == [b"OK"]
