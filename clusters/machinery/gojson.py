"""JSON and YAML as Go reads them: the same values, the same refusals, the same words for them.

The fast path is orjson. Only when it refuses a text, or when somebody must know of duplicate keys, a slower
reader runs that keeps them and words errors as Go's scanner does.

Models: encoding/json (scanner), sigs.k8s.io/json, sigs.k8s.io/yaml (YAML to JSON).
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

MAX_DEPTH = 200
"""Containers within containers. (Go allows 10,000; no object that a real cluster keeps has 100.)"""


class GoJsonError(ValueError):
    """Not JSON (or YAML); the text is Go's."""


class Pairs(list[tuple[str, Any]]):
    """A JSON object with all its members in order, duplicates included."""


def parse_json(data: bytes) -> Any:
    """The value of a JSON text; of duplicate keys the last counts. Raises GoJsonError."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _slow(data, None)
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise GoJsonError("exceeded max depth")
    return value


def _deeper_than(value: Any, limit: int) -> bool:
    """Level by level, so that depth costs no stack."""
    level = [value] if isinstance(value, dict | list) else []
    while level and limit >= 0:
        limit -= 1
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    return bool(level)


def parse_pairs(data: bytes) -> Any:
    """As `parse_json`, with objects as `Pairs`."""
    return _slow(data, Pairs)


def _slow(data: bytes, hook: Any) -> Any:
    check_syntax(data)
    text = data.decode("utf-8", errors="replace")
    try:
        value = json.loads(text, object_pairs_hook=hook, strict=False)
    except RecursionError:
        raise GoJsonError("exceeded max depth") from None
    return _scrub(value) if "\\ud" in text.lower() else value


def _scrub(value: Any) -> Any:
    """With U+FFFD for halves of surrogate pairs, as Go reads them."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Pairs):
        return Pairs((_scrub(k), _scrub(v)) for k, v in value)
    if isinstance(value, dict):
        return {_scrub(k): _scrub(v) for k, v in value.items()}
    return [_scrub(v) for v in value] if isinstance(value, list) else value


class Number(str):
    """A number as it was written, for error texts."""


def parse_numbers(data: bytes) -> Any:
    """As `parse_json`, with numbers as they were written."""
    check_syntax(data)
    return json.loads(data.decode("utf-8", errors="replace"), parse_int=Number, parse_float=Number, strict=False)


_KEYS = re.compile(rb'(?<!\\)"\s+:')


def count_keys(data: bytes) -> int:
    """How many object members the text has, duplicates included. Wrong for odd texts (a key that ends in a
    backslash), and then never equal to the number of distinct members by chance in a text without duplicates:
    callers look closer if the numbers differ."""
    close = data.count(b'":') - data.count(b'\\":')
    return close + len(_KEYS.findall(data))


# -- the scanner --------------------------------------------------------------------------------------------

_SPACE = b" \t\r\n"
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_HEX = b"0123456789abcdefABCDEF"
_WORDS = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}


def check_syntax(data: bytes) -> None:
    """Raises GoJsonError where Go's scanner would stop."""
    at = _value(data, _skip(data, 0), 0)
    at = _skip(data, at)
    if at < len(data):
        raise _bad(data, at, "after top-level value")


def _bad(data: bytes, at: int, context: str) -> GoJsonError:
    if at >= len(data):
        return GoJsonError("unexpected end of JSON input")
    c = data[at]
    if c == 0x27:
        shown = "\\'"
    elif 0x20 <= c < 0x7F:
        shown = chr(c) if c != 0x5C else "\\\\"
    else:
        shown = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}.get(c, f"\\x{c:02x}")
    return GoJsonError(f"invalid character '{shown}' {context}")


def _skip(data: bytes, at: int) -> int:
    while at < len(data) and data[at] in _SPACE:
        at += 1
    return at


def _value(data: bytes, at: int, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise GoJsonError("exceeded max depth")
    c = data[at] if at < len(data) else -1
    if c == 0x7B:
        return _object(data, at + 1, depth + 1)
    if c == 0x5B:
        return _array(data, at + 1, depth + 1)
    if c == 0x22:
        return _string(data, at + 1)
    if c in _WORDS:
        return _word(data, at, _WORDS[c])
    if c == 0x2D or 0x30 <= c <= 0x39:
        return _number(data, at)
    raise _bad(data, at, "looking for beginning of value")


def _word(data: bytes, at: int, word: bytes) -> int:
    for i in range(1, len(word)):
        if at + i >= len(data) or data[at + i] != word[i]:
            raise _bad(data, at + i, f"in literal {word.decode()} (expecting '{chr(word[i])}')")
    return at + len(word)


def _number(data: bytes, at: int) -> int:
    found = _NUMBER.match(data, at)
    if found is None:
        raise _bad(data, at + 1, "in numeric literal")
    end = found.end()
    if end < len(data):
        text, c = found.group(), data[end]
        if c == 0x2E and b"." not in text and b"e" not in text.lower():
            raise _bad(data, end + 1, "after decimal point in numeric literal")
        if c in b"eE" and b"e" not in text.lower():
            sign = end + 1 < len(data) and data[end + 1] in b"+-"
            raise _bad(data, end + 1 + sign, "in exponent of numeric literal")
    return end


def _string(data: bytes, at: int) -> int:
    while True:
        found = _PLAIN.match(data, at)
        assert found is not None
        at = found.end()
        if at >= len(data):
            raise _bad(data, at, "")
        if data[at] == 0x22:
            return at + 1
        if data[at] != 0x5C:
            raise _bad(data, at, "in string literal")
        at += 1
        if at >= len(data) or data[at] not in b'"\\/bfnrtu':
            raise _bad(data, at, "in string escape code")
        if data[at] == 0x75:
            for i in range(1, 5):
                if at + i >= len(data) or data[at + i] not in _HEX:
                    raise _bad(data, at + i, "in \\u hexadecimal character escape")
            at += 4
        at += 1


def _object(data: bytes, at: int, depth: int) -> int:
    at = _skip(data, at)
    if at < len(data) and data[at] == 0x7D:
        return at + 1
    while True:
        if at >= len(data) or data[at] != 0x22:
            raise _bad(data, at, "looking for beginning of object key string")
        at = _skip(data, _string(data, at + 1))
        if at >= len(data) or data[at] != 0x3A:
            raise _bad(data, at, "after object key")
        at = _skip(data, _value(data, _skip(data, at + 1), depth))
        if at < len(data) and data[at] == 0x7D:
            return at + 1
        if at >= len(data) or data[at] != 0x2C:
            raise _bad(data, at, "after object key:value pair")
        at = _skip(data, at + 1)


def _array(data: bytes, at: int, depth: int) -> int:
    at = _skip(data, at)
    if at < len(data) and data[at] == 0x5D:
        return at + 1
    while True:
        at = _skip(data, _value(data, at, depth))
        if at < len(data) and data[at] == 0x5D:
            return at + 1
        if at >= len(data) or data[at] != 0x2C:
            raise _bad(data, at, "after array element")
        at = _skip(data, at + 1)
