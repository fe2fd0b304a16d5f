"""Values against schemas: what is refused, where, in which words."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.resources.dynamic.checks import Check


def texts(schema: dict[str, Any], value: Any, **more: Any) -> list[str]:
    return [e.text() for e in Check({"type": "object", "properties": {"f": schema}}).errors({"f": value}, **more)]


@pytest.mark.parametrize(
    "schema,value,expected",
    [
        ({"type": "integer"}, 1, []),
        ({"type": "integer"}, 1.0, []),
        ({"type": "integer"}, "1", ['f: Invalid value: "string": f in body must be of type integer: "string"']),
        ({"type": "integer"}, True, ['f: Invalid value: "boolean": f in body must be of type integer: "boolean"']),
        ({"type": "number"}, 1, []),
        ({"type": "string"}, None, ['f: Invalid value: "null": f in body must be of type string: "null"']),
        ({"type": "string", "nullable": True}, None, []),
        ({"type": "array", "items": {}}, {}, ['f: Invalid value: "object": f in body must be of type array: "object"']),
        ({"type": "integer", "minimum": 1}, 0, ["f: Invalid value: 0: f in body should be greater than or equal to 1"]),
        (
            {"type": "number", "minimum": 0, "exclusiveMinimum": True},
            0,
            ["f: Invalid value: 0: f in body should be greater than 0"],
        ),
        (
            {"type": "number", "maximum": 1.5, "exclusiveMaximum": True},
            1.5,
            ["f: Invalid value: 1.5: f in body should be less than 1.5"],
        ),
        (
            {"type": "number", "multipleOf": 0.5},
            0.7,
            ["f: Invalid value: 0.7: f in body should be a multiple of 0.5"],
        ),
        ({"type": "number", "multipleOf": 0.1}, 0.3, []),
        (
            {"type": "integer", "format": "int32"},
            1 << 40,
            ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in f'],
        ),
        ({"type": "string", "maxLength": 2}, "abc", ["f: Too long: may not be more than 2 bytes"]),
        (
            {"type": "string", "minLength": 2},
            "a",
            ['f: Invalid value: "a": f in body should be at least 2 chars long'],
        ),
        ({"type": "string", "pattern": "^a$"}, "b", ["f: Invalid value: \"b\": f in body should match '^a$'"]),
        (
            {"type": "string", "enum": ["x", "y"]},
            "z",
            ['f: Unsupported value: "z": supported values: "x", "y"'],
        ),
        ({"type": "integer", "enum": [1, 2]}, 3, ['f: Unsupported value: 3: supported values: "1", "2"']),
        (
            {"type": "array", "minItems": 1, "items": {"type": "string"}},
            [],
            ["f: Invalid value: 0: f in body should have at least 1 items"],
        ),
        (
            {"type": "array", "maxItems": 1, "items": {"type": "string"}},
            ["a", 2],
            [
                'f[1]: Invalid value: "integer": f[1] in body must be of type string: "integer"',
                "f: Too many: 2: must have at most 1 item",
            ],
        ),
        (
            {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
            {},
            ["f: Invalid value: 0: f in body should have at least 1 properties"],
        ),
        (
            {"type": "object", "required": ["b"], "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
            {"a": 1},
            ['f.a: Invalid value: "integer": f.a in body must be of type string: "integer"', "f.b: Required value"],
        ),
        (
            {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
            {"b": 1},
            ['f: Invalid value: "b": f.b in body is a forbidden property'],
        ),
        (
            {"type": "integer", "anyOf": [{"minimum": 5}, {"maximum": 1}]},
            3,
            [
                '<nil>: Invalid value: "": "f" must validate at least one schema (anyOf)',
                "f: Invalid value: 3: f in body should be greater than or equal to 5",
            ],
        ),
        (
            {"type": "integer", "allOf": [{"minimum": 5}, {"maximum": 1}]},
            3,
            [
                "f: Invalid value: 3: f in body should be greater than or equal to 5",
                "f: Invalid value: 3: f in body should be less than or equal to 1",
                '<nil>: Invalid value: "": "f" must validate all the schemas (allOf). None validated',
            ],
        ),
        (
            {"type": "integer", "not": {"minimum": 1}},
            3,
            ['<nil>: Invalid value: "": "f" must not validate the schema (not)'],
        ),
        ({"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}, "50%", []),
    ],
)
def test_errors(schema: dict[str, Any], value: Any, expected: list[str]) -> None:
    assert texts(schema, value) == expected


@pytest.mark.parametrize(
    "form,good,bad",
    [
        ("date-time", "2020-01-01T00:00:00Z", "2020-13-01T00:00:00Z"),
        ("date", "2020-02-29", "2021-02-29"),
        ("duration", "1h30m", "soon"),
        ("email", "a@b.c", "ab.c"),
        ("ipv4", "1.2.3.4", "1.2.3"),
        ("ipv6", "::1", "1.2.3.4"),
        ("cidr", "10.0.0.0/8", "10.0.0.0"),
        ("mac", "00:00:5e:00:53:01", "00:00:5e"),
        ("uuid", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae"),
        ("byte", "aGk=", "%"),
        ("hostname", "a.example.com", "a_b"),
        ("uri", "https://example.com", "no uri"),
        ("hexcolor", "#ff00aa", "#ff"),
        ("isbn", "9783598215001", "9783598215002"),
        ("creditcard", "4111 1111 1111 1111", "4111 1111 1111 1112"),
        ("k8s-short-name", "1-a", "A"),
        ("k8s-long-name", "a.b", "a..b"),
    ],
)
def test_formats(form: str, good: str, bad: str) -> None:
    schema = {"type": "string", "format": form}
    assert texts(schema, good) == []
    assert len(texts(schema, bad)) == 1


def test_an_unknown_format_is_not_checked() -> None:
    assert texts({"type": "string", "format": "shoe-size"}, "x") == []


def test_what_did_not_change_is_not_refused_again() -> None:
    check = Check({"type": "object", "properties": {"a": {"type": "integer", "maximum": 5}, "b": {"type": "integer"}}})
    assert check.errors({"a": 9, "b": 2}, old={"a": 9, "b": 1}) == []
    assert len(check.errors({"a": 8, "b": 2}, old={"a": 9, "b": 1})) == 1


def test_items_of_a_list_map_are_known_by_their_keys() -> None:
    item = {"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer", "maximum": 5}}}
    lists = {"type": "array", "items": item}
    keyed = {**lists, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    old = [{"k": "a", "v": 9}]
    new = [{"k": "b", "v": 1}, {"k": "a", "v": 9}]
    assert Check(keyed).errors(new, old=old) == []
    assert len(Check(lists).errors(new, old=old)) == 1
