"""OpenAPI v2 as protobuf, read back by a decoder that knows nothing but the wire format."""

from __future__ import annotations

from typing import Any

from clusters.apiserver.openapi import protobuf


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
                "size": {"type": "integer", "format": "int32"},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "parts": {"type": "array", "items": {"$ref": "#/definitions/a.Part"}},
            },
            "x-kubernetes-group-version-kind": [{"group": "a", "version": "v1", "kind": "Thing"}],
        },
        "a.Part": {"type": "object", "additionalProperties": True},
    },
}


def test_document_carries_the_definitions_with_types_references_and_extensions() -> None:
    document = read(protobuf.document(DOC))
    assert document[1] == [b"2.0"]
    definitions = {read(d)[1][0].decode(): read(read(d)[2][0]) for d in read(document[9][0])[1]}
    thing = definitions["a.Thing"]
    assert thing[4] == [b"d" * 300]
    assert thing[19] == [b"size"]
    assert read(thing[22][0])[1] == [b"object"]
    properties = {read(p)[1][0].decode(): read(read(p)[2][0]) for p in read(thing[25][0])[1]}
    assert properties["size"][2] == [b"int32"]
    assert read(read(properties["labels"][21][0])[1][0])[22]
    assert read(read(properties["parts"][23][0])[1][0])[1] == [b"#/definitions/a.Part"]
    extension = read(thing[31][0])
    assert extension[1] == [b"x-kubernetes-group-version-kind"]
    assert read(extension[2][0])[2] == [b'[{"group":"a","version":"v1","kind":"Thing"}]']
    assert read(definitions["a.Part"][21][0])[2] == [1]
