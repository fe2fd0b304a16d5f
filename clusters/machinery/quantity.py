"""Exact quantities: `100m`, `1.5Gi`, `2e3`, as the server parses, rounds, compares and prints them.

Hot paths never build objects: `milli(text)` and `value(text)` are cached by text and answer plain integers.

Models: apimachinery, pkg/api/resource. The canonical form keeps the kind of suffix that was written (binary,
decimal, exponent), has no fraction, and the largest suffix that loses nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache, total_ordering

FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
NUMERIC_WRONG = "unable to parse numeric part of quantity"
SUFFIX_WRONG = "unable to parse quantity's suffix"

_split = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)").fullmatch
_exponent = re.compile(r"[eE]([-+]?[0-9]+)").fullmatch

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {v: k for k, v in _DECIMAL.items()}
_BINARY_SUFFIX = {v: k for k, v in _BINARY.items()}

_NANO = -9
_MAX_INT64 = (1 << 63) - 1

Number = str | int | float


class QuantityError(ValueError):
    """Not a quantity; the text is the server's."""


@total_ordering
class Quantity:
    """`unscaled * 10**scale`, and the kind of suffix it is printed with (`binary`, `decimal`, `exponent`)."""

    __slots__ = ("_text", "form", "scale", "unscaled")

    def __init__(self, unscaled: int, scale: int = 0, form: str = "decimal", text: str = "") -> None:
        self.unscaled = unscaled
        self.scale = scale
        self.form = form
        self._text = text

    def canonical(self) -> str:
        """The form in which the server prints it."""
        if not self._text:
            self._text = _print(self.unscaled, self.scale, self.form)
        return self._text

    def scaled(self, scale: int) -> int:
        """The value in units of `10**scale`, rounded away from zero."""
        shift = self.scale - scale
        if shift >= 0:
            return int(self.unscaled * 10**shift)
        quotient, rest = divmod(abs(self.unscaled), 10**-shift)
        quotient += rest > 0
        return int(-quotient if self.unscaled < 0 else quotient)

    def milli(self) -> int:
        return self.scaled(-3)

    def value(self) -> int:
        return self.scaled(0)

    def rounded_up(self, scale: int) -> Quantity:
        """No finer than `10**scale` (the server stores resource lists to milli units)."""
        if self.scale >= scale:
            return self
        return Quantity(self.scaled(scale), scale, self.form)

    def is_integer(self) -> bool:
        return self.scale >= 0 or self.unscaled % 10**-self.scale == 0

    def sign(self) -> int:
        return (self.unscaled > 0) - (self.unscaled < 0)

    def _aligned(self, other: Quantity) -> tuple[int, int, int]:
        scale = min(self.scale, other.scale)
        return (
            self.unscaled * 10 ** (self.scale - scale),
            other.unscaled * 10 ** (other.scale - scale),
            scale,
        )

    def __add__(self, other: Quantity) -> Quantity:
        left, right, scale = self._aligned(other)
        form = other.form if self.unscaled == 0 else self.form
        return Quantity(left + right, scale, form)

    def __sub__(self, other: Quantity) -> Quantity:
        left, right, scale = self._aligned(other)
        form = other.form if self.unscaled == 0 else self.form
        return Quantity(left - right, scale, form)

    def __neg__(self) -> Quantity:
        return Quantity(-self.unscaled, self.scale, self.form)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantity):
            return NotImplemented
        left, right, _ = self._aligned(other)
        return left == right

    def __lt__(self, other: Quantity) -> bool:
        left, right, _ = self._aligned(other)
        return left < right

    def __hash__(self) -> int:
        unscaled, scale = _strip(self.unscaled, self.scale)
        return hash((unscaled, scale))

    def __bool__(self) -> bool:
        return self.unscaled != 0

    def __repr__(self) -> str:
        return f"Quantity({self.canonical()!r})"


def _strip(unscaled: int, scale: int) -> tuple[int, int]:
    """Without factors of ten."""
    if unscaled == 0:
        return 0, 0
    while unscaled % 10 == 0:
        unscaled //= 10
        scale += 1
    return unscaled, scale


def _print(unscaled: int, scale: int, form: str) -> str:
    if unscaled == 0:
        return "0"
    if form == "binary":
        whole = unscaled * 10**scale if scale >= 0 else None
        if whole is None and unscaled % 10**-scale == 0:
            whole = unscaled // 10**-scale
        if whole is not None and abs(whole) >= 1024:
            power = 0
            while whole % 1024 == 0 and power < 60:
                whole //= 1024
                power += 10
            return f"{whole}{_BINARY_SUFFIX.get(power, '')}"
        form = "decimal"
    unscaled, scale = _strip(unscaled, scale)
    over = scale % 3
    unscaled, scale = unscaled * 10**over, scale - over
    if form == "decimal" and scale in _DECIMAL_SUFFIX:
        return f"{unscaled}{_DECIMAL_SUFFIX[scale]}"
    return f"{unscaled}e{scale}" if scale else str(unscaled)


