"""Text. Models: cel-go, ext/strings.go (version 2); apiserver, pkg/cel/library/regex.go."""

from __future__ import annotations

from typing import Any

from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.library.standard import pattern
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import INT, STRING, list_of

LIBRARY = Library()
_method = LIBRARY.method
_STRINGS = list_of(STRING)
MAX_REPLACED = 1 << 22
"""Characters that one call may make."""


@_method("charAt", [STRING, INT], STRING)
def _char_at(text: str, i: int) -> str:
    if i < 0 or i > len(text):
        raise CelError(f"index out of range: {i}")
    return text[i : i + 1]


@_method("indexOf", [STRING, STRING, INT], INT)
@_method("indexOf", [STRING, STRING], INT)
def _index_of(text: str, part: str, start: int = 0) -> int:
    if not part:
        return start
    if start < 0:
        raise CelError(f"index out of range: {start}")
    return text.find(part, start)


@_method("lastIndexOf", [STRING, STRING, INT], INT)
@_method("lastIndexOf", [STRING, STRING], INT)
def _last_index_of(text: str, part: str, last: int | None = None) -> int:
    if last is None:
        return text.rfind(part)
    if not part:
        return last
    if last < 0 or last >= len(text):
        raise CelError(f"index out of range: {last}")
    return text.rfind(part, 0, last + len(part))


_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Unicode calls white space."""
_UPPER = {i: i - 32 for i in range(ord("a"), ord("z") + 1)}
_LOWER = {i: i + 32 for i in range(ord("A"), ord("Z") + 1)}
_method("lowerAscii", [STRING], STRING)(lambda text: text.translate(_LOWER))
_method("upperAscii", [STRING], STRING)(lambda text: text.translate(_UPPER))
_method("trim", [STRING], STRING)(lambda text: text.strip(_BLANKS))


@_method("replace", [STRING, STRING, STRING, INT], STRING)
@_method("replace", [STRING, STRING, STRING], STRING)
def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    found = text.count(old) if count < 0 else min(count, text.count(old))
    if len(text) + found * len(new) > MAX_REPLACED:
        raise CelError("string is too long")
    return text.replace(old, new, count)


@_method("split", [STRING, STRING, INT], _STRINGS)
@_method("split", [STRING, STRING], _STRINGS)
def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if limit == 1:
        return [text]
    if not separator:
        chars = list(text)
        return chars if limit < 0 or len(chars) <= limit else [*chars[: limit - 1], "".join(chars[limit - 1 :])]
    return text.split(separator, limit - 1 if limit > 0 else -1)


@_method("substring", [STRING, INT, INT], STRING)
@_method("substring", [STRING, INT], STRING)
def _substring(text: str, start: int, end: int | None = None) -> str:
    if end is None:
        if start < 0 or start > len(text):
            raise CelError(f"index out of range: {start}")
        return text[start:]
    if start > end:
        raise CelError(f"invalid substring range. start: {start}, end: {end}")
    for i in (start, end):
        if i < 0 or i > len(text):
            raise CelError(f"index out of range: {i}")
    return text[start:end]


@_method("join", [_STRINGS, STRING], STRING)
@_method("join", [_STRINGS], STRING)
def _join(items: list[Any], separator: str = "") -> str:
    for item in items:
        if not isinstance(item, str):
            raise CelError("no such overload")
    if sum(map(len, items)) + len(separator) * len(items) > MAX_REPLACED:
        raise CelError("string is too long")
    return separator.join(items)


@LIBRARY.function("strings.quote", [STRING], STRING)
def _quote(text: str) -> str:
    from clusters.machinery.field import go_quote

    return go_quote(text)


# regular expressions


@_method("find", [STRING, STRING], STRING)
def _find(text: str, regex: str) -> str:
    found = pattern(regex).search(text)
    return found.group(0) if found is not None else ""


@_method("findAll", [STRING, STRING, INT], _STRINGS)
@_method("findAll", [STRING, STRING], _STRINGS)
def _find_all(text: str, regex: str, limit: int = -1) -> list[str]:
    out: list[str] = []
    for found in pattern(regex).finditer(text):
        if 0 <= limit <= len(out):
            break
        out.append(found.group(0))
    return out
