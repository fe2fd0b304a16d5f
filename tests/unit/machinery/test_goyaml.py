import pytest

from clusters.machinery.gojson import GoJsonError
from clusters.machinery.goyaml import parse_yaml, parse_yaml_strict


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes", {"a": True}),
        ("a: off", {"a": False}),
        ("y: n", {"true": False}),
        ("a: 0777", {"a": 511}),
        ("a: 0o17", {"a": 15}),
        ("a: 0x1F", {"a": 31}),
        ("a: 1_000", {"a": 1000}),
        ("a: 1e3", {"a": 1000}),
        ("a: 1.5", {"a": 1.5}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: 2001-01-01", {"a": "2001-01-01"}),
        ("a: ~\nb:\nc: null", {"a": None, "b": None, "c": None}),
        ("a: ''\nb: '1'", {"a": "", "b": "1"}),
        ("1: x\n0x10: z", {"1": "x", "16": "z"}),
        ("a: !!str 12", {"a": "12"}),
        ("a: |\n  1\n", {"a": "1\n"}),
        ("<<: {a: 1, b: 2}\nb: 3", {"b": 3, "a": 1}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ('{"a": [1, "b"]}', {"a": [1, "b"]}),
        ("a: 1\n---\nb: 2", {"a": 1}),
        ("", None),
    ],
)
def test_values_are_those_of_kubernetes_yaml(text, value):
    assert parse_yaml(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("a: 1\nb: c: d", "yaml: line 2: mapping values are not allowed in this context"),
        ("a:\n\tb: 1", "yaml: line 2: found character that cannot start any token"),
        ("a: *y", "yaml: unknown anchor 'y' referenced"),
        ("a: .nan", "json: unsupported value: NaN"),
        ("? [a]\n: b", "yaml: invalid map key: slice"),
    ],
)
def test_refusals(text, message):
    with pytest.raises(GoJsonError) as refused:
        parse_yaml(text.encode())
    assert str(refused.value) == message


def test_an_anchor_cannot_contain_itself():
    with pytest.raises(GoJsonError, match="value contains itself"):
        parse_yaml(b"a: &a {b: *a}")


def test_duplicate_keys_are_named_with_their_line():
    value, duplicates = parse_yaml_strict(b"metadata:\n  name: a\ndata:\n  k: a\n  k: b\n")
    assert value["data"] == {"k": "b"}
    assert duplicates == ['line 5: key "k" already set in map']


def test_aliases_cannot_explode():
    lines = ['a: &a ["x","x","x","x","x","x","x","x","x"]']
    for i in range(8):
        old, new = chr(97 + i), chr(98 + i)
        lines.append(f"{new}: &{new} [{','.join(['*' + old] * 9)}]")
    with pytest.raises(GoJsonError, match="document contains excessive aliasing"):
        parse_yaml("\n".join(lines).encode())


def test_depth_is_limited():
    with pytest.raises(GoJsonError):
        parse_yaml(b"[" * 3000 + b"]" * 3000)
