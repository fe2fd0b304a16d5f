"""Scalars of the wire form as Go's decoder takes them: strings, numbers, base64, quantities, times.

Each function takes (value, Go type's name, path) and returns what Go would write back, or raises DecodeError with
Go's text. Models: encoding/json, meta/v1 Time and MicroTime, resource.Quantity, intstr.IntOrString.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn

from clusters.machinery import gojson, quantity
from clusters.machinery.schema import (
    BOOL,
    BYTES,
    FLOAT,
    INT,
    INT_OR_STRING,
    LIST,
    MAP,
    MICRO_TIME,
    OBJECT,
    QUANTITY,
    STRING,
    TIME,
)


class DecodeError(ValueError):
    """The value does not fit the type; the text is Go's, without the sentence around it. `unstructured` is what
    Go says where it converts a map instead of reading JSON (strategic merge patches)."""

    def __init__(self, text: str, unstructured: str = "") -> None:
        super().__init__(text)
        self.unstructured = unstructured or text


Path = tuple[Any, Any, str] | None
"""(parent, part, struct): a field's name with its Go struct, an index, or a map key in a tuple."""


def shape(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, gojson.Pairs | dict):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, gojson.Number | int | float):
        return "number"
    return "string"


_GO_KINDS = {"bool": "bool", "object": "map", "array": "slice", "string": "string"}
_CONVERTED = frozenset([STRING, INT, FLOAT, BOOL, BYTES, LIST, MAP, OBJECT])
_SIMPLE = {STRING: "string", INT: "", FLOAT: "float64", BOOL: "bool"}


def _unstructured(value: Any, shown: str, go: str, kind: int) -> str:
    """What runtime.DefaultUnstructuredConverter says."""
    number = "float64" if isinstance(value, float) else "int64"
    if kind in _SIMPLE:
        if shown == "number" and kind != BOOL:
            return f"cannot convert {number} to {go}"
        return f"unrecognized type: {_SIMPLE[kind] or go}"
    found = _GO_KINDS.get(shown, number)
    if kind == OBJECT:
        return f"cannot restore struct from: {found}"
    return f"cannot restore {'slice' if kind in (LIST, BYTES) else 'map'} from {found}"


def fail(value: Any, go: str, path: Path, kind: int, *, exact: bool = False) -> NoReturn:
    """Go's UnmarshalTypeError for a target of that kind."""
    shown = shape(value)
    other = _unstructured(value, shown, go, kind) if kind in _CONVERTED else ""
    if exact and shown == "number":
        shown = f"number {value}"
    names: list[str] = []
    struct = ""
    node = path
    while node is not None:
        if node[2]:
            names.append(node[1])
            struct = struct or node[2]
        node = node[0]
    if not names:
        raise DecodeError(f"json: cannot unmarshal {shown} into Go value of type {go}", other)
    where = ".".join(reversed(names))
    raise DecodeError(f"json: cannot unmarshal {shown} into Go struct field {struct}.{where} of type {go}", other)


def _string(value: Any, go: str, path: Path) -> str:
    if type(value) is not str:
        fail(value, go, path, STRING)
    return value


def integer(value: Any, go: str, path: Path, kind: int = INT) -> int:
    if type(value) is gojson.Number:
        text = str(value)
        if re.fullmatch(r"-?[0-9]+", text) is None:
            fail(value, go, path, kind, exact=True)
        number = int(text)
    elif type(value) is int:
        number = value
    else:
        fail(value, go, path, kind, exact=True)
    bits = 31 if go == "int32" else 63
    if not -(1 << bits) <= number < 1 << bits:
        fail(value, go, path, kind, exact=True)
    return number


def _float(value: Any, go: str, path: Path) -> float | int:
    if type(value) is gojson.Number:
        value = float(value)
    if type(value) not in (int, float):
        fail(value, go, path, FLOAT)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return value  # type: ignore[no-any-return]


def _boolean(value: Any, go: str, path: Path) -> bool:
    if type(value) is not bool:
        fail(value, go, path, BOOL)
    return value


_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}").fullmatch


def _bytes(value: Any, go: str, path: Path) -> str:
    if type(value) is not str:
        fail(value, go, path, BYTES)
    text = value.replace("\r", "").replace("\n", "")
    try:
        if _BASE64(text) is None or len(text) % 4:
            raise binascii.Error
        return base64.b64encode(base64.b64decode(text, validate=True)).decode()
    except binascii.Error:
        raise DecodeError(f"illegal base64 data at input byte {_bad_base64(text)}") from None


