"""Ranges of costs and sizes, and what is known of the arguments of a call.

Models: cel-go, checker/cost.go (SizeEstimate, CostEstimate, AstNode).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from clusters.machinery.cel.ast import Node
from clusters.machinery.cel.types import Type

UNBOUNDED: Final = (1 << 64) - 1
TRAVERSAL: Final = 0.1
"""What one character of a text costs."""
PATTERN: Final = 0.25
"""What one character of a regular expression costs, times the text."""
Path = tuple[str, ...]
_TEXTS = frozenset(("string", "bytes"))


class Range(NamedTuple):
    """A cost, or a size: the least and the most. Sums and products stop at UNBOUNDED."""

    least: int
    most: int

    def plus(self, other: Range) -> Range:
        return Range(_capped(self.least + other.least), _capped(self.most + other.most))

    def times(self, other: Range) -> Range:
        return Range(_capped(self.least * other.least), _capped(self.most * other.most))

    def scaled(self, factor: float) -> Range:
        return Range(_scaled(self.least, factor), _scaled(self.most, factor))

    def or_(self, other: Range) -> Range:
        return Range(min(self.least, other.least), max(self.most, other.most))


def _capped(number: int) -> int:
    return min(number, UNBOUNDED)


def _scaled(number: int, factor: float) -> int:
    return _capped(math.ceil(number * factor))


def fixed(number: int) -> Range:
    return Range(number, number)


UNKNOWN: Final = Range(0, UNBOUNDED)


class Operand(NamedTuple):
    """What estimates of calls know of an argument. `path`: where in the value it comes from."""

    type: Type
    path: Path
    size: Range | None
    node: Node | None = None

    @property
    def is_text(self) -> bool:
        return self.type.name in _TEXTS

    def element(self) -> Operand | None:
        """An element of a list; None if the type does not say what a list it is."""
        if not self.type.params:
            return None
        return Operand(self.type.params[0], (*self.path, "@items") if self.path else (), None)


class CallEstimate(NamedTuple):
    cost: Range
    size: Range | None = None
