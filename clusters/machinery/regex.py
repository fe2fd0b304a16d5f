"""Regular expressions as Go reads them (RE2): linear in time, whatever a user writes.

Models: Go's regexp.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

MAX_PATTERN = 10_000
_MAX_MEMORY = 4 << 20


class BadPattern(ValueError):
    """The text is Go's: `error parsing regexp: ...`."""


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    return options


_OPTIONS = _options()
_GO_WORDS = {
    "missing ): ": "missing closing ): ",
    "missing ]: ": "missing closing ]: ",
    "bad repetition operator: ": "invalid nested repetition operator: ",
    "invalid repetition size: ": "invalid repeat count: ",
    "no argument for repetition operator: ": "missing argument to repetition operator: ",
}


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> Any:
    """A compiled pattern (`search`, `fullmatch`, `sub`, `finditer`). Raises BadPattern."""
    if len(pattern) > MAX_PATTERN:
        raise BadPattern("error parsing regexp: expression too large")
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        raise BadPattern(f"error parsing regexp: {_go_text(error)}") from None


def _go_text(error: Exception) -> str:
    """RE2 and Go name the same problems with other words; Go shows what is wrong between backquotes."""
    raw = error.args[0] if error.args else ""
    text = raw.decode("utf-8", errors="replace") if isinstance(raw, bytes) else str(raw)
    for ours, theirs in _GO_WORDS.items():
        text = text.replace(ours, theirs)
    head, found, rest = text.partition(": ")
    return f"{head}: `{rest}`" if found else text
