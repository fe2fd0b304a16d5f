"""The tree of an expression. `at` is the offset that problems are reported at: an operator, a dot, a bracket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from clusters.machinery.cel.types import Type


@dataclass(slots=True)
class Node:
    at: int


@dataclass(slots=True)
class Literal(Node):
    value: Any
    type: Type


@dataclass(slots=True)
class Ident(Node):
    name: str
    absolute: bool = False


@dataclass(slots=True)
class Select(Node):
    """`operand.name`; `test`: within has(); `optional`: `operand.?name`."""

    operand: Node
    name: str
    test: bool = False
    optional: bool = False


@dataclass(slots=True)
class Index(Node):
    operand: Node
    index: Node
    optional: bool = False


@dataclass(slots=True)
class Call(Node):
    """A function, operator (`_+_`) or method (with `target`)."""

    name: str
    args: list[Node]
    target: Node | None = None
    namespaced: str = ""
    """The full name of a function such as `sets.contains`, once the checker knows that it is one."""


@dataclass(slots=True)
class ListOf(Node):
    items: list[Node]
    optional: frozenset[int] = frozenset()


@dataclass(slots=True)
class Entry:
    at: int
    key: Node | str
    value: Node
    optional: bool = False


@dataclass(slots=True)
class MapOf(Node):
    entries: list[Entry]


@dataclass(slots=True)
class Struct(Node):
    """`Object.spec{replicas: 1}`."""

    name: str
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Macro(Node):
    """A comprehension: `range.all(v, body)`, `range.transformMap(k, v, filter, body)`, `opt.optMap(v, body)`."""

    name: str
    range: Node
    variables: list[str]
    bodies: list[Node]
    filtered: bool = False
    variables_at: list[int] = field(default_factory=list)
