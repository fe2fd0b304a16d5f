import pytest

from clusters.machinery import quantity
from clusters.machinery.quantity import parse


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0.5", "500m"),
        ("1024Ki", "1Mi"),
        ("1e3", "1e3"),
        ("1000m", "1"),
        ("0.5Gi", "512Mi"),
        ("100000", "100k"),
        ("12e2", "1200"),
        ("1.5Gi", "1536Mi"),
        ("0.1Ki", "102400m"),
        ("9Ei", "9223372036854775807"),
        ("0", "0"),
        ("0Ki", "0"),
        ("-1.5", "-1500m"),
        ("1n", "1n"),
        ("0.1n", "1n"),
        ("1025Ki", "1025Ki"),
        ("512", "512"),
        ("1E", "1E"),
        ("E", "0"),
        (".5", "500m"),
    ],
)
def test_canonical_form(text, canonical):
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize("text", ["", "a", "1.2.3", "1Q", " 1", "1 ", "²"])
def test_what_is_no_quantity_at_all(text):
    with pytest.raises(quantity.QuantityError, match="quantities must match the regular expression"):
        parse(text)


@pytest.mark.parametrize("text", ["1i", "1mm", "e", "1e", "--1", "1Kii"])
def test_unknown_suffixes(text):
    with pytest.raises(quantity.QuantityError, match="unable to parse quantity's suffix"):
        parse(text)


def test_huge_exponents_are_refused_rather_than_computed():
    with pytest.raises(quantity.QuantityError):
        parse("1e999999999")


def test_json_numbers_are_quantities_and_booleans_are_not():
    assert quantity.canonical(2) == "2"
    assert quantity.canonical(0.25) == "250m"
    with pytest.raises(quantity.QuantityError):
        quantity.canonical(True)


def test_milli_and_value_round_up():
    assert quantity.milli("1.5") == 1500
    assert quantity.milli("1u") == 1
    assert quantity.milli(3) == 3000
    assert quantity.value("1Ki") == 1024
    assert quantity.value("100m") == 1
    assert quantity.value("-100m") == -1


def test_resource_lists_are_stored_in_thousandths():
    assert quantity.canonical_milli("1u") == "1m"
    assert quantity.canonical_milli("0.5") == "500m"


def test_arithmetic_keeps_the_form_of_the_left_side():
    assert (parse("1Gi") + parse("512Mi")).canonical() == "1536Mi"
    assert (parse("1") - parse("100m")).canonical() == "900m"
    assert (parse("0") + parse("1Ki")).canonical() == "1Ki"


def test_comparison_is_by_value():
    assert parse("1") == parse("1000m")
    assert parse("1Ki") > parse("1k")
    assert parse("-1") < parse("0")
    assert hash(parse("1")) == hash(parse("1000m"))


def test_formatting_back():
    assert quantity.format_milli(1500) == "1500m"
    assert quantity.format_milli(2000) == "2"
    assert quantity.format_bytes(1 << 30) == "1Gi"
    assert quantity.format_bytes(1000) == "1k"
    assert quantity.format_decimal(110) == "110"


def test_is_valid_says_so_without_raising():
    assert quantity.is_valid("1Gi")
    assert not quantity.is_valid("x")
    assert not quantity.is_valid(None)
    assert not quantity.is_valid({})
