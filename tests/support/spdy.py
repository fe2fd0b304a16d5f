"""A client's side of SPDY/3.1, for tests."""

from __future__ import annotations

import struct
import zlib

from clusters.apiserver import spdy


class Client:
    """Builds frames, and reads the server's."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=spdy.DICTIONARY)

    def control(self, kind: int, payload: bytes, flags: int = 0) -> bytes:
        return struct.pack(">II", 0x80030000 | kind, flags << 24 | len(payload)) + payload

    def open(self, stream: int, headers: dict[str, str], *, end: bool = False) -> bytes:
        block = struct.pack(">I", len(headers))
        for text in (t for pair in headers.items() for t in pair):
            block += struct.pack(">I", len(text)) + text.encode()
        packed = self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return self.control(spdy.SYN_STREAM, struct.pack(">IIBB", stream, 0, 0, 0) + packed, spdy.FIN if end else 0)

    def data(self, stream: int, payload: bytes, *, end: bool = False) -> bytes:
        return struct.pack(">II", stream, (spdy.FIN if end else 0) << 24 | len(payload)) + payload

    def read(self, data: bytes) -> list[tuple[str, int, bytes]]:
        """(what, stream, payload): data, end (the last data), reply or reset (payload: the reason)."""
        out: list[tuple[str, int, bytes]] = []
        while data:
            first, second = struct.unpack_from(">II", data)
            length = second & 0xFFFFFF
            payload, data = data[8 : 8 + length], data[8 + length :]
            if not first & 0x80000000:
                out.append(("end" if second >> 24 & spdy.FIN else "data", first, payload))
                continue
            kind = {spdy.SYN_REPLY: "reply", spdy.RST_STREAM: "reset"}.get(first & 0xFFFF, "other")
            stream = struct.unpack_from(">I", payload)[0]
            out.append((kind, stream, payload[4:] if kind == "reset" else b""))
        return out
