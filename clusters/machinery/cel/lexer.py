"""Tokens of an expression. Models: cel-go, parser/gen/CEL.g4."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

from clusters.machinery.cel.errors import Issue
from clusters.machinery.cel.types import BYTES, DOUBLE, INT, STRING, UINT, Type

MAX_LENGTH: Final = 100_000
# fmt: off
RESERVED: Final = frozenset((
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
))
# fmt: on
_SPACE = re.compile(r"(?:[\t \r\n\f]+|//[^\n]*)+")
_NUMBER = re.compile(
    r"(?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|(?P<hex>0x[0-9a-fA-F]+)|(?P<int>\d+)"
)
_IDENT = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_QUOTED_IDENT = re.compile(r"`[a-zA-Z0-9_.\-/ ]+`")
_STRING = re.compile(r"(?P<prefix>[rR]?[bB]?|[bB][rR])(?P<quote>\"\"\"|'''|\"|')", re.ASCII)
_OPERATORS = ("&&", "||", "<=", ">=", "==", "!=", *"+-*/%<>!?:.,()[]{}")
_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    '"': '"', "'": "'", "\\": "\\", "?": "?", "`": "`",
}  # fmt: skip
_HEX_LENGTH = {"x": 2, "X": 2, "u": 4, "U": 8}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: `literal`, `ident`, `quoted`, `op` or `end`."""

    kind: str
    text: str
    at: int
    value: Any = None
    type: Type | None = None


class SyntaxProblem(Exception):
    """The expression cannot be read from here."""

    def __init__(self, at: int, text: str, *, literal: bool = False) -> None:
        super().__init__(text)
        self.issue = Issue(at, text if literal else f"Syntax error: {text}")


def tokens(source: str) -> list[Token]:
    """All tokens, and the end. Raises SyntaxProblem."""
    out: list[Token] = []
    i, size = 0, len(source)
    while True:
        space = _SPACE.match(source, i)
        if space is not None:
            i = space.end()
        if i >= size:
            out.append(Token("end", "<EOF>", size))
            return out
        token, i = _token(source, i)
        out.append(token)


def _token(source: str, i: int) -> tuple[Token, int]:
    quoted = _STRING.match(source, i)
    if quoted is not None:
        return _string(source, i, quoted)
    char = source[i]
    if char.isdigit() or (char == "." and source[i + 1 : i + 2].isdigit()):
        return _number(source, i)
    ident = _IDENT.match(source, i)
    if ident is not None:
        return Token("ident", ident.group(), i), ident.end()
    if char == "`":
        named = _QUOTED_IDENT.match(source, i)
        if named is not None:
            return Token("quoted", named.group()[1:-1], i), named.end()
    for operator in _OPERATORS:
        if source.startswith(operator, i):
            return Token("op", operator, i), i + len(operator)
    raise SyntaxProblem(i, f"token recognition error at: '{char}'")


def _number(source: str, i: int) -> tuple[Token, int]:
    found = _NUMBER.match(source, i)
    assert found is not None
    text, end = found.group(), found.end()
    if found["float"]:
        if math.isinf(float(text)):
            raise SyntaxProblem(i, "invalid double literal", literal=True)
        return Token("literal", text, i, float(text), DOUBLE), end
    value = int(text, 16) if found["hex"] else int(text)
    if source[end : end + 1] in ("u", "U"):
        if value >= 1 << 64:
            raise SyntaxProblem(i, "invalid uint literal", literal=True)
        return Token("literal", text + source[end], i, value, UINT), end + 1
    return Token("literal", text, i, value, INT), end


def _string(source: str, start: int, opening: re.Match[str]) -> tuple[Token, int]:
    prefix, quote = opening["prefix"].lower(), opening["quote"]
    raw, is_bytes, i = "r" in prefix, "b" in prefix, opening.end()
    parts: list[str] = []
    binary = bytearray()
    while True:
        if i >= len(source) or (len(quote) == 1 and source[i] in "\r\n"):
            raise SyntaxProblem(start, f"token recognition error at: '{source[start:i]}'")
        if source.startswith(quote, i):
            break
        char = source[i]
        if char != "\\" or raw:
            parts.append(char)
            binary += char.encode()
            i += 1
            continue
        text, octet, i = _escape(source, i, start)
        parts.append(text)
        binary += bytes([octet]) if octet is not None else text.encode()
    end = i + len(quote)
    text = source[start:end]
    if is_bytes:
        return Token("literal", text, start, bytes(binary), BYTES), end
    return Token("literal", text, start, "".join(parts), STRING), end


def _escape(source: str, i: int, start: int) -> tuple[str, int | None, int]:
    """The character of an escape, its octet if it names one, and where it ends."""
    code = source[i + 1 : i + 2]
    if code in _SIMPLE and code:
        return _SIMPLE[code], None, i + 2
    try:
        if code in _HEX_LENGTH:
            end = i + 2 + _HEX_LENGTH[code]
            digits = source[i + 2 : end]
            if len(digits) == _HEX_LENGTH[code]:
                value = int(digits, 16)
                if 0xD800 <= value < 0xE000:
                    raise SyntaxProblem(start, "unable to unescape string", literal=True)
                return chr(value), value if code in "xX" else None, end
        elif code in ("0", "1", "2", "3") and len(source[i + 1 : i + 4]) == 3:
            value = int(source[i + 1 : i + 4], 8)
            return chr(value), value, i + 4
    except (ValueError, OverflowError):
        pass
    raise SyntaxProblem(start, f"token recognition error at: '{source[start : i + 2]}'")
