"""The JSONPath of printer columns: `.status.conditions[?(@.type=="Ready")].status`.

Models: client-go, util/jsonpath (the expression within the braces).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Step = Callable[[Any], Iterator[Any]]

_NAME = re.compile(r"(?:\\.|[^\s.\[\]\\,@$'\"{}()])+")
_SLICE = re.compile(r"(-?\d*)(?::(-?\d*))?(?::(-?\d+))?$")
_FILTER = re.compile(r"\?\(\s*(?P<left>[^=<>!]+?)\s*(?:(?P<op>==|!=|<=|>=|<|>)\s*(?P<right>.+?)\s*)?\)$", re.DOTALL)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    ">": lambda a, b: bool(a > b),
    "<=": lambda a, b: bool(a <= b),
    ">=": lambda a, b: bool(a >= b),
}


class BadPath(ValueError):
    """Not a path."""


def parse(text: str) -> Callable[[Any], list[Any]]:
    """A function that finds what the path leads to. Raises BadPath."""
    steps = _steps(text.strip())

    def find(value: Any) -> list[Any]:
        found = [value]
        for step in steps:
            found = [out for each in found for out in step(each)]
            if not found:
                break
        return found

    return find


def _steps(text: str) -> list[Step]:
    steps: list[Step] = []
    i = 1 if text[:1] in ("$", "@") else 0
    while i < len(text):
        if text.startswith("..", i):
            steps.append(_descend)
            i += 2
            if i < len(text) and text[i] != "[":
                i = _name(text, i, steps)
        elif text[i] == ".":
            i += 1
            if i < len(text) and text[i] != "[":
                i = _name(text, i, steps)
        elif text[i] == "[":
            end = _closing(text, i)
            steps.append(_bracket(text[i + 1 : end].strip()))
            i = end + 1
        else:
            i = _name(text, i, steps)
    return steps


def _name(text: str, i: int, steps: list[Step]) -> int:
    if text[i] == "*":
        steps.append(_children)
        return i + 1
    found = _NAME.match(text, i)
    if found is None:
        raise BadPath(f"unrecognized character in action: {text[i]!r}")
    steps.append(_member(re.sub(r"\\(.)", r"\1", found.group())))
    return found.end()


def _closing(text: str, start: int) -> int:
    """The bracket that closes the one at `start`, past quotes and inner brackets."""
    depth, quote, i = 0, "", start
    while i < len(text):
        char = text[i]
        if quote:
            if char == "\\":
                i += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
            if depth == 0:
                return i
        i += 1
    raise BadPath("unterminated array")


def _bracket(inner: str) -> Step:
    if inner == "*":
        return _children
    if inner[:1] in ("'", '"'):
        names = [n.strip()[1:-1] for n in re.findall(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", inner)]
        return _members([re.sub(r"\\(.)", r"\1", n) for n in names])
    if inner.startswith("?"):
        return _filter(inner)
    if "," in inner:
        return _union([_bracket(part.strip()) for part in inner.split(",")])
    found = _SLICE.match(inner)
    if found is None or not inner:
        raise BadPath(f"invalid array index {inner}")
    return _sliced(found.group(1), found.group(2), found.group(3), single=":" not in inner)


def _member(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _members(names: list[str]) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            yield from (value[n] for n in names if n in value)

    return step


def _union(steps: list[Step]) -> Step:
    def step(value: Any) -> Iterator[Any]:
        for each in steps:
            yield from each(value)

    return step


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _descend(value: Any) -> Iterator[Any]:
    yield value
    for child in _children(value):
        yield from _descend(child)


def _sliced(start: str, end: str | None, stride: str | None, *, single: bool) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if not isinstance(value, list):
            return
        if single:
            i = int(start)
            if -len(value) <= i < len(value):
                yield value[i]
            return
        low, high, by = int(start) if start else None, int(end) if end else None, int(stride) if stride else None
        if by is None or by > 0:
            yield from value[low:high:by]

    return step


def _filter(inner: str) -> Step:
    found = _FILTER.match(inner)
    if found is None:
        raise BadPath(f"unclosed array expect ]: {inner}")
    left = _operand(found["left"])
    compare = _OPERATORS.get(found["op"] or "")
    right = _operand(found["right"]) if compare is not None else None

    def step(value: Any) -> Iterator[Any]:
        for each in _children(value):
            ours = left(each)
            if compare is None or right is None:
                if ours:
                    yield each
                continue
            theirs = right(each)
            try:
                if ours and theirs and compare(ours[0], theirs[0]):
                    yield each
            except TypeError:
                continue

    return step


def _operand(text: str) -> Callable[[Any], list[Any]]:
    text = text.strip()
    if text[:1] == "@":
        return parse(text[1:])
    constant: Any
    if text[:1] in ("'", '"'):
        constant = re.sub(r"\\(.)", r"\1", text[1:-1])
    elif text in ("true", "false"):
        constant = text == "true"
    else:
        try:
            constant = float(text) if "." in text else int(text)
        except ValueError:
            raise BadPath(f"unrecognized identifier {text}") from None
    return lambda _value: [constant]
