"""The functions of an environment: their signatures for the checker, and what they do.

    @function("size", [STRING], INT)                   size(s)
    @method("size", [STRING], INT)                     s.size()

One Python function may serve several signatures. Arguments arrive evaluated; `meter` functions are told to charge
for what they read or make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from clusters.machinery.cel.types import DYN, PARAMETERS, Type
from clusters.machinery.cel.values import type_of

Implementation = Callable[..., Any]
F = TypeVar("F", bound=Implementation)


@dataclass(frozen=True, slots=True)
class Overload:
    args: tuple[Type, ...]
    result: Type
    run: Implementation

    def fits(self, values: Sequence[Any]) -> bool:
        """Whether it may be called with these values."""
        if len(values) != len(self.args):
            return False
        for want, value in zip(self.args, values):
            if want is DYN or want.name in PARAMETERS:
                continue
            if type_of(value).name != want.name:
                return False
        return True


@dataclass(slots=True)
class Library:
    """Functions and methods by name; the order of declaration is the order of search."""

    functions: dict[str, list[Overload]] = field(default_factory=dict)
    methods: dict[str, list[Overload]] = field(default_factory=dict)
    names: dict[str, Type] = field(default_factory=dict)
    """Constants: the names of types."""

    def function(self, name: str, args: Sequence[Type], result: Type) -> Callable[[F], F]:
        def add(run: F) -> F:
            self.functions.setdefault(name, []).append(Overload(tuple(args), result, run))
            return run

        return add

    def method(self, name: str, args: Sequence[Type], result: Type) -> Callable[[F], F]:
        """`args` begins with the type of the object."""

        def add(run: F) -> F:
            self.methods.setdefault(name, []).append(Overload(tuple(args), result, run))
            return run

        return add

    def include(self, other: Library) -> None:
        for name, listed in other.functions.items():
            self.functions.setdefault(name, []).extend(listed)
        for name, listed in other.methods.items():
            self.methods.setdefault(name, []).extend(listed)
        self.names.update(other.names)
