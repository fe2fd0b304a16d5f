"""Node selectors and node affinity, compiled once for each distinct Pod spec.

Models: component-helpers, scheduling/corev1/nodeaffinity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Labels = Mapping[str, str]

_INTEGER = re.compile(r"[+-]?[0-9]+").fullmatch


@dataclass(frozen=True, slots=True)
class Expression:
    """`key operator values` on a node's labels (or, for fields, on its name)."""

    key: str
    operator: str
    values: tuple[str, ...]

    def matches(self, labels: Labels) -> bool:
        found = labels.get(self.key)
        match self.operator:
            case "In":
                return found in self.values
            case "NotIn":
                return found not in self.values
            case "Exists":
                return found is not None
            case "DoesNotExist":
                return found is None
            case "Gt" | "Lt":
                if found is None or not self.values:
                    return False
                if not _INTEGER(found) or not _INTEGER(self.values[0]):
                    return False
                left, right = int(found), int(self.values[0])
                return left > right if self.operator == "Gt" else left < right
        return False


@dataclass(frozen=True, slots=True)
class Term:
    """Expressions and fields that must all match; a term without any matches nothing."""

    expressions: tuple[Expression, ...]
    fields: tuple[Expression, ...]

    def matches(self, name: str, labels: Labels) -> bool:
        if not self.expressions and not self.fields:
            return False
        for expression in self.expressions:
            if not expression.matches(labels):
                return False
        return all(f.matches({"metadata.name": name}) for f in self.fields)

    def names(self) -> frozenset[str] | None:
        """The node names that the term is limited to; None if it does not say."""
        out: frozenset[str] | None = None
        for f in self.fields:
            if f.key == "metadata.name" and f.operator == "In":
                out = frozenset(f.values) if out is None else out & frozenset(f.values)
        return out


def _expressions(raw: Sequence[Mapping[str, Any]] | None) -> tuple[Expression, ...]:
    return tuple(Expression(r["key"], r.get("operator", ""), tuple(r.get("values") or ())) for r in raw or ())


def term(raw: Mapping[str, Any]) -> Term:
    """A NodeSelectorTerm."""
    return Term(_expressions(raw.get("matchExpressions")), _expressions(raw.get("matchFields")))


def terms(selector: Mapping[str, Any] | None) -> tuple[Term, ...] | None:
    """The alternatives of a NodeSelector; None where there is no selector."""
    if selector is None:
        return None
    return tuple(term(t) for t in selector.get("nodeSelectorTerms") or ())


def any_matches(alternatives: tuple[Term, ...] | None, name: str, labels: Labels) -> bool:
    """Whether a node is selected; no selector (None) selects every node, one without terms none."""
    return alternatives is None or any(t.matches(name, labels) for t in alternatives)
