"""Sets of indexes as Jobs write them: `1,3-5,7`. Models: kubernetes, batch validation (validateIndexesFormat)."""

from __future__ import annotations

import re

from clusters.machinery.field import go_quote

_INTEGER = re.compile(r"[+-]?[0-9]+").fullmatch


def count_indexes(text: str, completions: int) -> int:
    """How many there are. Raises ValueError if they are not written as they should, or not below `completions`."""
    if not text:
        return 0
    last: int | None = None
    total = 0
    for part in text.split(","):
        first, end = interval(part, completions)
        if last is not None and last >= first:
            raise ValueError(f"non-increasing order, previous: {last}, current: {first}")
        total += end - first + 1
        last = end
    return total


def interval(part: str, completions: int) -> tuple[int, int]:
    """`3-5` or `7`. Raises ValueError."""
    limits = part.split("-")
    if len(limits) > 2:
        raise ValueError(
            f"the fragment {go_quote(part)} violates the requirement that an index interval can have at most two"
            " parts separated by '-'"
        )
    first = _index(limits[0], completions)
    if len(limits) == 1:
        return first, first
    last = _index(limits[1], completions)
    if first >= last:
        raise ValueError(f"non-increasing order, previous: {first}, current: {last}")
    return first, last


def _index(text: str, completions: int) -> int:
    if not _INTEGER(text):
        raise ValueError(f"cannot convert string to integer for index: {go_quote(text)}")
    if int(text) >= completions:
        raise ValueError(f"too large index: {go_quote(text)}")
    return int(text)


def first_common(one: str, other: str, completions: int) -> int | None:
    """The first index that is in both; parts that are written wrongly do not count."""
    ours, theirs = _intervals(one, completions), _intervals(other, completions)
    i = j = 0
    while i < len(ours) and j < len(theirs):
        (a, b), (c, d) = ours[i], theirs[j]
        if a <= d and c <= b:
            return max(a, c)
        if a <= c:
            i += 1
        else:
            j += 1
    return None


def _intervals(text: str, completions: int) -> list[tuple[int, int]]:
    out = []
    for part in text.split(",") if text else ():
        try:
            out.append(interval(part, completions))
        except ValueError:
            continue
    return out
