"""`[[ ... ]]`: comparing words with patterns and regular expressions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import re2

FileTest = Callable[[str, str], bool]
"""(operator, word): `-f`, `-d` and their like."""
_NUMBERS = {"-eq": operator.eq, "-ne": operator.ne, "-lt": operator.lt, "-le": operator.le, "-gt": operator.gt,
            "-ge": operator.ge}  # fmt: skip
_TEXTS = ("=", "==", "!=", "=~", "<", ">")
_EXPRESSION = 1000
"""Characters of a regular expression; it is matched in linear time."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An operator of the shell's grammar, or a word: as text, as pattern, as regular expression, as written."""

    text: str
    pattern: str = ""
    expression: str = ""
    operator: bool = False
    plain: str = ""


def evaluate(pieces: Sequence[Piece], test: FileTest) -> tuple[bool, list[str]]:
    """(whether it holds, what the last `=~` matched). Raises ValueError."""
    reader = _Reader(pieces, test)
    held = reader.any_of()
    if reader.at < len(pieces):
        raise ValueError(f"syntax error in conditional expression near `{pieces[reader.at].text}'")
    return held, reader.groups


class _Reader:
    def __init__(self, pieces: Sequence[Piece], test: FileTest) -> None:
        self.pieces = pieces
        self.test = test
        self.at = 0
        self.depth = 0
        self.groups: list[str] = []

    def _is(self, text: str) -> bool:
        return self.at < len(self.pieces) and self.pieces[self.at].operator and self.pieces[self.at].text == text

    def _take(self) -> Piece:
        if self.at >= len(self.pieces):
            raise ValueError("unexpected end of conditional expression")
        piece = self.pieces[self.at]
        self.at += 1
        return piece

    def any_of(self) -> bool:
        held = self._all_of()
        while self._is("||"):
            self.at += 1
            # Both sides are read, whatever the first one says.
            held = self._all_of() or held
        return held

    def _all_of(self) -> bool:
        held = self._one()
        while self._is("&&"):
            self.at += 1
            held = self._one() and held
        return held

    def _one(self) -> bool:
        self.depth += 1
        if self.depth > 40:
            raise ValueError("nested too deeply")
        try:
            if self._is("("):
                self.at += 1
                held = self.any_of()
                if not self._is(")"):
                    raise ValueError("expected `)'")
                self.at += 1
                return held
            first = self._take()
            if first.operator:
                raise ValueError(f"unexpected token `{first.text}' in conditional expression")
            if first.plain == "!":
                return not self._one()
            following = self.pieces[self.at] if self.at < len(self.pieces) else None
            if following is not None and (following.text in _TEXTS or following.plain in _NUMBERS):
                self.at += 1
                return self._compared(first, following.text, self._take())
            if len(first.plain) == 2 and first.plain[0] == "-" and following is not None and not following.operator:
                return self.test(first.plain, self._take().text)
            return first.text != ""
        finally:
            self.depth -= 1

    def _compared(self, left: Piece, by: str, right: Piece) -> bool:
        if by in _NUMBERS:
            return bool(_NUMBERS[by](_whole(left.text), _whole(right.text)))
        if by == "=~":
            try:
                found = re2.search(right.expression[:_EXPRESSION], left.text)
            except re2.error:
                raise ValueError(f"invalid regular expression `{right.text}'") from None
            if found is not None:
                self.groups = [found.group(0), *(group or "" for group in found.groups())]
            return found is not None
        if by in ("<", ">"):
            return left.text < right.text if by == "<" else left.text > right.text
        return fnmatchcase(left.text, right.pattern) == (by != "!=")


def _whole(text: str) -> int:
    text = text.strip()
    return int(text) if text.lstrip("+-").isdigit() and len(text) < 20 else 0
