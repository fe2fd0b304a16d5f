"""`test` and `[`: comparisons, files, texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda x, y: x == y,
    "-ne": lambda x, y: x != y,
    "-lt": lambda x, y: x < y,
    "-gt": lambda x, y: x > y,
    "-le": lambda x, y: x <= y,
    "-ge": lambda x, y: x >= y,
}


def evaluate(words: Sequence[str], is_there: Callable[[str], bool]) -> int:
    """Exit code: 0 true, 1 false, 2 for words that make no sense. `is_there` answers for files."""
    if words and words[0] == "!":
        return int(not evaluate(words[1:], is_there))
    for joint in ("-o", "||"):
        if joint in words[1:]:
            at = words.index(joint, 1)
            return min(evaluate(words[:at], is_there), evaluate(words[at + 1 :], is_there))
    for joint in ("-a", "&&"):
        if joint in words[1:]:
            at = words.index(joint, 1)
            return max(evaluate(words[:at], is_there), evaluate(words[at + 1 :], is_there))
    if not words:
        return 1
    if len(words) == 1:
        return int(not words[0])
    if len(words) == 2:
        return _unary(words[0], words[1], is_there)
    if len(words) == 3:
        return _binary(words[0], words[1], words[2])
    return 2


def _unary(operator: str, word: str, is_there: Callable[[str], bool]) -> int:
    if operator == "-z":
        return int(bool(word))
    if operator == "-n":
        return int(not word)
    if operator in ("-f", "-e", "-s", "-r", "-x", "-w"):
        return int(not is_there(word))
    if operator == "-d":
        return 0
    return 2


def _binary(a: str, operator: str, b: str) -> int:
    if operator in ("=", "=="):
        return int(a != b)
    if operator == "!=":
        return int(a == b)
    if operator not in _NUMBERS:
        return 2
    try:
        x, y = int(a), int(b)
    except ValueError:
        return 2
    return int(not _NUMBERS[operator](x, y))
