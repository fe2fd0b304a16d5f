"""What rules may cost at worst, with and without limits: the numbers of the real server's own tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clusters.resources.dynamic.cel_types import cel_type
from clusters.resources.dynamic.costs import STATIC_LIMIT, cost_message, estimate
from clusters.resources.dynamic.rules import Rule

Schema = dict[str, Any]
Make = Callable[[int | None], Schema]
FORMATS = ("duration", "date", "date-time")


def scalar(kind: str) -> Schema:
    if kind == "int-or-string":
        return {"x-kubernetes-int-or-string": True}
    return {"type": "string", "format": kind} if kind in FORMATS else {"type": kind}


def limited(schema: Schema, **limits: int | None) -> Schema:
    return {**schema, **{name: limit for name, limit in limits.items() if limit is not None}}


def array(item: Schema, limit: int | None = None) -> Schema:
    return limited({"type": "array", "items": item}, maxItems=limit)


def mapping(value: Schema, limit: int | None = None) -> Schema:
    return limited({"type": "object", "additionalProperties": value}, maxProperties=limit)


def text(limit: int | None = None) -> Schema:
    return limited({"type": "string"}, maxLength=limit)


def arrays(kind: str) -> Make:
    return lambda limit: array(scalar(kind), limit)


def maps(kind: str) -> Make:
    return lambda limit: mapping(scalar(kind), limit)


def fields(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


ITEM = {**fields(required=text(), optional=text()), "required": ["required"]}


@pytest.mark.parametrize(
    ("make", "rule", "unlimited", "limit", "cost"),
    [
        (arrays("number"), "self.all(x, true)", 4718591, 10, 32),
        (arrays("string"), "self.all(x, true)", 3145727, 20, 62),
        (arrays("boolean"), "self.all(x, true)", 1887437, 5, 17),
        (lambda n: array(array(scalar("number")), n), "self.all(x, true)", 3145727, 100, 302),
        (lambda n: array(ITEM, n), "self.all(x, true)", 555128, 50, 152),
        (maps("number"), "self.all(x, true)", 1348169, 10, 32),
        (maps("string"), "self.all(x, true)", 1179647, 3, 11),
        (maps("boolean"), "self.all(x, true)", 943718, 100, 302),
        (text, "self.contains('test')", 314574, 10, 5),
        (text, "self.startsWith('test')", 2, 15, 2),
        (text, "self.endsWith('test')", 2, 30, 2),
        (text, 'size(self + "hello") > size("hello")', 314578, 4, 7),
        (arrays("number"), "self[1] == 0.0", 2, 5000, 2),
        (arrays("string"), "self[1] == self[1]", 314577, 8, 314577),
        (arrays("number"), "self.all(x, self.all(y, true))", None, 10, 352),
        (arrays("number"), "self.all(x, self.all(y, self.all(z, true)))", None, 10, 3552),
        (text, 'self.matches("x")', 314574, 50, 22),
        (text, '"".matches("(((((((((())))))))))[0-9]")', 7, 10, 7),
        (text, 'self.matches("")', 1, 100, 1),
        (lambda n: mapping(text(n), n), "self.all(x, x.contains(self[x]))", 2752507, 10, 72),
        (arrays("number"), "self[3] == 0.0", 2, 0, 2),
        (maps("number"), 'self["x"] == 0.0', 2, 0, 2),
        (text, 'self == "x"', 2, 0, 1),
        (lambda n: {**text(n), "format": "byte"}, 'self == b"x"', 2, 0, 1),
        (arrays("number"), "self.all(x, x == 0.0)", 6291454, 3 * 1024 * 2048, 25165826),
        (
            lambda n: array(mapping(limited(ITEM, maxProperties=n), n), n),
            'self.all(x, x["y"].required == "z")',
            7340027,
            10,
            72,
        ),
        (lambda n: array(mapping(ITEM, n)), 'self.all(x, x["y"].required == "z")', 7340027, 10, 7340027),
        (arrays("int-or-string"), "self.all(x, true)", 4718591, 10, 32),
        (arrays("int-or-string"), "self[0] == 5", 3, 10, 3),
        (arrays("boolean"), "self[0] == false", 2, 25, 2),
        (lambda n: array(ITEM, n), "self[0] == null", 2, 422, 2),
        (lambda n: array(array(scalar("number")), n), "self[0][0] == -1.0", 3, 51, 3),
        (lambda n: array(mapping(scalar("number")), n), "self.all(x, x.y == 25.2)", 6291452, 12, 74),
        (lambda n: array(mapping(scalar("number")), n), "self[0].x > 2.0", 4, 3000, 4),
        (arrays("duration"), "self.all(x, true)", 2359295, 5, 17),
        (arrays("duration"), "self[0].getHours() == 2", 4, 525, 4),
        (arrays("date"), "self.all(x, true)", 725936, 15, 47),
        (arrays("date"), "self[2].getDayOfMonth() == 13", 4, 42, 4),
        (arrays("date-time"), "self.all(x, true)", 428963, 25, 77),
        (arrays("date-time"), "self[2].getMinutes() == 45", 4, 99, 4),
        (maps("int-or-string"), "self.all(x, true)", 1348169, 15, 47),
        (lambda n: mapping(ITEM, n), "self.all(x, true)", 428963, 20, 62),
        (lambda n: mapping(mapping(scalar("number")), n), "self.all(x, true)", 1179647, 10, 32),
        (lambda n: mapping(array(scalar("number")), n), "self.all(x, true)", 1179647, 25, 77),
        (maps("duration"), "self.all(x, true)", 1048577, 5, 17),
        (maps("date"), "self.all(x, true)", 524288, 10, 32),
        (maps("date-time"), "self.all(x, true)", 349526, 25, 77),
        (text, "self.find('[0-9]+') == ''", 629147, 10, 11),
        (lambda n: array(text(n), n), "self.join(' ') == 'aa bb'", 329853068905, 10, 43),
        (lambda n: array(text(n), n), "self.isSorted() == true", 329854432052, 10, 52),
        (
            lambda n: fields(str=text(n), before=text(2), after=text(4)),
            "self.str.replace(self.before, self.after) == 'does not matter'",
            629154,
            4,
            12,
        ),
        (lambda n: fields(str=text(n), separator=text(n)), "self.str.split(self.separator) == []", 629160, 10, 22),
        (text, "self.lowerAscii() == 'lower!'", 314575, 10, 6),
        (maps("integer"), "oldSelf.size() == self.size()", 5, 10, 5),
        (maps("date-time"), 'self["a"] == self["b"]', 8, 7, 8),
        (maps("duration"), 'self["c"] == self["d"]', 8, 42, 8),
        (lambda n: {**text(n), "enum": ["A", "B", "C", "LongValue"]}, "self.contains('A')", 2, 1000, 401),
        (lambda n: limited(scalar("int-or-string"), maxLength=n), "self == '1' + self", None, 10, 11),
    ],
)
def test_worst_cost(make: Make, rule: str, unlimited: int | None, limit: int, cost: int) -> None:
    assert unlimited is None or worst(make(None), rule) == unlimited
    assert worst(make(limit), rule) == cost


def worst(schema: Schema, source: str) -> int:
    type_ = cel_type(schema)
    assert type_ is not None
    rule = Rule({"rule": source}, type_, schema)
    assert rule.program is not None, rule.problem
    return estimate(rule.program, schema, 1)


def test_a_rule_costs_as_often_as_its_schema_may_occur() -> None:
    schema = text(10)
    rule = Rule({"rule": "self.contains('test')"}, cel_type(schema), schema)  # type: ignore[arg-type]
    assert rule.program is not None
    assert estimate(rule.program, schema, 7) == 35
    assert estimate(rule.program, schema, None) == 5 * (3 * 1024 * 1024 // 3)


@pytest.mark.parametrize(
    ("cost", "factor"), [(1001, "more than 100x"), (12, "1.200000x"), (15, "1.5x"), (999, "99.9x"), (1000, "100.0x")]
)
def test_how_much_too_much_is_told(cost: int, factor: str) -> None:
    assert cost_message("w", cost, 10).startswith(f"w exceeds budget by factor of {factor} (try")


EXPECTED = fields(said=text(4096), expect=fields(contains=text(4096), equals=text(4096)))
ONE_OF = "(has(self.a) && !has(self.b)) || (!has(self.a) && has(self.b))"
REFERENCE = {**fields(group=text(253), kind=text(63), name=text(253), section=text(253)), "required": ["name"]}
SAME = "p.group == q.group && p.kind == q.kind && p.name == q.name"
SECTION = "(!has(p.section) && !has(q.section)) || (has(p.section) && has(q.section) && p.section == q.section)"


@pytest.mark.parametrize(
    ("schema", "rule", "times", "factor"),
    [
        (EXPECTED, "!self.said.contains(self.expect.contains)", 20, "5.4x"),
        (array(text(), 10), "self.all(x, self.exists_one(y, x == y))", 1, "3.1x"),
        (array(text(), 5), "self.all(x, self.exists_one(y, x == y))", 1, ""),
        (fields(a=text(), b=text()), ONE_OF, None, ""),
        (array(REFERENCE, 32), f"self.all(p, self.exists_one(q, {SAME} && ({SECTION})))", 1, ""),
        (mapping(text(63), 4096), "self.all(key, !key.contains('*'))", 256, ""),
        (mapping(text()), "self.all(x, x in ['a', 'b', 'c', 'd', 'e', 'f'])", 1, ""),
        (array(array(scalar("integer"), 64), 16), "self.map(r, r.size()).sum() <= 128", 1, ""),
    ],
)
def test_what_real_servers_take_and_refuse(schema: Schema, rule: str, times: int | None, factor: str) -> None:
    type_ = cel_type(schema)
    assert type_ is not None
    compiled = Rule({"rule": rule}, type_, schema)
    assert compiled.program is not None, compiled.problem
    cost = estimate(compiled.program, schema, times)
    if factor:
        assert cost_message("w", cost, STATIC_LIMIT).startswith(f"w exceeds budget by factor of {factor} (try")
    else:
        assert cost <= STATIC_LIMIT


@pytest.mark.parametrize(
    ("expression", "fits"),
    [("'got %d'.format([self.count])", True), ("'got ' + string(self.count)", False)],
)
def test_numbers_in_a_message_are_formatted_not_converted(expression: str, fits: bool) -> None:
    schema = fields(count=scalar("integer"))
    rule = Rule({"rule": "self.count >= 0", "messageExpression": expression}, cel_type(schema), schema)  # type: ignore[arg-type]
    assert rule.message_program is not None, rule.message_problem
    assert (estimate(rule.message_program, schema, 1) <= STATIC_LIMIT) is fits
