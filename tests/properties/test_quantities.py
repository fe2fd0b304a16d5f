"""Quantities against exact fractions."""

from fractions import Fraction
from math import ceil, floor

from hypothesis import given
from hypothesis import strategies as st

from clusters.machinery import quantity
from clusters.machinery.quantity import parse

DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40}

numbers = st.tuples(
    st.sampled_from(["", "-", "+"]),
    st.text("0123456789", min_size=1, max_size=6),
    st.one_of(st.none(), st.text("0123456789", min_size=1, max_size=4)),
)
suffixes = st.one_of(
    st.sampled_from([*DECIMAL, *BINARY]),
    st.integers(-4, 9).map(lambda n: f"e{n}"),
    st.integers(0, 9).map(lambda n: f"E{n}"),
)


@st.composite
def quantities(draw):
    """(text, exact value)"""
    sign, whole, fraction = draw(numbers)
    suffix = draw(suffixes)
    value = Fraction(f"{whole}.{fraction or 0}")
    if suffix in DECIMAL:
        value *= Fraction(10) ** DECIMAL[suffix]
    elif suffix in BINARY:
        value *= 2 ** BINARY[suffix]
    else:
        value *= Fraction(10) ** int(suffix[1:])
    text = sign + whole + (f".{fraction}" if fraction is not None else "") + suffix
    return text, -value if sign == "-" else value


def rounded(value: Fraction) -> int:
    """Away from zero."""
    return floor(value) if value < 0 else ceil(value)


@given(quantities())
def test_values_are_exact_but_for_rounding_up(pair):
    text, exact = pair
    assert quantity.value(text) == rounded(Fraction(rounded(exact * 10**9), 10**9))
    assert quantity.milli(text) == rounded(Fraction(rounded(exact * 10**9), 10**6))


@given(quantities())
def test_the_canonical_form_has_the_same_value_and_is_its_own(pair):
    text, _ = pair
    canonical = quantity.canonical(text)
    assert parse(canonical) == parse(text)
    assert quantity.canonical(canonical) == canonical


@given(quantities(), quantities())
def test_order_and_sums_are_those_of_numbers(left, right):
    (a, x), (b, y) = left, right
    x, y = (Fraction(rounded(v * 10**9), 10**9) for v in (x, y))
    assert (parse(a) < parse(b)) == (x < y)
    assert (parse(a) == parse(b)) == (x == y)
    assert ((parse(a) + parse(b)) - parse(b)) == parse(a)
    assert (parse(a) + parse(b)).value() == rounded(x + y)


@given(st.integers(-(10**15), 10**15))
def test_formatting_is_the_inverse(number):
    assert quantity.milli(quantity.format_milli(number)) == number
    assert quantity.value(quantity.format_bytes(number)) == number


@given(st.text(max_size=12))
def test_any_text_is_a_quantity_or_refused(text):
    assert quantity.is_valid(text) in (True, False)
