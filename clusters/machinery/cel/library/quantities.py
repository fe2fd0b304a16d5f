"""Resource quantities. Models: apiserver, pkg/cel/library/quantity.go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clusters.machinery import quantity
from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import BOOL, DOUBLE, INT, STRING, Type
from clusters.machinery.cel.values import INT_MAX, INT_MIN, Opaque

LIBRARY = Library()
_function, _method = LIBRARY.function, LIBRARY.method
_QUANTITY = Type("kubernetes.Quantity")


@dataclass(frozen=True, slots=True)
class QuantityValue(Opaque):
    amount: quantity.Quantity

    type = _QUANTITY

    def __str__(self) -> str:
        return self.amount.canonical()


@_function("quantity", [STRING], _QUANTITY)
def _parse(text: str) -> QuantityValue:
    try:
        return QuantityValue(quantity.parse(text))
    except quantity.QuantityError as error:
        raise CelError(str(error)) from None


_function("isQuantity", [STRING], BOOL)(quantity.is_valid)


def _exact(value: QuantityValue) -> int | None:
    whole = value.amount.value()
    if not value.amount.is_integer() or not INT_MIN <= whole <= INT_MAX:
        return None
    return whole


@_method("asInteger", [_QUANTITY], INT)
def _as_integer(value: QuantityValue) -> int:
    whole = _exact(value)
    if whole is None:
        raise CelError("cannot convert value to integer")
    return whole


_method("isInteger", [_QUANTITY], BOOL)(lambda value: _exact(value) is not None)
_method("asApproximateFloat", [_QUANTITY], DOUBLE)(
    lambda value: float(value.amount.unscaled) * 10.0**value.amount.scale
)
_method("sign", [_QUANTITY], INT)(lambda value: value.amount.sign())
_method("isLessThan", [_QUANTITY, _QUANTITY], BOOL)(lambda a, b: a.amount < b.amount)
_method("isGreaterThan", [_QUANTITY, _QUANTITY], BOOL)(lambda a, b: b.amount < a.amount)
_method("compareTo", [_QUANTITY, _QUANTITY], INT)(lambda a, b: (b.amount < a.amount) - (a.amount < b.amount))


def _of(value: Any) -> quantity.Quantity:
    return value.amount if isinstance(value, QuantityValue) else quantity.of(int(value))


for _other in (_QUANTITY, INT):
    _method("add", [_QUANTITY, _other], _QUANTITY)(lambda a, b: QuantityValue(a.amount + _of(b)))
    _method("sub", [_QUANTITY, _other], _QUANTITY)(lambda a, b: QuantityValue(a.amount - _of(b)))
