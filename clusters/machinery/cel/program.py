"""Environments, and the programs that they compile."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from clusters.machinery.cel.ast import Node
from clusters.machinery.cel.checker import Checker
from clusters.machinery.cel.errors import CelError, CompileError, Issue
from clusters.machinery.cel.evaluate import Builder, Frame
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.parser import parse
from clusters.machinery.cel.types import Type

PER_CALL_LIMIT = 1_000_000
"""What one evaluation may cost."""


class Program:
    """A compiled expression."""

    __slots__ = ("_run", "source", "tree", "type", "types", "used")

    def __init__(
        self, source: str, tree: Node, type_: Type, types: Mapping[int, Type], used: frozenset[str], run: Any
    ) -> None:
        self.source = source
        self.tree = tree
        self.type = type_
        self.types = types
        """Of the nodes of the tree, by identity."""
        self.used = used
        """Variables of the environment that it refers to."""
        self._run = run

    def evaluate(self, variables: dict[str, Any], limit: int = PER_CALL_LIMIT) -> tuple[Any, int]:
        """The value, and what it cost. Raises CelError; a CostExceeded has cost everything."""
        frame = Frame(variables, limit)
        try:
            value = self._run(frame)
        except RecursionError:
            raise CelError("max recursion depth exceeded") from None
        return value, limit - frame.left


class Env:
    """What expressions may refer to: variables with their types, functions, and objects that they may build."""

    def __init__(
        self,
        variables: Mapping[str, Type],
        *,
        structs: Mapping[str, Type] | None = None,
        library: Library | None = None,
    ) -> None:
        self._variables = variables
        self._structs = structs
        self._library = library or kubernetes_library()

    def compile(self, source: str) -> Program:
        """Raises CompileError."""
        try:
            node = parse(source)
            checker = Checker(source, self._library, self._variables, self._structs)
            type_ = checker.check(node)
            run = Builder(self._library).build(node)
        except RecursionError:
            raise CompileError(source, [Issue(0, "max recursion depth exceeded")]) from None
        return Program(source, node, type_, checker.types, frozenset(checker.used), run)


@lru_cache(maxsize=1)
def kubernetes_library() -> Library:
    """CEL's own functions and those that Kubernetes adds."""
    from clusters.machinery.cel.library import LIBRARIES

    out = Library()
    for library in LIBRARIES:
        out.include(library)
    return out
