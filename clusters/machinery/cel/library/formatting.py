"""`'%s: %d'.format([name, size])`, and what of it is known to be wrong before it runs.

Models: cel-go, ext/formatting.go (of the strings library up to version 3, which is what Kubernetes has).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import ANY_LIST, STRING
from clusters.machinery.cel.values import Duration, Opaque, Optional, Timestamp, Uint, string_of, type_of
from clusters.machinery.field import go_quote

LIBRARY = Library()
MAX_LENGTH = 1 << 22
"""Characters that one call may make."""
PRECISION = 6
_SUPERSCRIPT = str.maketrans("0123456789-+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺")
_NUMBERS = ("NaN", "Infinity", "-Infinity")

_WORDS = {
    "s": "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and"
    " timestamps",
    "d": "decimal clause can only be used on integers",
    "f": "fixed-point clause can only be used on doubles",
    "e": "scientific clause can only be used on doubles",
    "b": "only integers and bools can be formatted as binary",
    "x": "only integers, byte buffers, and strings can be formatted as hex",
    "X": "only integers, byte buffers, and strings can be formatted as hex",
    "o": "octal clause can only be used on integers",
}
ALLOWED = {
    "s": frozenset(
        ("list", "map", "int", "uint", "double", "bool", "string", "timestamp", "bytes", "duration", "type", "null")
    ),
    "d": frozenset(("int", "uint")),
    "f": frozenset(("double", "string")),
    "e": frozenset(("double", "string")),
    "b": frozenset(("int", "uint", "bool")),
    "x": frozenset(("int", "uint", "string", "bytes")),
    "X": frozenset(("int", "uint", "string", "bytes")),
    "o": frozenset(("int", "uint")),
}
"""By clause: the types that it takes, as far as the checker can tell."""
_GO_NAMES = {
    "timestamp": "google.protobuf.Timestamp",
    "duration": "google.protobuf.Duration",
    "null": "null_type",
}


class Clause(NamedTuple):
    """A piece of a template: `verb` is "" for text that stands for itself."""

    text: str
    verb: str = ""
    precision: int = PRECISION
    argument: int = 0


def clauses(template: str, count: int, *, lenient: bool = False) -> Iterator[Clause]:
    """The pieces of a template for `count` arguments. Raises CelError; `lenient`: one argument too few is noticed
    behind the end of the template only (as the check before the evaluation does)."""
    i = used = 0
    while i < len(template):
        if template[i] != "%":
            end = template.find("%", i)
            end = len(template) if end < 0 else end
            yield Clause(template[i:end])
            i = end
            continue
        if template.startswith("%%", i):
            yield Clause("%")
            i += 2
            continue
        if used >= count and not lenient:
            raise CelError(f"index {used} out of range")
        i += 1
        if i >= len(template):
            raise CelError("unexpected end of string")
        if used >= count:
            raise CelError(f"index {used} out of range")
        precision, i = _precision(template, i)
        verb = template[i] if i < len(template) else ""
        if verb not in _WORDS:
            raise CelError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')
        yield Clause("", verb, precision, used)
        used += 1
        i += 1


def _precision(template: str, i: int) -> tuple[int, int]:
    if template[i] != ".":
        return PRECISION, i
    found = re.compile(r"[0-9]*").match(template, i + 1)
    assert found is not None
    digits, end = found.group(), found.end()
    why = ""
    if end >= len(template):
        why = "could not find end of precision specifier"
    elif not digits:
        why = 'error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax'
    elif len(digits) > 4:
        parsing = f"strconv.Atoi: parsing {go_quote(digits)}"
        why = f"error while converting precision to integer: {parsing}: value out of range"
    if why:
        raise CelError(f"could not parse formatting clause: error while parsing precision: {why}")
    return int(digits), end


def refusal(verb: str, type_name: str) -> str:
    """What is wrong with an argument of that type."""
    return f"error during formatting: {_WORDS[verb]}, was given {_GO_NAMES.get(type_name, type_name)}"


@LIBRARY.method("format", [STRING, ANY_LIST], STRING)
def _format(template: str, args: Sequence[Any]) -> str:
    out: list[str] = []
    length = 0
    for clause in clauses(template, len(args)):
        text = _formatted(clause, args[clause.argument]) if clause.verb else clause.text
        length += len(text)
        if length > MAX_LENGTH:
            raise CelError("string is too long")
        out.append(text)
    return "".join(out)


def _formatted(clause: Clause, value: Any) -> str:
    verb = clause.verb
    if verb == "s":
        return _shown(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if verb == "d" and whole:
        return str(int(value))
    if verb in ("f", "e") and (isinstance(value, float) or value in _NUMBERS):
        return _fixed(float(value), clause.precision) if verb == "f" else _scientific(float(value))
    if verb == "b" and (whole or isinstance(value, bool)):
        return format(int(value), "b")
    if verb == "o" and whole:
        return format(int(value), "o")
    if verb in ("x", "X"):
        if whole:
            return format(int(value), verb)
        if isinstance(value, str | bytes):
            text = (value.encode() if isinstance(value, str) else value).hex()
            return text if verb == "x" else text.upper()
    raise CelError(refusal(verb, type_of(value).name))


def _endless(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return ""


def _fixed(value: float, precision: int) -> str:
    """As Americans write numbers."""
    return _endless(value) or format(value, f",.{precision}f")


def _scientific(value: float) -> str:
    if text := _endless(value):
        return text
    mantissa, _, exponent = format(value, f".{PRECISION}e").partition("e")
    return f"{mantissa}\u202f×\u202f10{exponent.removeprefix('+').translate(_SUPERSCRIPT)}"


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, dict):
        pairs = sorted((_key(key), _literal(each)) for key, each in value.items())
        return "{" + ", ".join(f"{key}:{each}" for key, each in pairs) + "}"
    if isinstance(value, Opaque | Optional):
        raise CelError(refusal("s", type_of(value).name))
    return string_of(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return go_quote(key)
    if isinstance(key, float):
        raise CelError("error during formatting: no formatting function for map key of type double")
    return string_of(key)


def _literal(value: Any) -> str:
    """A value within a list or a map: as it is written in an expression."""
    if isinstance(value, str):
        return go_quote(value)
    if isinstance(value, bytes):
        return f"b{go_quote(value.decode('utf-8', 'replace'))}"
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            return '"NaN"' if math.isnan(value) else '"+Inf"' if value > 0 else '"-Inf"'
        return format(value, f".{PRECISION}f")
    if isinstance(value, Timestamp):
        return f"timestamp({go_quote(str(value))})"
    if isinstance(value, Duration):
        return f"duration({go_quote(str(value))})"
    if isinstance(value, Uint):
        return str(int(value))
    if isinstance(value, Opaque | Optional):
        raise CelError(f"error during formatting: no formatting function for {type_of(value).name}")
    return _shown(value)
