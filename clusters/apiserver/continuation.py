"""Continue tokens: base64 of `{"v", "rev", "start"}`, opaque to clients, readable to us.

Models: apiserver, pkg/storage/continue.go.
"""

from __future__ import annotations

import base64
import binascii
import json
import posixpath
from dataclasses import dataclass

from clusters.machinery.errors import BadRequest, Gone

_VERSION = "meta.k8s.io/v1"
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True, slots=True)
class Continuation:
    """Go on behind `start` (a key below the list's prefix) at `rev` (-1: now)."""

    rev: int
    start: str

    @classmethod
    def parse(cls, token: str, rev: str) -> Continuation:
        """Raises BadRequest."""
        try:
            found = cls._decode(token)
        except _Invalid as problem:
            raise BadRequest(f"invalid continue token: continue key is not valid: {problem}") from None
        if rev and rev != "0":
            raise BadRequest("specifying resource version is not allowed when using continue")
        return found

    @classmethod
    def _decode(cls, token: str) -> Continuation:
        for i, char in enumerate(token):
            if char not in _ALPHABET:
                raise _Invalid(f"illegal base64 data at input byte {i}")
        try:
            data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except binascii.Error:
            raise _Invalid(f"illegal base64 data at input byte {len(token)}") from None
        try:
            fields = json.loads(data)
        except ValueError:
            raise _Invalid(_json_problem(data)) from None
        if fields is None:
            fields = {}
        if not isinstance(fields, dict):
            raise _Invalid(f"json: cannot unmarshal {_go_type(fields)} into Go value of type storage.continueToken")
        for name, kind, go in (("v", str, "string"), ("rv", int, "int64"), ("start", str, "string")):
            value = fields.get(name)
            if value is not None and type(value) is not kind:
                shown = f"number {value}" if isinstance(value, float) and kind is int else _go_type(value)
                raise _Invalid(f"json: cannot unmarshal {shown} into Go struct field continueToken.{name} of type {go}")
        if fields.get("v", "") != _VERSION:
            raise _Invalid(f'server does not recognize this encoded version "{fields.get("v", "")}"')
        rev, start = fields.get("rv") or 0, fields.get("start") or ""
        if rev == 0:
            raise _Invalid(f"incorrect encoded start resourceVersion (version {_VERSION})")
        if not start:
            raise _Invalid(f"encoded start key empty (version {_VERSION})")
        clean = start.removesuffix("\0")
        if posixpath.normpath("/" + clean) != "/" + clean.rstrip("/"):
            raise _Invalid(clean)
        return cls(rev, clean)


class _Invalid(Exception):
    """Why a token is none."""


def _go_type(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    return {str: "string", list: "array", int: "number", float: "number", dict: "object"}.get(type(value), "null")


def _json_problem(data: bytes) -> str:
    """Go's words for the first byte that does not fit, in the common cases."""
    if not data:
        return "unexpected end of JSON input"
    first = data[0:1]
    if first not in (b"{", b"[", b'"') and not first.isdigit() and first not in b"-tfn":
        shown = chr(data[0]) if 0x20 <= data[0] < 0x7F else f"\\x{data[0]:02x}"
        return f"invalid character '{shown}' looking for beginning of value"
    return "unexpected end of JSON input"


def too_old(start: str) -> Gone:
    """410: the revision of a list's first page is compacted. The token in it goes on at `start`, as things are now."""
    return Gone(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        "modified, or deleted between the time the first chunk was returned and now may show up in the list.",
        metadata={"continue": next_token(-1, start)},
    )


def next_token(rev: int, start: str) -> str:
    """The token of a page that ended with the key `start`."""
    data = json.dumps({"v": _VERSION, "rv": rev, "start": start + "\0"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")
