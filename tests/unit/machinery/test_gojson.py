import pytest

from clusters.machinery import gojson
from clusters.machinery.gojson import GoJsonError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "unexpected end of JSON input"),
        (b'{"a":', "unexpected end of JSON input"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b"nonsense", "invalid character 'o' in literal null (expecting 'u')"),
        (b"01", "invalid character '1' after top-level value"),
        (b"1.x", "invalid character 'x' after decimal point in numeric literal"),
        (b"1e+x", "invalid character 'x' in exponent of numeric literal"),
        (b"-x", "invalid character 'x' in numeric literal"),
        (b'"\x01"', "invalid character '\\x01' in string literal"),
        (b'"\n"', "invalid character '\\n' in string literal"),
        (b'"\\q"', "invalid character 'q' in string escape code"),
        (b'"\\u12x4"', "invalid character 'x' in \\u hexadecimal character escape"),
        (b"{a:1}", "invalid character 'a' looking for beginning of object key string"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        (b"'a'", "invalid character '\\'' looking for beginning of value"),
        (b"\x9e", "invalid character '\\x9e' looking for beginning of value"),
    ],
)
def test_refusals_are_gos(text, message):
    with pytest.raises(GoJsonError) as refused:
        gojson.parse_json(text)
    assert str(refused.value) == message


def test_invalid_utf8_becomes_the_replacement_character():
    assert gojson.parse_json(b'{"a":"\xff"}') == {"a": "\ufffd"}


def test_halves_of_surrogate_pairs_become_the_replacement_character():
    assert gojson.parse_json(b'{"a":"x\\ud800y","b":"\\ud83d\\ude00"}') == {"a": "x\ufffdy", "b": "\U0001f600"}


def test_deep_nesting_is_refused():
    with pytest.raises(GoJsonError, match="exceeded max depth"):
        gojson.parse_pairs(b"[" * 5000)


def test_pairs_keep_duplicates():
    assert gojson.parse_pairs(b'{"a":1,"a":{"b":2}}') == [("a", 1), ("a", [("b", 2)])]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (b'{"a":1,"b":{"c":2}}', 3),
        (b'{"a" :1, "a"\n: 2}', 2),
        (b'{"a":"x\\":y"}', 1),
        (b'["a","b"]', 0),
    ],
)
def test_keys_are_counted_with_duplicates(text, count):
    assert gojson.count_keys(text) == count
