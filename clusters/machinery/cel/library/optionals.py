"""Values that may be absent. Models: cel-go, cel/library.go (OptionalTypes)."""

from __future__ import annotations

from typing import Any

from clusters.machinery.cel.errors import CelError, no_such_overload
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import BOOL, DYN, A, list_of, optional_of
from clusters.machinery.cel.values import NONE, Optional

LIBRARY = Library()
_OPTIONAL = optional_of(A)
LIBRARY.function("optional.of", [A], _OPTIONAL)(Optional)
LIBRARY.function("optional.none", [], optional_of(DYN))(lambda: NONE)
LIBRARY.method("hasValue", [_OPTIONAL], BOOL)(lambda value: value.present)


@LIBRARY.function("optional.ofNonZeroValue", [A], _OPTIONAL)
def _of_non_zero(value: Any) -> Optional:
    zero = value is None or (isinstance(value, bool | int | float | str | bytes | list | dict) and not value)
    return NONE if zero else Optional(value)


@LIBRARY.function("optional.unwrap", [list_of(_OPTIONAL)], list_of(A))
@LIBRARY.method("unwrapOpt", [list_of(_OPTIONAL)], list_of(A))
def _unwrap(values: list[Any]) -> list[Any]:
    if not all(isinstance(value, Optional) for value in values):
        raise no_such_overload()
    return [value.value for value in values if value.present]


@LIBRARY.method("value", [_OPTIONAL], A)
def _value(value: Optional) -> Any:
    if not value.present:
        raise CelError("optional.none() dereference")
    return value.value


@LIBRARY.method("orValue", [_OPTIONAL, A], A)
def _or_value(value: Optional, other: Any) -> Any:
    return value.value if value.present else other


@LIBRARY.method("or", [_OPTIONAL, _OPTIONAL], _OPTIONAL)
def _or(value: Optional, other: Optional) -> Optional:
    return value if value.present else other
