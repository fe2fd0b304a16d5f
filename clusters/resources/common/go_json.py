"""What Go's JSON decoder says of a text that should hold an object. Models: Go, encoding/json."""

from __future__ import annotations

import json

_SPACE = b" \t\r\n"


def object_error(text: bytes) -> str:
    """The error of decoding `text` into a map; "" if it holds an object (or null)."""
    try:
        value = json.loads(text)
    except (ValueError, UnicodeDecodeError):
        return _syntax_error(text)
    if value is None or isinstance(value, dict):
        return ""
    kinds = {str: "string", bool: "bool", int: "number", float: "number", list: "array"}
    return f"json: cannot unmarshal {kinds[type(value)]} into Go value of type map[string]interface {{}}"


def _syntax_error(text: bytes) -> str:
    stripped = text.rstrip(_SPACE)
    try:
        decoder = json.JSONDecoder()
        source = stripped.decode(errors="replace").lstrip()
        if not source:
            return "unexpected end of JSON input"
        _, end = decoder.raw_decode(source)
    except json.JSONDecodeError as error:
        if error.pos >= len(source) or error.msg.startswith("Unterminated string"):
            return "unexpected end of JSON input"
        return f"invalid character {_quoted(source[error.pos])} {_expected(error.msg)}"
    rest = source[end:].lstrip()
    return f"invalid character {_quoted(rest[0])} after top-level value" if rest else ""


def _expected(message: str) -> str:
    if message.startswith("Expecting property name"):
        return "looking for beginning of object key string"
    if message.startswith("Expecting ':'"):
        return "after object key"
    if message.startswith("Expecting ','"):
        return "after object key:value pair"
    if message.startswith("Invalid control character"):
        return "in string literal"
    return "looking for beginning of value"


def _quoted(char: str) -> str:
    return {"'": r"'\''", '"': "'\"'"}.get(char, f"'{char}'")
