"""What a rule may cost at worst, told from the limits that its schema sets: rules over unbounded lists are refused.

An estimate of our own, coarser than the real server's; both are meant to tell rules that can never cost much from
those that a large object makes expensive. Models: apiextensions-apiserver, pkg/apis/apiextensions/validation (cost
limits); apiserver, pkg/cel/library/cost.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.machinery.cel.ast import Call, Ident, Index, ListOf, Macro, MapOf, Node, Select, Struct
from clusters.machinery.cel.parser import parse

STATIC_LIMIT = 10_000_000
REQUEST = 3 * 1024 * 1024
"""No value is larger than a request."""

Schema = Mapping[str, Any]
_ADVICE = (
    " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are"
    " declared)"
)


def cost_message(what: str, cost: int, limit: int) -> str:
    factor = cost / limit
    if factor > 100:
        text = f"{what} exceeds budget by factor of more than 100x"
    elif factor < 1.5:
        text = f"{what} exceeds budget by factor of {factor:f}x"
    else:
        text = f"{what} exceeds budget by factor of {factor:.1f}x"
    return text + _ADVICE


def estimate(source: str, schema: Schema, cardinality: int | None) -> int:
    """The worst cost of a rule on a schema that occurs `cardinality` times (None: unbounded)."""
    times = cardinality if cardinality is not None else REQUEST // max(1, _least(schema) + 1)
    return _Estimate(schema).cost(parse(source), {"self": schema, "oldSelf": schema}) * times


def _least(schema: Schema | None) -> int:
    """The fewest bytes that a value takes in JSON."""
    if schema is None:
        return 1
    kind = schema.get("type")
    if kind in ("object", "array", "string"):
        required = schema.get("required") or ()
        properties = schema.get("properties") or {}
        return 2 + sum(len(name) + 3 + _least(properties.get(name)) + 1 for name in required)
    return 1


def _most(schema: Schema | None) -> int:
    """The most items, members or characters that a value may have."""
    if schema is None:
        return 1
    kind = schema.get("type")
    if kind == "array":
        limit = schema.get("maxItems")
        items = schema.get("items")
        return int(limit) if limit is not None else REQUEST // (_least(items if isinstance(items, dict) else None) + 1)
    if kind == "object":
        limit = schema.get("maxProperties")
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            return int(limit) if limit is not None else REQUEST // (_least(extra) + 4)
        return len(schema.get("properties") or {})
    if kind == "string":
        limit = schema.get("maxLength")
        if limit is not None:
            return int(limit) * 4
        if schema.get("enum"):
            return max((len(str(v)) for v in schema["enum"]), default=0)
        return {"date": 10, "date-time": 32, "duration": 32}.get(schema.get("format", ""), REQUEST)
    return 1


# fmt: off
_TEXT = frozenset((
    "contains", "startsWith", "endsWith", "find", "findAll", "lowerAscii", "upperAscii", "replace", "split", "trim",
    "substring", "indexOf", "lastIndexOf", "join", "format", "reverse", "charAt", "quantity", "url", "ip", "cidr",
    "isQuantity", "isURL", "isIP", "isCIDR", "string",
))
# fmt: on
"""Functions that read the whole of a text."""


class _Estimate:
    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def cost(self, node: Node, scope: Mapping[str, Schema | None]) -> int:
        if isinstance(node, Select):
            return 1 + self.cost(node.operand, scope)
        if isinstance(node, Index):
            return 1 + self.cost(node.operand, scope) + self.cost(node.index, scope)
        if isinstance(node, Macro):
            return self._macro(node, scope)
        if isinstance(node, ListOf):
            return 10 + sum(self.cost(n, scope) for n in node.items)
        if isinstance(node, MapOf | Struct):
            return 30 + sum(self.cost(e.value, scope) for e in node.entries)
        if isinstance(node, Call):
            return self._call(node, scope)
        return 1 if isinstance(node, Ident) else 0

    def _call(self, node: Call, scope: Mapping[str, Schema | None]) -> int:
        operands = [node.target, *node.args] if node.target is not None else list(node.args)
        total = 1 + sum(self.cost(n, scope) for n in operands)
        if node.name == "@in":
            return total + _most(self.schema_of(node.args[1], scope))
        if node.name in ("_==_", "_!=_"):
            return total + min(self._size(n, scope) for n in node.args) // 10
        if node.name == "matches":
            return total + (self._size(operands[0], scope) // 10 + 1) * (self._size(operands[1], scope) // 4 + 1)
        if node.name in _TEXT or node.name == "_+_":
            total += sum(self._size(n, scope) for n in operands) // 10
        return total

    def _size(self, node: Node, scope: Mapping[str, Schema | None]) -> int:
        value = getattr(node, "value", None)
        if isinstance(value, str | bytes):
            return len(value)
        return _most(self.schema_of(node, scope))

    def _macro(self, node: Macro, scope: Mapping[str, Schema | None]) -> int:
        ranged = self.schema_of(node.range, scope)
        total = self.cost(node.range, scope)
        inner = dict(scope)
        if node.name in ("bind", "optMap", "optFlatMap"):
            inner[node.variables[0]] = ranged
            return total + sum(self.cost(b, inner) for b in node.bodies)
        item = _element(ranged)
        for name in node.variables:
            inner[name] = None
        inner[node.variables[-1]] = item if len(node.variables) == 2 or _is_list(ranged) else None
        count = _most(ranged) if ranged is not None else _literal_size(node.range)
        return total + count * (3 + sum(self.cost(b, inner) for b in node.bodies))

    def schema_of(self, node: Node, scope: Mapping[str, Schema | None]) -> Schema | None:
        """The schema of what a node evaluates to, if it is a part of the object."""
        if isinstance(node, Ident):
            return scope.get(node.name)
        if isinstance(node, Select):
            owner = self.schema_of(node.operand, scope)
            if owner is None:
                return None
            found = (owner.get("properties") or {}).get(node.name)
            return found if found is not None else _element(owner)
        if isinstance(node, Index):
            return _element(self.schema_of(node.operand, scope))
        if isinstance(node, Macro) and node.name == "filter":
            return self.schema_of(node.range, scope)
        return None


def _element(schema: Schema | None) -> Schema | None:
    if schema is None:
        return None
    inner = schema.get("items") if _is_list(schema) else schema.get("additionalProperties")
    return inner if isinstance(inner, dict) else None


def _is_list(schema: Schema | None) -> bool:
    return schema is not None and schema.get("type") == "array"


def _literal_size(node: Node) -> int:
    return len(node.items) if isinstance(node, ListOf) else 100
