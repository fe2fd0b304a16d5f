"""Paths to a field of a schema: `.spec.map['a.b']`, as rules and selectable fields name them.

Models: apiextensions-apiserver, pkg/apiserver/schema/cel/validation.go (ValidFieldPath).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clusters.machinery.field import Path

_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "'": "'", "\\": "\\"}
_escape = re.compile(r"\\(.)", re.DOTALL)
_END = "unexpected end of JSON path"
_NOWHERE = "does not refer to a valid field"


@dataclass(frozen=True, slots=True)
class Found:
    """Where a path leads: its parts (and whether each is the key of a map), and the schema of the field."""

    parts: tuple[tuple[str, bool], ...]
    schema: Mapping[str, Any]

    def below(self, path: Path) -> Path:
        for name, key in self.parts:
            path = path.key(name) if key else path.child(name)
        return path


def resolve(text: str, schema: Mapping[str, Any], *, brackets: bool = True) -> Found:
    """The field that a path names; `brackets`: whether `['x']` may be written. Raises ValueError."""
    parts: list[tuple[str, bool]] = []
    tokens = _tokens(text)
    for token in tokens:
        if token == "[":
            if not brackets:
                raise ValueError("array notation is not allowed")
            name = _unquoted(_next(tokens))
        elif token == ".":
            name = _next(tokens)
        else:
            raise ValueError(f"expected [ or . but got: {token}")
        key, schema = _step(name, schema)
        parts.append((name, key))
        if token == "[" and (close := _next(tokens)) != "]":
            raise ValueError(f"expected ] but got {close}")
    return Found(tuple(parts), schema)


def _step(name: str, schema: Mapping[str, Any]) -> tuple[bool, Mapping[str, Any]]:
    properties, extra = schema.get("properties"), schema.get("additionalProperties")
    if properties:
        found = properties.get(name)
        if found is None:
            raise ValueError(_NOWHERE)
        return False, found
    if not isinstance(extra, dict):
        raise ValueError(_NOWHERE)
    return True, extra


def _next(tokens: Iterator[str]) -> str:
    token = next(tokens, None)
    if token is None:
        raise ValueError(_END)
    return token


def _tokens(text: str) -> Iterator[str]:
    """Delimiters, quoted strings, and what is between them."""
    i = 0
    while i < len(text):
        end = i + 1
        if text[i] == "'":
            while end < len(text) and not (text[end] == "'" and text[end - 1] != "\\"):
                end += 1
            end += 1
        elif text[i] not in ".[]":
            while end < len(text) and text[end] not in ".[]":
                end += 1
        yield text[i:end]
        i = end


def _unquoted(token: str) -> str:
    if len(token) < 2 or token[0] != "'" or token[-1] != "'":
        raise ValueError(f"expected single quoted string but got {token}")
    wrong = [found.group() for found in _escape.finditer(token[1:-1]) if found.group(1) not in _ESCAPES]
    if wrong:
        raise ValueError(f"invalid string literal: invalid escape char {wrong[-1]}")
    return _escape.sub(lambda found: _ESCAPES[found.group(1)], token[1:-1])
