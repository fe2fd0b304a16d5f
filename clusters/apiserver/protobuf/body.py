"""A protobuf body as the JSON object that it stands for.

A body is `k8s\\0` and an envelope (`runtime.Unknown`: apiVersion, kind, raw bytes). What the raw bytes mean is said
by `numbers.txt`, a line a message: `NAME NUMBER:FIELD:TYPE ...`, where a TYPE is `s`tring, `i`nteger, `b`ool,
b`y`tes, `d`ouble or a message, after `[` for a list, `{` for a map, `!` for a struct that JSON writes inline.
Numbers are the public wire interface and never change. Fields that have none here (a newer client's) are skipped,
as a real server skips what it does not know.

Models: apimachinery, pkg/runtime/serializer/protobuf.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from clusters.kernel.clock import SECOND, rfc3339, rfc3339_micro
from clusters.machinery.types import Obj

MAGIC = b"k8s\x00"
_CORE, _MACHINERY = "io.k8s.api.", "io.k8s.apimachinery.pkg."
_MAX_DEPTH = 100

Message = dict[int, tuple[str, str]]
Wire = Iterator[tuple[int, Any]]


class Unreadable(ValueError):
    """Not a protobuf body, or one of a kind that we have no numbers for."""


@lru_cache(maxsize=1)
def messages() -> dict[str, Message]:
    """All messages by short name: `core.v1.Pod`, `~apis.meta.v1.ObjectMeta`."""
    out: dict[str, Message] = {}
    text = Path(__file__).with_name("numbers.txt").read_text()
    for line in text.splitlines():
        name, *fields = line.split()
        message: Message = {}
        for field in fields:
            number, key, kind = field.split(":", 2)
            message[int(number)] = (key, kind)
        out[name] = message
    return out


def short_name(schema: str) -> str:
    """The table's name of a schema definition (`io.k8s.api.core.v1.Pod`)."""
    if schema.startswith(_CORE):
        return schema.removeprefix(_CORE)
    return "~" + schema.removeprefix(_MACHINERY)


def read_body(body: bytes, schema: str) -> Obj:
    """The object of a body, of the type that `schema` names. Raises Unreadable."""
    name = short_name(schema)
    if not body.startswith(MAGIC):
        raise Unreadable("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    if name not in messages():
        raise Unreadable(f"no protobuf form of {schema} is known")
    try:
        identity: Obj = {}
        raw = b""
        for number, value in _wire(body[len(MAGIC) :]):
            if number == 1:
                for part, text in _wire(value):
                    if part in (1, 2) and text:
                        identity["apiVersion" if part == 1 else "kind"] = text.decode()
            elif number == 2:
                raw = value
        return {**identity, **_message(raw, name, 0)}
    except (IndexError, struct.error, UnicodeDecodeError, AttributeError, TypeError) as error:
        raise Unreadable(f"proto: {error}") from None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    shift = result = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7
        if shift > 63:
            raise Unreadable("proto: integer overflow")


def _wire(data: bytes) -> Wire:
    """(number, value) of each field: an int, or the bytes of anything longer."""
    at, size = 0, len(data)
    while at < size:
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
        elif kind == 2:
            length, at = _varint(data, at)
            if at + length > size:
                raise Unreadable("unexpected EOF")
            yield key >> 3, data[at : at + length]
            at += length
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
            yield key >> 3, data[at : at + length]
            at += length
        else:
            raise Unreadable(f"proto: illegal wireType {kind}")


def _message(data: bytes, name: str, depth: int) -> Any:
    special = _SPECIAL.get(name)
    if special is not None:
        return special(data)
    if depth > _MAX_DEPTH:
        raise Unreadable("proto: message is too deep")
    fields = messages()[name]
    out: Obj = {}
    for number, value in _wire(data):
        field = fields.get(number)
        if field is None:
            continue
        key, kind = field
        mark = kind[0]
        if mark == "[":
            out.setdefault(key, []).append(_value(value, kind[1:], depth))
        elif mark == "{":
            entry_key, entry = "", _zero(kind[1:])
            for part, item in _wire(value):
                if part == 1:
                    entry_key = item.decode()
                else:
                    entry = _value(item, kind[1:], depth)
            out.setdefault(key, {})[entry_key] = entry
        elif mark == "!":
            out.update(_message(value, kind[1:], depth + 1))
        else:
            # Go writes every field that is no pointer, set or not; decoding by type drops the zeros again.
            out[key] = _value(value, kind, depth)
    return out


def _value(value: Any, kind: str, depth: int) -> Any:
    if kind == "s":
        return value.decode()
    if kind == "i":
        return value - (1 << 64) if value >= 1 << 63 else value
    if kind == "b":
        return bool(value)
    if kind == "y":
        return base64.b64encode(value).decode()
    if kind == "d":
        return struct.unpack("<d", value)[0]
    return _message(value, kind, depth + 1)


def _zero(kind: str) -> Any:
    return {"s": "", "i": 0, "b": False, "y": "", "d": 0.0}.get(kind, {})


def _quantity(data: bytes) -> str:
    text = "0"
    for number, value in _wire(data):
        if number == 1:
            text = value.decode()
    return text or "0"


def _int_or_string(data: bytes) -> int | str:
    fields = dict(_wire(data))
    if fields.get(1, 0) == 1:
        return str(fields.get(3, b"").decode())
    return int(_value(fields.get(2, 0), "i", 0))


def _seconds(data: bytes) -> tuple[int, int] | None:
    if not data:
        return None
    fields = dict(_wire(data))
    return int(_value(fields.get(1, 0), "i", 0)), int(fields.get(2, 0))


def _time(data: bytes) -> str | None:
    found = _seconds(data)
    return rfc3339(found[0] * SECOND) if found is not None else None


def _micro_time(data: bytes) -> str | None:
    found = _seconds(data)
    return rfc3339_micro(found[0] * SECOND + found[1] // 1000) if found is not None else None


def _json(data: bytes) -> Any:
    import orjson

    raw = next((value for number, value in _wire(data) if number == 1), b"")
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError as error:
        raise Unreadable(str(error)) from None


def _strings(data: bytes) -> list[str]:
    return [value.decode() for _, value in _wire(data)]


_SPECIAL: dict[str, Any] = {
    "~api.resource.Quantity": _quantity,
    "~util.intstr.IntOrString": _int_or_string,
    "~apis.meta.v1.Time": _time,
    "~apis.meta.v1.MicroTime": _micro_time,
    "~apis.meta.v1.FieldsV1": _json,
    "~runtime.RawExtension": _json,
    "authentication.v1.ExtraValue": _strings,
    "authorization.v1.ExtraValue": _strings,
    "certificates.v1.ExtraValue": _strings,
}
