"""Declared input: parsed, bounded, documented."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.web.api.fields import (
    Document,
    Duration,
    Flag,
    Integer,
    Kind,
    Param,
    Quantity,
    Speed,
    Text,
    Texts,
    object_schema,
    parse,
)
from clusters.web.api.problems import Problem


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (Text(), "a", "a"),
        (Integer(), 5, 5),
        (Integer(), "5", 5),
        (Flag(), "true", True),
        (Flag(), False, False),
        (Quantity(), 4, "4"),
        (Quantity(whole=True), "16Gi", "16Gi"),
        (Speed(), "max", "max"),
        (Speed(), 10, "10"),
        (Speed(), "0", "0"),
        (Duration(), "90s", 90_000_000),
        (Duration(), "1h30m", 5_400_000_000),
        (Duration(), 2, 2_000_000),
        (Texts(item=Text(max=3), max=3), "a,b", ["a", "b"]),
        (Texts(item=Text(max=3), max=3), ["a"], ["a"]),
        (Document(), {"a": 1}, {"a": 1}),
    ],
)
def test_good_values(kind: Kind, raw: Any, value: Any) -> None:
    assert kind.parse(raw) == value


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (Text(max=3), "abcd"),
        (Text(min=1), ""),
        (Text(), 5),
        (Text(), "a\x00"),
        (Text(choices=("a", "b")), "c"),
        (Text(pattern="[a-z]+"), "A"),
        (Integer(low=1), 0),
        (Integer(), True),
        (Integer(), 1.5),
        (Integer(), "x"),
        (Integer(), "9" * 400),
        (Flag(), "maybe"),
        (Quantity(), "lots"),
        (Quantity(), "-1"),
        (Quantity(), "0"),
        (Quantity(), True),
        (Quantity(), "1e99"),
        (Speed(), "fast"),
        (Speed(), "1e9"),
        (Speed(), "nan"),
        (Duration(), "soon"),
        (Duration(), ""),
        (Duration(), "0s"),
        (Duration(), float("nan")),
        (Duration(), 1e30),
        (Texts(item=Text(), max=2), ["a", "b", "c"]),
        (Texts(item=Text(), max=2), [1]),
        (Document(), []),
    ],
)
def test_bad_values_have_a_message(kind: Kind, raw: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        kind.parse(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
ALL = (
    Param("text", Text(max=20, pattern="[a-z]*")),
    Param("int", Integer(high=10)),
    Param("flag", Flag()),
    Param("cpu", Quantity()),
    Param("speed", Speed()),
    Param("duration", Duration()),
    Param("zones", Texts(item=Text(max=3), max=3)),
    Param("doc", Document()),
)


@given(st.dictionaries(st.sampled_from([p.name for p in ALL]) | st.text(max_size=8), JSON))
def test_whatever_is_sent_either_parses_or_is_a_problem(raw: dict[str, Any]) -> None:
    refused: Problem | None = None
    values: dict[str, Any] = {}
    try:
        values = parse(ALL, raw)
    except Problem as problem:
        refused = problem
    if refused is not None:
        assert refused.status == 422
        assert refused.errors
    else:
        assert set(values) == {p.name for p in ALL}


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(Problem) as caught:
        parse((Param("name", Text(), required=True), Param("pods", Integer(high=5))), {"pods": 9, "pod": 1})
    assert [e["field"] for e in caught.value.errors] == ["pod", "name", "pods"]
    assert "did you mean pods?" in caught.value.errors[0]["message"]


def test_schema_of_a_body_says_what_is_required_and_bounded() -> None:
    schema = object_schema((Param("name", Text(max=5), "Its name.", required=True), Param("n", Integer(), default=3)))
    assert schema["required"] == ["name"]
    assert schema["properties"]["name"] == {"type": "string", "maxLength": 5, "description": "Its name."}
    assert schema["properties"]["n"]["default"] == 3
