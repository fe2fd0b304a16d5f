"""Label and field selectors: what a list, a watch, a controller's selector or a topology term asks for.

Models: apimachinery, pkg/labels, pkg/fields, meta/v1 LabelSelectorAsSelector, with the server's error texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from clusters.machinery import names
from clusters.machinery.errors import BadRequest
from clusters.machinery.field import go_quote

Labels = Mapping[str, str]

IN, NOT_IN, EXISTS, ABSENT = "in", "notin", "exists", "!"
EQUALS, DOUBLE_EQUALS, NOT_EQUALS, GREATER, LESS = "=", "==", "!=", "gt", "lt"
_BINARY = (IN, NOT_IN, EQUALS, DOUBLE_EQUALS, NOT_EQUALS, GREATER, LESS)
_OBJECT_OPERATORS = {"In": IN, "NotIn": NOT_IN, "Exists": EXISTS, "DoesNotExist": ABSENT}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label; `values` are sorted."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Labels) -> bool:
        found = labels.get(self.key)
        op = self.operator
        if op in (IN, EQUALS, DOUBLE_EQUALS):
            return found is not None and found in self.values
        if op in (NOT_IN, NOT_EQUALS):
            return found is None or found not in self.values
        if op == EXISTS:
            return found is not None
        if op == ABSENT:
            return found is None
        number, bound = _int64(found), _int64(self.values[0])
        if number is None or bound is None:
            return False
        return number > bound if op == GREATER else number < bound

    def text(self) -> str:
        op, joined = self.operator, ",".join(self.values)
        if op == EXISTS:
            return self.key
        if op == ABSENT:
            return "!" + self.key
        if op in (IN, NOT_IN):
            return f"{self.key} {op} ({joined})"
        sign = {GREATER: ">", LESS: "<"}.get(op, op)
        return f"{self.key}{sign}{joined}"


_INTEGER = re.compile(r"[+-]?[0-9]+").fullmatch


def _int64(text: str | None) -> int | None:
    if text is None or not _INTEGER(text):
        return None
    number = int(text)
    return number if -(1 << 63) <= number < 1 << 63 else None


class LabelSelector:
    """A conjunction of requirements, sorted by key. No requirements: everything; `nothing`: nothing."""

    __slots__ = ("_equal", "_rest", "nothing", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = (), *, nothing: bool = False) -> None:
        self.requirements = tuple(sorted(requirements, key=lambda r: r.key))
        self.nothing = nothing
        single = [r for r in self.requirements if _is_equality(r)]
        self._equal = tuple((r.key, r.values[0]) for r in single)
        self._rest = tuple(r for r in self.requirements if not _is_equality(r))

    def matches(self, labels: Labels | None) -> bool:
        """Whether an object with these labels (None: without any) is selected."""
        if self.nothing:
            return False
        if labels is None:
            labels = {}
        for key, value in self._equal:
            if labels.get(key) != value:
                return False
        return all(r.matches(labels) for r in self._rest)

    @property
    def empty(self) -> bool:
        """Selects everything."""
        return not self.requirements and not self.nothing

    def exact(self, key: str) -> str | None:
        """The one value that `key` must have, if the selector says so."""
        return next((v for k, v in self._equal if k == key), None)

    def text(self) -> str:
        """The selector in the syntax of a `labelSelector` parameter."""
        return ",".join(r.text() for r in self.requirements)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LabelSelector):
            return NotImplemented
        return self.nothing == other.nothing and self.requirements == other.requirements

    def __hash__(self) -> int:
        return hash((self.nothing, self.requirements))

    def __repr__(self) -> str:
        return f"LabelSelector({'nothing' if self.nothing else self.text()!r})"


def _is_equality(requirement: Requirement) -> bool:
    return requirement.operator in (IN, EQUALS, DOUBLE_EQUALS) and len(requirement.values) == 1


EVERYTHING = LabelSelector()
NOTHING = LabelSelector(nothing=True)


# -- metav1.LabelSelector objects ---------------------------------------------------------------------------


def from_map(labels: Labels | None) -> LabelSelector:
    """The selector of a plain map (a Service's): empty or None selects everything."""
    if not labels:
        return EVERYTHING
    return LabelSelector(Requirement(k, EQUALS, (v,)) for k, v in labels.items())


def from_label_selector(selector: Mapping[str, Any] | None) -> LabelSelector:
    """The selector of a `metav1.LabelSelector`: None selects nothing, an empty one everything.
    Raises ValueError with the server's text."""
    if selector is None:
        return NOTHING
    match = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    if not match and not expressions:
        return EVERYTHING
    found = [_checked(k, EQUALS, (v,)) for k, v in match.items()]
    for expression in expressions:
        operator = expression.get("operator", "")
        if operator not in _OBJECT_OPERATORS:
            raise ValueError(f"{go_quote(operator)} is not a valid label selector operator")
        values = tuple(expression.get("values") or ())
        found.append(_checked(expression.get("key", ""), _OBJECT_OPERATORS[operator], values))
    return LabelSelector(found)


# -- the text form ------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^ \t\r\n=!(),<>]+))")
_IDENTIFIER, _END = "identifier", "end"


def _scan(text: str) -> list[tuple[str, str]]:
    """(kind, literal): the kind of a symbol or of `in`/`notin` is itself."""
    text = text.partition("\0")[0].rstrip(" \t\r\n")
    out: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found is not None  # every character is white space, a symbol or part of a word
        at = found.end()
        symbol, word = found.groups()
        if symbol:
            out.append((symbol, symbol))
        else:
            out.append((word if word in (IN, NOT_IN) else _IDENTIFIER, word))
    out.append((_END, ""))
    return out


class _Parser:
    """Recursive descent over the tokens; `in` and `notin` are words where a value or key may stand."""

    def __init__(self, text: str) -> None:
        self.tokens = _scan(text)
        self.at = 0

    def look(self) -> tuple[str, str]:
        kind, literal = self.tokens[min(self.at, len(self.tokens) - 1)]
        return (_IDENTIFIER if kind in (IN, NOT_IN) else kind), literal

    def take(self) -> tuple[str, str]:
        token = self.look()
        self.at += 1
        return token

    def take_operator(self) -> tuple[str, str]:
        token = self.tokens[min(self.at, len(self.tokens) - 1)]
        self.at += 1
        return token

    def parse(self) -> list[Requirement]:
        out: list[Requirement] = []
        while True:
            kind, literal = self.look()
            if kind == _END:
                return out
            if kind not in (_IDENTIFIER, "!"):
                raise BadRequest(f"found '{literal}', expected: !, identifier, or 'end of string'")
            try:
                out.append(self.requirement())
            except _Wrong as wrong:
                raise BadRequest(f"unable to parse requirement: {wrong}") from None
            kind, literal = self.take()
            if kind == _END:
                return out
            if kind != ",":
                raise BadRequest(f"found '{literal}', expected: ',' or 'end of string'")
            kind, literal = self.look()
            if kind not in (_IDENTIFIER, "!"):
                raise BadRequest(f"found '{literal}', expected: identifier after ','")

    def requirement(self) -> Requirement:
        kind, key = self.take()
        negated = kind == "!"
        if negated:
            kind, key = self.take()
        if kind != _IDENTIFIER:
            raise _Wrong(f"found '{key}', expected: identifier")
        if bad := names.qualified_name(key):
            raise _Wrong(f"<nil>: Invalid value: {go_quote(key)}: {'; '.join(bad)}")
        if negated:
            return Requirement(key, ABSENT)
        if self.look()[0] in (_END, ","):
            return Requirement(key, EXISTS)
        operator, literal = self.take_operator()
        operator = {">": GREATER, "<": LESS}.get(operator, operator)
        if operator not in _BINARY:
            raise _Wrong(f"found '{literal}', expected: {', '.join(_BINARY)}")
        values = self.values() if operator in (IN, NOT_IN) else self.exact_value()
        return _checked(key, operator, tuple(sorted(values)))

    def values(self) -> set[str]:
        kind, literal = self.take()
        if kind != "(":
            raise _Wrong(f"found '{literal}' expected: '('")
        kind, literal = self.look()
        if kind == ")":
            self.take()
            return {""}
        if kind not in (_IDENTIFIER, ","):
            raise _Wrong(f"found '{literal}', expected: ',', ')' or identifier")
        out: set[str] = set()
        while True:
            kind, literal = self.take()
            if kind == _IDENTIFIER:
                out.add(literal)
                kind, literal = self.look()
                if kind == ",":
                    continue
                if kind == ")":
                    break
                raise _Wrong(f"found '{literal}', expected: ',' or ')'")
            if kind != ",":
                raise _Wrong(f"found '{literal}', expected: ',', or identifier")
            if not out:
                out.add("")
            kind, _ = self.look()
            if kind in (")", ","):
                out.add("")
            if kind == ")":
                break
        self.take()
        return out

    def exact_value(self) -> set[str]:
        if self.look()[0] in (_END, ","):
            return {""}
        kind, literal = self.take()
        if kind != _IDENTIFIER:
            raise _Wrong(f"found '{literal}', expected: identifier")
        return {literal}


class _Wrong(ValueError):
    """What is wrong with one requirement."""


def _checked(key: str, operator: str, values: tuple[str, ...]) -> Requirement:
    """The requirement, if it is a legal one. Raises _Wrong with the server's text."""
    wrong: list[str] = []
    if bad := names.qualified_name(key):
        wrong.append(f"key: Invalid value: {go_quote(key)}: {'; '.join(bad)}")
    if operator in (IN, NOT_IN) and not values:
        wrong.append("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
    if operator in (EXISTS, ABSENT) and values:
        shown = "[" + ",".join(map(go_quote, values)) + "]"
        wrong.append(f"values: Invalid value: {shown}: values set must be empty for exists and does not exist")
    if operator in (GREATER, LESS) and _int64(values[0]) is None:
        wrong.append(
            f"values[0]: Invalid value: {go_quote(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer"
        )
    for i, value in enumerate(values):
        if bad := names.label_value(value):
            wrong.append(f"values[{i}][{key}]: Invalid value: {go_quote(value)}: {'; '.join(bad)}")
    if wrong:
        wrong = list(dict.fromkeys(wrong))
        raise _Wrong(wrong[0] if len(wrong) == 1 else f"[{', '.join(wrong)}]")
    return Requirement(key, operator, tuple(sorted(values)))


@lru_cache(maxsize=2048)
def parse_label_selector(text: str) -> LabelSelector:
    """The selector of a `labelSelector` parameter. Raises BadRequest with the server's text."""
    return LabelSelector(_Parser(text).parse())


# -- field selectors ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    field: str
    operator: str
    """`=` or `!=`."""
    value: str

    def text(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
        return f"{self.field}{self.operator}{escaped}"


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """A conjunction of `field=value` and `field!=value`."""

    requirements: tuple[FieldRequirement, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.requirements

    def matches(self, value_of: Callable[[str], str]) -> bool:
        """`value_of(field)` gives the object's value of a field, `""` where it has none."""
        return all((value_of(r.field) == r.value) == (r.operator == "=") for r in self.requirements)

    def exact(self, field: str) -> str | None:
        return next((r.value for r in self.requirements if r.field == field and r.operator == "="), None)

    def text(self) -> str:
        return ",".join(r.text() for r in self.requirements)


ALL_FIELDS = FieldSelector()
"""What no field selector says: every object."""
_FIELD_TERM = re.compile(r"(.*?)(!=|==|=)(.*)", re.DOTALL).fullmatch


def _split_terms(text: str) -> list[str]:
    """Split at commas that are not escaped."""
    terms, start, escaped = [], 0, False
    for i, c in enumerate(text):
        if escaped:
            escaped = False
        elif c == "\\":
            escaped = True
        elif c == ",":
            terms.append(text[start:i])
            start = i + 1
    terms.append(text[start:])
    return terms


def _unescape(value: str) -> str:
    if not any(c in value for c in "\\,="):
        return value
    out: list[str] = []
    escaped = False
    for c in value:
        if escaped:
            if c not in "\\,=":
                raise BadRequest(f"invalid field selector: invalid escape sequence: \\{c}")
            out.append(c)
            escaped = False
        elif c == "\\":
            escaped = True
        elif c in ",=":
            raise BadRequest(f"invalid field selector: unescaped character in value: {ord(c)}")
        else:
            out.append(c)
    if escaped:
        raise BadRequest("invalid field selector: invalid escape sequence: \\")
    return "".join(out)


@lru_cache(maxsize=2048)
def parse_field_selector(text: str) -> FieldSelector:
    """The selector of a `fieldSelector` parameter; which fields a kind has is not its business.
    Raises BadRequest with the server's text."""
    out = []
    for term in sorted(_split_terms(text)):
        if not term:
            continue
        found = _FIELD_TERM(term)
        if found is None:
            raise BadRequest(f"invalid selector: '{text}'; can't understand '{term}'")
        field, operator, value = found.groups()
        out.append(FieldRequirement(field, "!=" if operator == "!=" else "=", _unescape(value)))
    return FieldSelector(tuple(out))