def _bad_base64(text: str) -> int:
    """Where Go's decoder stops."""
    for i, c in enumerate(text):
        if not (c.isascii() and (c.isalnum() or c in "+/")):
            if c == "=" and i % 4 >= 2:
                rest = text[i:]
                wanted = "=" * (4 - i % 4)
                if rest == wanted:
                    continue
                if rest.startswith(wanted):
                    return i + len(wanted)
                return len(text) if len(rest) < len(wanted) else i + 1
            return i
    return len(text) - len(text) % 4 if len(text) % 4 else len(text)


def _quantity(value: Any, go: str, path: Path) -> str:
    if type(value) is str:
        value = value.strip()
    elif isinstance(value, bool | dict | list):
        raise DecodeError(quantity.FORMAT_WRONG)
    try:
        return quantity.canonical(str(value) if type(value) is gojson.Number else value)
    except quantity.QuantityError as error:
        raise DecodeError(str(error)) from None


def _int_or_string(value: Any, go: str, path: Path) -> int | str:
    if type(value) is str:
        return value
    return integer(value, "int32", path, INT_OR_STRING)


_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII).fullmatch
_LAYOUT = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"


def _time(value: Any, go: str, path: Path) -> str:
    return _timestamp(value, path, _LAYOUT, micro=False)


def _micro_time(value: Any, go: str, path: Path) -> str:
    return _timestamp(value, path, _MICRO_LAYOUT, micro=True)


def _timestamp(value: Any, path: Path, layout: str, *, micro: bool) -> str:
    if type(value) is not str:
        fail(value, "string", path, TIME)
    found = _TIME(value)
    if found is None or (micro and found[7] is not None and len(found[7]) != 6) or (micro and found[7] is None):
        raise DecodeError(_time_error(value, layout))
    if found[8] == "Z" and int(found[2]) in range(1, 13) and int(found[3]) <= 28 and found[4] < "24":
        if found[5] < "60" and found[6] < "60":
            return value if micro else value[:19] + "Z"
    try:
        text = value[:19] + ("+00:00" if found[8] == "Z" else found[8])
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise DecodeError(_range_error(value)) from None
    fraction = f".{found[7]}" if micro else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S").zfill(19) + fraction + "Z"


_PARTS = (
    (4, "2006"),
    (1, "-"),
    (2, "01"),
    (1, "-"),
    (2, "02"),
    (1, "T"),
    (2, "15"),
    (1, ":"),
    (2, "04"),
    (1, ":"),
    (2, "05"),
)


def _time_error(value: str, layout: str) -> str:
    """Where Go's time.Parse stops."""
    rest = value
    for width, part in _PARTS:
        piece = rest[:width]
        good = piece.isdigit() if part.isdigit() else piece == part
        if not good or len(piece) < width:
            return _parse_error(value, layout, rest, part)
        rest = rest[width:]
    if layout == _MICRO_LAYOUT:
        if re.match(r"\.\d{6}(?!\d)", rest) is None:
            return _parse_error(value, layout, rest, ".000000")
        rest = rest[7:]
    else:
        rest = re.sub(r"^[.,]\d+", "", rest)
    found = re.match(r"Z|[+-]\d\d:\d\d", rest)
    if found is None:
        return _parse_error(value, layout, rest, "Z07:00")
    return f'parsing time "{value}": extra text: "{rest[found.end() :]}"'


def _parse_error(value: str, layout: str, rest: str, part: str) -> str:
    return f'parsing time "{value}" as "{layout}": cannot parse "{rest}" as "{part}"'


def _range_error(value: str) -> str:
    month, day, hour, minute, second = value[5:7], value[8:10], value[11:13], value[14:16], value[17:19]
    what = "day"
    if not 1 <= int(month) <= 12:
        what = "month"
    elif int(hour) > 23:
        what = "hour"
    elif int(minute) > 59:
        what = "minute"
    elif int(second) > 59:
        what = "second"
    elif 1 <= int(day) <= 31:
        what = "day"
    return f'parsing time "{value}": {what} out of range'


SCALARS: dict[int, Callable[[Any, str, Path], Any]] = {
    STRING: _string,
    INT: integer,
    FLOAT: _float,
    BOOL: _boolean,
    BYTES: _bytes,
    QUANTITY: _quantity,
    INT_OR_STRING: _int_or_string,
    TIME: _time,
    MICRO_TIME: _micro_time,
}
NULL = {STRING: "", INT: 0, FLOAT: 0, BOOL: False, QUANTITY: "0", INT_OR_STRING: 0}
"""What a null becomes where something must stand: in a list, in a map."""
