"""Go's durations (`1h30m`), with its words for what is none. Models: Go, time.ParseDuration."""

from __future__ import annotations

import re

from clusters.machinery.field import go_quote

SECOND = 10**9
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_LIMIT = float(1 << 63)
_AMOUNT = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_UNIT = re.compile(r"[^.0-9]*")


def nanoseconds(text: str) -> int:
    """Raises ValueError."""
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    total, at = 0.0, 0
    while True:
        amount = _AMOUNT.match(rest, at)
        if amount is None:
            raise ValueError(f"time: invalid duration {go_quote(text)}")
        found = _UNIT.match(rest, amount.end())
        unit = found[0] if found is not None else ""
        if not unit:
            raise ValueError(f"time: missing unit in duration {go_quote(text)}")
        if unit not in _UNITS:
            raise ValueError(f"time: unknown unit {go_quote(unit)} in duration {go_quote(text)}")
        total += float(amount[0]) * _UNITS[unit]
        if total >= _LIMIT:
            raise ValueError(f"time: invalid duration {go_quote(text)}")
        at = amount.end() + len(unit)
        if at == len(rest):
            return int(-total if text.startswith("-") else total)
