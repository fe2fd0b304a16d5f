"""What a rule may cost at worst, told from the limits that its schema sets: rules over unbounded lists are refused.

Models: apiextensions-apiserver, pkg/apiserver/schema/cel/compilation.go (cost estimates); apiserver,
pkg/cel/common/schemas.go (the most elements, and the least bytes, of the values of a schema) and pkg/cel/limits.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clusters.machinery.cel import Program
from clusters.machinery.cel.estimates import Estimator
from clusters.machinery.cel.ranges import UNBOUNDED, Path
from clusters.resources.dynamic.cel_types import cel_type, escaped

STATIC_LIMIT = 10_000_000
REQUEST = 3 * 1024 * 1024
"""No value is larger than a request."""

Schema = Mapping[str, Any]
_ADVICE = (
    " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are"
    " declared)"
)
_STRING: Schema = {"type": "string"}
_META: Schema = {"type": "object", "properties": {"name": _STRING, "generateName": _STRING}}
_LONGEST = {"duration": 32, "date": 12, "date-time": 32}
_SHORTEST = {"duration": 3, "date": 12, "date-time": 21}


def cost_message(what: str, cost: int, limit: int) -> str:
    factor = cost / limit
    if factor > 100:
        text = f"{what} exceeds budget by factor of more than 100x"
    elif factor < 1.5:
        text = f"{what} exceeds budget by factor of {factor:f}x"
    else:
        text = f"{what} exceeds budget by factor of {factor:.1f}x"
    return text + _ADVICE


def estimate(program: Program, schema: Schema, cardinality: int | None, *, root: bool = False) -> int:
    """The worst cost of a rule on a schema that occurs `cardinality` times (None: unbounded)."""
    declared = _Declared(schema, root or bool(schema.get("x-kubernetes-embedded-resource")))
    times = cardinality if cardinality is not None else REQUEST // (declared.least() + 1)
    return min(Estimator(program.types, declared.size_at).cost(program.tree).most * times, UNBOUNDED)


@dataclass(frozen=True, slots=True)
class _Declared:
    """A schema as the estimate sees it. `root`: of a whole object, which has its metadata, too."""

    schema: Schema
    root: bool = False

    @property
    def kind(self) -> str:
        if self.schema.get("x-kubernetes-int-or-string"):
            return "int-or-string"
        kind = str(self.schema.get("type", ""))
        return "map" if kind == "object" and isinstance(self.schema.get("additionalProperties"), dict) else kind

    def size_at(self, path: Path) -> int | None:
        """The most elements of the value at a path, which begins with a variable."""
        found: _Declared | None = self
        for name in path[1:]:
            if name == "@keys" and found is not None and found.kind == "map":
                # The keys of a map are texts of no declared length: the real server takes them for nothing.
                return 0 if path[-1] == "@keys" else None
            found = found.child(name) if found is not None else None
        return found.most() if found is not None else None

    def child(self, name: str) -> _Declared | None:
        kind = self.kind
        if name in ("@items", "@values"):
            inner = {"array": "items", "map": "additionalProperties"}.get(kind)
            return _declared(self.schema.get(inner)) if inner else None
        if kind != "object":
            return None
        if self.root and name in ("apiVersion", "kind", "metadata"):
            return _Declared(_META if name == "metadata" else _STRING)
        properties = self.schema.get("properties") or {}
        if name in properties and escaped(name) == name:
            return _declared(properties[name])
        return next((_declared(each) for key, each in properties.items() if escaped(key) == name), None)

    def most(self) -> int:
        """The most items, members, characters (of four bytes) or bytes that a value may have."""
        match self.kind:
            case "array":
                return self._limit("maxItems", 1)
            case "map":
                return self._limit("maxProperties", 6)
            case "string":
                return self._longest()
            case "int-or-string":
                longest = self.schema.get("maxLength")
                return REQUEST - 2 if longest is None else max(0, int(longest)) * 4
        return 0

    def _limit(self, keyword: str, around: int) -> int:
        """The declared limit, or as many as fit a request, each with so many bytes around it."""
        limit = self.schema.get(keyword)
        if limit is not None:
            return max(0, int(limit))
        inner = self.child("@items")
        return (REQUEST - 2) // ((inner.least() if inner is not None else 0) + around)

    def _longest(self) -> int:
        form, limit = self.schema.get("format", ""), self.schema.get("maxLength")
        if form in _LONGEST:
            return _LONGEST[form]
        if limit is not None:
            return max(0, int(limit)) * (1 if form == "byte" else 4)
        values = self.schema.get("enum")
        if values and form != "byte":
            return max((len(value.encode()) for value in values if isinstance(value, str)), default=0)
        return REQUEST - 2

    def least(self) -> int:
        """The fewest bytes that a value takes in JSON."""
        match self.kind:
            case "string":
                return _SHORTEST.get(self.schema.get("format", ""), 2)
            case "boolean":
                return 4
            case "object":
                return 2 + sum(map(self._least_of, self.schema.get("required") or ()))
            case "array" | "map":
                return 2
        return 1

    def _least_of(self, name: str) -> int:
        """Of a required property; those with a default need not be there."""
        found = _declared((self.schema.get("properties") or {}).get(name))
        return 0 if found is None or found.schema.get("default") is not None else len(name) + found.least() + 4


def _declared(schema: Any) -> _Declared | None:
    """None where a schema says too little for rules."""
    if not isinstance(schema, dict) or cel_type(schema) is None:
        return None
    return _Declared(schema, bool(schema.get("x-kubernetes-embedded-resource")))
