"""Types of expressions, as the checker knows them and as refusals print them.

Models: cel-go, common/types and checker/format.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class Type:
    """A type: its name, and its parameters if it has any."""

    __slots__ = ("name", "params")

    def __init__(self, name: str, params: tuple[Type, ...] = ()) -> None:
        self.name = name
        self.params = params

    def __str__(self) -> str:
        if self.params:
            return f"{self.name}({', '.join(map(str, self.params))})"
        return self.name

    def __repr__(self) -> str:
        return f"<{self}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Type) and self.name == other.name and self.params == other.params

    def __hash__(self) -> int:
        return hash((self.name, self.params))


class ObjectType(Type):
    """An object with declared fields. `open`: others may be there, too, of unknown type."""

    __slots__ = ("fields", "open")

    def __init__(self, name: str, fields: Mapping[str, Type], *, open_: bool = False) -> None:
        super().__init__(name)
        self.fields = fields
        self.open = open_

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, ObjectType) and other.name == self.name)

    def __hash__(self) -> int:
        return hash(self.name)


DYN: Final = Type("dyn")
NULL: Final = Type("null")
BOOL: Final = Type("bool")
INT: Final = Type("int")
UINT: Final = Type("uint")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
BYTES: Final = Type("bytes")
TIMESTAMP: Final = Type("timestamp")
DURATION: Final = Type("duration")
TYPE: Final = Type("type")
ERROR: Final = Type("!error!")
ANY_LIST: Final = Type("list", (DYN,))
ANY_MAP: Final = Type("map", (DYN, DYN))

A: Final = Type("A")
B: Final = Type("B")
PARAMETERS: Final = frozenset(("A", "B"))
"""Names of type parameters in the signatures of functions."""


def list_of(item: Type) -> Type:
    return Type("list", (item,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", (key, value))


def optional_of(value: Type) -> Type:
    return Type("optional_type", (value,))


_NULLABLE = frozenset(("timestamp", "duration", "null"))
_SCALARS = frozenset(("bool", "int", "uint", "double", "string", "bytes", "list", "map", "type", "dyn", "!error!"))


def assignable(to: Type, value: Type, bound: dict[str, Type]) -> bool:
    """Whether a value of one type may stand where another is wanted; type parameters of `to` are bound on the way."""
    if not to.params and to.name in PARAMETERS:
        known = bound.get(to.name)
        if known is None or known is DYN:
            bound[to.name] = value
            return True
        if assignable(known, value, bound):
            return True
        if assignable(value, known, bound):
            bound[to.name] = value
            return True
        return False
    if to is DYN or value is DYN or value is ERROR or to is ERROR:
        return True
    if value is NULL:
        return to.name in _NULLABLE or to.name not in _SCALARS
    if isinstance(to, ObjectType):
        return to == value
    if to.name != value.name or len(to.params) != len(value.params):
        return False
    return all(assignable(t, v, bound) for t, v in zip(to.params, value.params))


def substitute(type_: Type, bound: Mapping[str, Type]) -> Type:
    """A signature's result with its type parameters filled in."""
    if not type_.params:
        return bound.get(type_.name, DYN) if type_.name in PARAMETERS else type_
    return Type(type_.name, tuple(substitute(p, bound) for p in type_.params))


def join(left: Type, right: Type) -> Type | None:
    """The more general of two types; None if they have nothing in common."""
    if left == right:
        return left
    if left is DYN or right is DYN:
        return DYN
    if assignable(left, right, {}):
        return left if right is NULL or _looser(left, right) else right
    return right if assignable(right, left, {}) else None


def _looser(left: Type, right: Type) -> bool:
    """Whether `left` has a dyn where `right` says more."""
    if left is DYN:
        return True
    return any(_looser(a, b) for a, b in zip(left.params, right.params))
