"""SPDY/3.1 frames, server side: what `kubectl port-forward` speaks inside its WebSocket.

Pure: bytes in, events out, and functions that make frames. Only what Kubernetes' stream library uses: streams
with headers, data, half-closing, resets, pings, goodbye; flow control is not used by it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_FRAME = 1024 * 1024
MAX_HEADERS = 64 * 1024
FIN = 0x01
SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
PROTOCOL_ERROR, REFUSED_STREAM = 1, 3

_NAMES = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie "
    "keep-alive origin"
)
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug "
    "Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,"
    "application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdch"
    "charset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _counted(text: str) -> bytes:
    return struct.pack(">I", len(text)) + text.encode("latin-1")


DICTIONARY = b"".join(_counted(name.replace("_", " ")) for name in _NAMES.split(" ")) + _TAIL.encode()
"""What both sides' header compression starts from (the draft's section 2.6.10.1)."""


class SpdyError(Exception):
    """The peer does not speak SPDY/3.1."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The client opens a stream."""

    stream: int
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    stream: int
    data: bytes
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    stream: int


@dataclass(frozen=True, slots=True)
class Ping:
    number: int


@dataclass(frozen=True, slots=True)
class Goodbye:
    last: int


Event = Opened | Data | Reset | Ping | Goodbye


class Spdy:
    """One connection's framing. Header blocks are compressed with a state each way, so frames must be sent in the
    order in which they were made."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events of all frames that are complete. Raises SpdyError."""
        self._buffer += data
        while len(self._buffer) >= 8:
            first, second = struct.unpack_from(">II", self._buffer)
            flags, length = second >> 24, second & 0xFFFFFF
            if length > MAX_FRAME:
                raise SpdyError(f"a frame of {length} bytes")
            if len(self._buffer) < 8 + length:
                return
            body = bytes(self._buffer[8 : 8 + length])
            del self._buffer[: 8 + length]
            if not first >> 31:
                yield Data(first, body, bool(flags & FIN))
                continue
            if first >> 16 & 0x7FFF != 3:
                raise SpdyError(f"version {first >> 16 & 0x7FFF}")
            event = self._control(first & 0xFFFF, flags, body)
            if event is not None:
                yield event

    def _control(self, kind: int, flags: int, body: bytes) -> Event | None:
        if kind == SYN_STREAM:
            if len(body) < 10:
                raise SpdyError("a short SYN_STREAM")
            return Opened(_word(body) & 0x7FFFFFFF, self._headers(body[10:]), bool(flags & FIN))
        if kind == HEADERS:
            # Their content does not matter, but the decompression's state does.
            self._headers(body[4:])
            return Data(_word(body) & 0x7FFFFFFF, b"", True) if flags & FIN else None
        if kind == RST_STREAM:
            return Reset(_word(body) & 0x7FFFFFFF)
        if kind == PING:
            return Ping(_word(body))
        if kind == GOAWAY:
            return Goodbye(_word(body) & 0x7FFFFFFF)
        if kind in (SYN_REPLY, SETTINGS, WINDOW_UPDATE):
            return None
        raise SpdyError(f"a frame of kind {kind}")

    def _headers(self, block: bytes) -> dict[str, str]:
        try:
            data = self._inflate.decompress(block, MAX_HEADERS)
        except zlib.error as error:
            raise SpdyError(f"headers: {error}") from None
        if self._inflate.unconsumed_tail:
            raise SpdyError("too many headers")
        out: dict[str, str] = {}
        try:
            (count,), at = struct.unpack_from(">I", data), 4
            for _ in range(count):
                pair = []
                for _ in range(2):
                    (size,) = struct.unpack_from(">I", data, at)
                    pair.append(data[at + 4 : at + 4 + size].decode("latin-1"))
                    at += 4 + size
                out[pair[0].lower()] = pair[1].split("\0")[0]
        except struct.error:
            raise SpdyError("headers that end too early") from None
        return out

    # frames to send

    def reply(self, stream: int) -> bytes:
        """Accept a stream."""
        return _control(SYN_REPLY, struct.pack(">I", stream) + self._block({}))

    def open(self, stream: int, headers: dict[str, str], *, ended: bool = False) -> bytes:
        """What a client sends to open a stream."""
        return _control(SYN_STREAM, struct.pack(">IIH", stream, 0, 0) + self._block(headers), FIN if ended else 0)

    def _block(self, headers: dict[str, str]) -> bytes:
        raw = struct.pack(">I", len(headers))
        for name, value in headers.items():
            raw += _counted(name.lower()) + _counted(value)
        return self._deflate.compress(raw) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


def data_frame(stream: int, data: bytes, *, ended: bool = False) -> bytes:
    return struct.pack(">II", stream, (FIN if ended else 0) << 24 | len(data)) + data


def reset_frame(stream: int, status: int) -> bytes:
    return _control(RST_STREAM, struct.pack(">II", stream, status))


def ping_frame(number: int) -> bytes:
    return _control(PING, struct.pack(">I", number))


def _control(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack(">II", 0x80030000 | kind, flags << 24 | len(body)) + body


def _word(body: bytes) -> int:
    if len(body) < 4:
        raise SpdyError("a short frame")
    return int.from_bytes(body[:4], "big")
