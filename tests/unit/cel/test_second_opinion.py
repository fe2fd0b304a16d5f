"""Our evaluation against that of another implementation of the language, on what both know."""

from __future__ import annotations

from typing import Any

import celpy
import pytest

from clusters.machinery.cel import Env
from clusters.machinery.cel.types import DYN

NAMES = {"o": {"n": 5, "s": "text", "l": [1, 2, 3], "m": {"a": 1, "b": 2}}}
SOURCES = [
    "o.n + 3 * 2 - 8 / 3 % 2",
    "o.n > 4 && o.s == 'text' || false",
    "o.l.map(i, i * o.n)",
    "o.l.filter(i, i % 2 == 1)",
    "o.l.all(i, i > 0) && o.l.exists(i, i == 3) && !o.l.exists_one(i, i > 1)",
    "o.m.all(k, o.m[k] < 3)",
    "has(o.m.a) && !has(o.m.c)",
    "size(o.s) + size(o.l) + size(o.m)",
    "o.s.startsWith('te') && o.s.endsWith('xt') && o.s.contains('ex') && o.s.matches('^t.*t$')",
    "2 in o.l && 'a' in o.m",
    "o.n > 3 ? o.s + '!' : 'no'",
    "[1, 2] + [3] == o.l",
    "int('12') + int(3.7)",
    "string(12) + string(o.n)",
    "timestamp('2020-02-03T04:05:06Z').getFullYear()",
    "timestamp('2020-02-03T04:05:06Z') > timestamp('2019-02-03T04:05:06Z')",
    "duration('90s') > duration('1m')",
    "{'a': 1}.a == 1",
    "!(o.n < 3) == true",
    "-o.n + 2",
]


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, celpy.celtypes.BoolType | bool):
        return bool(value)
    return int(value) if isinstance(value, int) else str(value) if isinstance(value, str) else value


@pytest.mark.parametrize("source", SOURCES)
def test_both_agree(source: str) -> None:
    other = celpy.Environment()
    theirs = other.program(other.compile(source)).evaluate(celpy.json_to_cel(NAMES))
    ours, _ = Env({"o": DYN}).compile(source).evaluate(dict(NAMES))
    assert plain(ours) == plain(theirs)
