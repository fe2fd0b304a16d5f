"""Field paths and field errors: what was wrong, and where.

Models: apimachinery, pkg/util/validation/field. `FieldError.text()` and `.body()` give the server's texts.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any


class Path:
    """A field path, built by need: `Path("spec").child("containers").index(0).child("name")`.

    `str(path)` is `spec.containers[0].name`; a map key is `metadata.labels[app]`; the object itself is `[]`.
    """

    __slots__ = ("_parent", "_part")

    def __init__(self, part: str, parent: Path | None = None) -> None:
        self._part = part
        self._parent = parent

    def child(self, *names: str) -> Path:
        path = self
        for name in names:
            path = Path("." + name, path)
        return path

    def index(self, i: int) -> Path:
        return Path(f"[{i}]", self)

    def key(self, key: str) -> Path:
        return Path(f"[{key}]", self)

    def __str__(self) -> str:
        parts: list[str] = []
        node: Path | None = self
        while node is not None:
            parts.append(node._part)
            node = node._parent
        return "".join(reversed(parts)).removeprefix(".") or "[]"


class ErrorType(enum.Enum):
    """(Status cause reason, text)."""

    NOT_FOUND = ("FieldValueNotFound", "Not found")
    REQUIRED = ("FieldValueRequired", "Required value")
    DUPLICATE = ("FieldValueDuplicate", "Duplicate value")
    INVALID = ("FieldValueInvalid", "Invalid value")
    NOT_SUPPORTED = ("FieldValueNotSupported", "Unsupported value")
    FORBIDDEN = ("FieldValueForbidden", "Forbidden")
    TOO_LONG = ("FieldValueTooLong", "Too long")
    TOO_MANY = ("FieldValueTooMany", "Too many")
    INTERNAL = ("InternalError", "Internal error")
    TYPE_INVALID = ("FieldValueTypeInvalid", "Invalid value")

    @property
    def reason(self) -> str:
        return self.value[0]

    @property
    def words(self) -> str:
        return self.value[1]


OMIT = object()
"""As a bad value: the error's text names no value (Go's `field.OmitValueType`)."""


_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}


def go_quote(text: str) -> str:
    """Go's `%q`."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(map(_go_escape, text)) + '"'


def _go_escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
"""What encoding/json escapes in strings; none of these occurs outside of them."""


def _show(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return go_quote(value)
    if isinstance(value, int | float):
        return repr(value)
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=False)
    return text.translate(HTML)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One problem at one field."""

    type: ErrorType
    field: str
    value: Any
    detail: str

    def body(self) -> str:
        """The text without the field: `Invalid value: "x": must be ...`."""
        valueless = (ErrorType.REQUIRED, ErrorType.FORBIDDEN, ErrorType.TOO_LONG, ErrorType.INTERNAL)
        if self.type in valueless or self.value is OMIT:
            out = self.type.words
        else:
            out = f"{self.type.words}: {_show(self.value)}"
        return f"{out}: {self.detail}" if self.detail else out

    def text(self) -> str:
        return f"{self.field}: {self.body()}"


ErrorList = list[FieldError]


def required(path: Path, detail: str = "") -> FieldError:
    return FieldError(ErrorType.REQUIRED, str(path), "", detail)


def invalid(path: Path, value: Any, detail: str) -> FieldError:
    return FieldError(ErrorType.INVALID, str(path), value, detail)


def type_invalid(path: Path, value: Any, detail: str) -> FieldError:
    return FieldError(ErrorType.TYPE_INVALID, str(path), value, detail)


def not_found(path: Path, value: Any) -> FieldError:
    return FieldError(ErrorType.NOT_FOUND, str(path), value, "")


def duplicate(path: Path, value: Any) -> FieldError:
    return FieldError(ErrorType.DUPLICATE, str(path), value, "")


def forbidden(path: Path, detail: str) -> FieldError:
    return FieldError(ErrorType.FORBIDDEN, str(path), "", detail)


def internal(path: Path, detail: str) -> FieldError:
    return FieldError(ErrorType.INTERNAL, str(path), None, detail)


def not_supported(path: Path, value: Any, valid: Iterable[str]) -> FieldError:
    """`supported values: "A", "B"`: a set is listed in sorted order, a sequence as it is given."""
    listed = sorted(valid) if isinstance(valid, Set) else valid
    words = ", ".join(go_quote(v) for v in listed)
    return FieldError(ErrorType.NOT_SUPPORTED, str(path), value, f"supported values: {words}" if words else "")


def too_long(path: Path, limit: int, unit: str = "bytes") -> FieldError:
    detail = f"may not be more than {limit} {unit}" if limit >= 0 else "value is too long"
    return FieldError(ErrorType.TOO_LONG, str(path), "", detail)


def too_many(path: Path, actual: int, limit: int) -> FieldError:
    noun = "item" if limit == 1 else "items"
    return FieldError(ErrorType.TOO_MANY, str(path), actual, f"must have at most {limit} {noun}")


def first_of(errors: Sequence[FieldError], kind: ErrorType) -> FieldError | None:
    return next((e for e in errors if e.type is kind), None)
