"""SPDY/3.1 as far as port forwarding needs it: bytes in, events out; no connection, no clock.

kubectl tunnels it through a websocket. Only what a server meets is understood: streams that the client opens,
data, ends, resets and pings. Models: moby/spdystream; https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
FIN = 0x01
PROTOCOL_ERROR, REFUSED_STREAM = 1, 3
MAX_FRAME = 1024 * 1024
MAX_HEADERS = 64 * 1024
CHUNK = 32 * 1024

_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie "
    "keep-alive origin"
)
_TEXT = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative "
    "Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 "
    "Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec "
    "00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
    "application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset="
    "iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = b"".join(struct.pack(">I", len(w)) + w.replace("_", " ").encode() for w in _WORDS.split()) + _TEXT.encode()
"""What both sides know of headers before they speak (draft 3, section 2.6.10.1)."""


class Broken(Exception):
    """The peer does not speak SPDY/3."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The client opened a stream; `ended` if it will not send on it."""

    stream: int
    headers: dict[str, str]
    ended: bool


@dataclass(frozen=True, slots=True)
class Data:
    stream: int
    data: bytes
    ended: bool


@dataclass(frozen=True, slots=True)
class Reset:
    stream: int


Event = Opened | Data | Reset


class Session:
    """The server's side. `take()` gives what is to be sent."""

    def __init__(self) -> None:
        self._in = bytearray()
        self._out = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._last = 0

    # reading

    def feed(self, data: bytes) -> list[Event]:
        """What the peer did. Raises Broken."""
        self._in += data
        events: list[Event] = []
        while len(self._in) >= 8:
            first, second = struct.unpack_from(">II", self._in)
            flags, length = second >> 24, second & 0xFFFFFF
            if length > MAX_FRAME:
                raise Broken(f"a frame of {length} bytes")
            if len(self._in) < 8 + length:
                break
            payload = bytes(self._in[8 : 8 + length])
            del self._in[: 8 + length]
            if not first & 0x80000000:
                events.append(Data(first, payload, bool(flags & FIN)))
            elif first >> 16 & 0x7FFF != 3:
                raise Broken("another version")
            else:
                events += self._control(first & 0xFFFF, flags, payload)
        return events

    def _control(self, kind: int, flags: int, payload: bytes) -> list[Event]:
        if kind == PING and len(payload) == 4:
            self._frame(PING, 0, payload)
        elif kind == RST_STREAM and len(payload) == 8:
            return [Reset(struct.unpack_from(">I", payload)[0] & 0x7FFFFFFF)]
        elif kind == SYN_STREAM:
            if len(payload) < 10:
                raise Broken("a short frame")
            stream = struct.unpack_from(">I", payload)[0] & 0x7FFFFFFF
            headers = self._headers(payload[10:])
            if stream <= self._last or stream % 2 == 0:
                self.reset(stream, PROTOCOL_ERROR)
                return []
            self._last = stream
            return [Opened(stream, headers, bool(flags & FIN))]
        elif kind == HEADERS and len(payload) >= 4:
            # Read for the sake of the compression's state.
            self._headers(payload[4:])
        return []

    def _headers(self, block: bytes) -> dict[str, str]:
        try:
            plain = self._inflate.decompress(block, MAX_HEADERS)
        except zlib.error as error:
            raise Broken(str(error)) from None
        if self._inflate.unconsumed_tail:
            raise Broken("too many headers")
        try:
            count = struct.unpack_from(">I", plain)[0]
            at, out = 4, {}
            for _ in range(count):
                name, at = _text(plain, at)
                out[name], at = _text(plain, at)
        except struct.error:
            raise Broken("headers that end too early") from None
        return out

    # writing

    def accept(self, stream: int) -> None:
        """Answer an `Opened`, without headers."""
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self._frame(SYN_REPLY, 0, struct.pack(">I", stream) + block)

    def send(self, stream: int, data: bytes, *, end: bool = False) -> None:
        for at in range(0, len(data), CHUNK):
            piece = data[at : at + CHUNK]
            last = end and at + CHUNK >= len(data)
            self._out += struct.pack(">II", stream, (FIN if last else 0) << 24 | len(piece)) + piece
        if end and not data:
            self._out += struct.pack(">II", stream, FIN << 24)

    def reset(self, stream: int, why: int) -> None:
        self._frame(RST_STREAM, 0, struct.pack(">II", stream, why))

    def _frame(self, kind: int, flags: int, payload: bytes) -> None:
        self._out += struct.pack(">II", 0x80030000 | kind, flags << 24 | len(payload)) + payload

    def take(self) -> bytes:
        out = bytes(self._out)
        self._out.clear()
        return out


def _text(plain: bytes, at: int) -> tuple[str, int]:
    length = struct.unpack_from(">I", plain, at)[0]
    end = at + 4 + length
    if end > len(plain):
        raise struct.error
    return plain[at + 4 : end].decode("latin-1"), end
