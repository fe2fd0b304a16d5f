"""Types of expressions, and the words in which those that do not compile are refused."""

from __future__ import annotations

import pytest

from clusters.machinery.cel import CompileError, Env
from clusters.machinery.cel.types import DYN, INT, STRING, ObjectType, list_of, map_of

SELF = ObjectType("object", {"a": INT, "s": STRING, "l": list_of(STRING), "m": map_of(STRING, INT)})
ENV = Env({"self": SELF, "x": DYN})


@pytest.mark.parametrize(
    "source,type_",
    [
        ("self.a", "int"),
        ("self.l.map(v, v.size())", "list(int)"),
        ("self.m", "map(string, int)"),
        ("x.y", "dyn"),
        ("self.?s", "optional_type(string)"),
        ("self.?s.orValue('')", "string"),
        ("self.l[0] == 'x'", "bool"),
        ("[1, 2]", "list(int)"),
        ("{'a': [true]}", "map(string, list(bool))"),
        ("timestamp(1) - timestamp(2)", "duration"),
        ("x == 1 ? self.a : 2", "int"),
    ],
)
def test_type(source: str, type_: str) -> None:
    assert str(ENV.compile(source).type) == type_


@pytest.mark.parametrize(
    "source,text",
    [
        ("self.nope > 1", "1:5: undefined field 'nope'"),
        ("cel.bind(y, 1, 2)", "1:1: undeclared reference to 'cel' (in container '')"),
        ("9223372036854775808", "1:1: invalid int literal"),
        ("18446744073709551616u", "1:1: invalid uint literal"),
        ("1e309", "1:1: invalid double literal"),
        ("'\\ud800'", "1:1: unable to unescape string"),
        ("nobody", "1:1: undeclared reference to 'nobody' (in container '')"),
        ("duration('1x')", "1:10: invalid duration argument"),
        ("timestamp('x')", "1:11: invalid timestamp argument"),
        ("'a'.matches('(')", "1:13: invalid matches argument"),
        ("'%d'.format([1, 2])", "1:12: too many arguments supplied to string.format (expected 1, got 2)"),
        ("'%s %s'.format([1])", "1:15: index 1 out of range"),
        ("'%'.format([1])", "1:11: unexpected end of string"),
        ("'%z'.format([1])", '1:12: could not parse formatting clause: unrecognized formatting clause "z"'),
        (
            "'%.2'.format([1.0])",
            "1:13: could not parse formatting clause: error while parsing precision: could not find end of precision"
            " specifier",
        ),
        (
            "'%s %d'.format([['a'], 1.5])",
            "1:24: error during formatting: decimal clause can only be used on integers, was given double",
        ),
        (
            "'%s'.format([[quantity('1')]])",
            "1:23: error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles,"
            " maps, lists, types, durations, and timestamps, was given kubernetes.Quantity",
        ),
        ("'a'.reverse()", "1:12: found no matching overload for 'reverse' applied to 'string.()'"),
        (
            "['a'].sortBy(x, [x])",
            "1:13: found no matching overload for '@sortByAssociatedKeys' applied to 'list(string).(list(list(string)))'",
        ),
        ("foo(1)", "1:4: undeclared reference to 'foo' (in container '')"),
        ("self.s.foo()", "1:11: undeclared reference to 'foo' (in container '')"),
        ("self.a == 'x'", "1:8: found no matching overload for '_==_' applied to '(int, string)'"),
        ("self.s.startsWith(1)", "1:18: found no matching overload for 'startsWith' applied to 'string.(int)'"),
        ("self.a.b", "1:7: type 'int' does not support field selection"),
        ("[1, 'a']", "1:5: expected type 'int' but found 'string'"),
        ("self.a && true", "1:5: expected type 'bool' but found 'int'"),
        (
            "self.a.all(v, true)",
            "1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
        ),
        ("self.", "1:6: Syntax error: no viable alternative at input '.'"),
        ("a b", "1:3: Syntax error: extraneous input 'b' expecting <EOF>"),
        ("1 +", "1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', "),
        ("#", "1:1: Syntax error: token recognition error at: '#'"),
        ("has(self)", "1:5: invalid argument to has() macro"),
        ("'open", "1:1: Syntax error: token recognition error at: ''open'"),
    ],
)
def test_refusal(source: str, text: str) -> None:
    with pytest.raises(CompileError) as refusal:
        ENV.compile(source)
    assert str(refusal.value).startswith(f"ERROR: <input>:{text}")


def test_a_refusal_points_into_the_line() -> None:
    with pytest.raises(CompileError) as refusal:
        ENV.compile("true &&\n  self.nope")
    assert str(refusal.value) == "ERROR: <input>:2:7: undefined field 'nope'\n |   self.nope\n | ......^"


def test_all_problems_are_told() -> None:
    with pytest.raises(CompileError) as refusal:
        ENV.compile("self.one == self.two")
    assert str(refusal.value).count("undefined field") == 2


def test_variables_that_are_used_are_known() -> None:
    assert ENV.compile("self.l.all(x, x == self.s)").used == {"self"}
    assert ENV.compile("x == self.a").used == {"self", "x"}