@lru_cache(maxsize=16384)
def parse(text: str) -> Quantity:
    """The quantity written as `text`. Raises QuantityError with the server's text."""
    if text == "0":
        return Quantity(0, 0, "decimal", "0")
    found = _split(text)
    if not text or found is None or not text.isascii():
        raise QuantityError(FORMAT_WRONG)
    sign, whole, fraction, suffix = found.groups()
    whole, fraction = whole or "0", fraction or ""
    if suffix in _DECIMAL:
        form, exponent = "decimal", _DECIMAL[suffix]
    elif suffix in _BINARY:
        form, exponent = "binary", _BINARY[suffix]
    elif (power := _exponent(suffix)) is not None and len(power[1]) <= 10:
        form, exponent = "exponent", int(power[1])
        if not -(1 << 31) <= exponent < 1 << 31:
            raise QuantityError(SUFFIX_WRONG)
    else:
        raise QuantityError(SUFFIX_WRONG)
    digits = whole + fraction
    if len(digits) > 4096 or abs(exponent) > 4096:
        raise QuantityError(NUMERIC_WRONG)
    number = int(digits) * (-1 if sign == "-" else 1)
    if form == "binary":
        # The server shifts whole binary numbers exactly and takes decimals for the rest.
        fits = not fraction and len(whole) + int(exponent * 3 / 10) + 1 <= 15
        if fits and number & 7:
            return Quantity(number << exponent, 0, form, text)
        quantity = Quantity(number << exponent, -len(fraction), form)
        if fits:
            return quantity
    else:
        scale = exponent - len(fraction)
        if len(digits) <= 18 and scale >= _NANO:
            if scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0":
                return Quantity(number, scale, form, text)  # as written: the server keeps such a text
            return Quantity(number, scale, form)
        quantity = Quantity(number, scale, form)
    quantity = quantity.rounded_up(_NANO)
    if form == "binary":
        size = -quantity if number < 0 else quantity
        if size > _CAP:
            quantity = Quantity(-_MAX_INT64 if number < 0 else _MAX_INT64, 0, form)
        elif number and size < _ONE:
            quantity = Quantity(quantity.unscaled, quantity.scale, "decimal")
    return quantity


_CAP = Quantity(_MAX_INT64)
_ONE = Quantity(1)


def of(number: Number) -> Quantity:
    """The quantity of a wire value: text, or a JSON number."""
    return parse(number if isinstance(number, str) else _number_text(number))


def _number_text(number: int | float) -> str:
    if isinstance(number, bool):
        raise QuantityError(FORMAT_WRONG)
    return repr(number) if isinstance(number, float) else str(number)


@lru_cache(maxsize=16384)
def _milli(text: str) -> int:
    return parse(text).milli()


@lru_cache(maxsize=16384)
def _value(text: str) -> int:
    return parse(text).value()


def milli(number: Number) -> int:
    """Thousandths, rounded up: `milli("1.5") == 1500`. Raises QuantityError."""
    if isinstance(number, str):
        return _milli(number)
    return number * 1000 if type(number) is int else _milli(_number_text(number))


def value(number: Number) -> int:
    """Whole units, rounded up: `value("1Ki") == 1024`, `value("100m") == 1`. Raises QuantityError."""
    if isinstance(number, str):
        return _value(number)
    return number if type(number) is int else _value(_number_text(number))


def is_valid(text: object) -> bool:
    try:
        of(text)  # type: ignore[arg-type]
    except (QuantityError, TypeError, AttributeError):
        return False
    return True


def canonical(number: Number) -> str:
    """The form in which the server returns `number`. Raises QuantityError."""
    return of(number).canonical()


def canonical_milli(number: Number) -> str:
    """As `canonical`, rounded up to thousandths: what the server stores in resource lists (limits, ...)."""
    return of(number).rounded_up(-3).canonical()


@lru_cache(maxsize=4096)
def format_milli(amount: int) -> str:
    """`format_milli(1500) == "1500m"`, `format_milli(2000) == "2"`."""
    return _print(amount, -3, "decimal")


@lru_cache(maxsize=4096)
def format_bytes(amount: int) -> str:
    """`format_bytes(1 << 30) == "1Gi"`."""
    return _print(amount, 0, "binary")


def format_decimal(amount: int) -> str:
    """`format_decimal(110) == "110"`, `format_decimal(5000) == "5k"`."""
    return _print(amount, 0, "decimal")
