"""What echo and printf make of backslashes and percent signs."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}


def unescaped(text: str) -> str:
    """With `\\n` and its like taken for what they mean."""

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] == "x":
            return chr(int(code[1:], 16))
        if code[0] == "0":
            return chr(int(code, 8) & 255)
        return _ESCAPES[code]

    return re.sub(r"\\(x[0-9a-fA-F]{1,2}|0[0-7]{0,3}|[ntr\\abefv])", one, text)


def formatted(form: str, args: Sequence[str]) -> str:
    """printf: the format is used again as long as arguments are left."""
    form, rest = unescaped(form), list(args)
    out: list[str] = []
    for _ in range(1000):
        took = False

        def one(match: re.Match[str]) -> str:
            nonlocal took
            if match.group(0) == "%%":
                return "%"
            value, took = (rest.pop(0) if rest else ""), True
            flags, kind = match.group(1), match.group(2)
            if kind in "di":
                number = int(value) if re.fullmatch(r"-?\d{1,18}", value) else 0
                return f"%{flags}d" % number
            if kind in "xXo":
                number = int(value) if re.fullmatch(r"-?\d{1,18}", value) else 0
                return f"%{flags}{kind}" % number
            if kind == "f":
                return f"%{flags}f" % (float(value) if re.fullmatch(r"-?[\d.]{1,18}", value) else 0.0)
            return f"%{flags}s" % (unescaped(value) if kind == "b" else value)

        out.append(re.sub(r"%(?:%|([-+ 0]?\d{0,3}(?:\.\d{1,2})?)([sdifxXobq]))", one, form))
        if not rest or not took:
            break
    return "".join(out)
