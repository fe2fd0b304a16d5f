"""SPDY frames, and port-forward in them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.machinery.errors import NotFound
from clusters.web import spdy
from clusters.web.port_forward import Channels, Tunnel


class Echo:
    """Answers in capitals; hangs up after `bye`."""

    def __init__(self) -> None:
        self.closed = False

    def feed(self, data: bytes) -> bytes:
        self.closed = b"bye" in data
        return data.upper()


def connect(port: int) -> Echo:
    if port == 99:
        raise ConnectionRefusedError
    if port == 98:
        raise NotFound("gone")
    return Echo()


class Client:
    """The other side of a tunnel."""

    def __init__(self) -> None:
        self.tunnel = Tunnel(connect, "web")
        self.spdy = spdy.Spdy()

    def send(self, *frames: bytes, size: int = 1 << 20) -> list[tuple[int, int, bytes]]:
        """(stream, flags, data) of the data frames that come back."""
        data = b"".join(frames)
        out = b""
        for at in range(0, len(data), size):
            out += b"".join(self.tunnel.message(data[at : at + size]))
        return [frame for frame in _frames(out) if frame[0] >= 0]

    def open(self, number: int, port: int = 80) -> tuple[bytes, bytes]:
        headers = {"port": str(port), "requestID": str(number)}
        error, data = 4 * number + 1, 4 * number + 3
        return (
            self.spdy.open(error, {"streamType": "error", **headers}) + spdy.data_frame(error, b"", ended=True),
            self.spdy.open(data, {"streamType": "data", **headers}),
        )


def _frames(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    while data:
        first, flags, size = int.from_bytes(data[:4], "big"), data[4], int.from_bytes(data[5:8], "big")
        yield (-(first & 0xFFFF) if first >> 31 else first), flags, data[8 : 8 + size]
        data = data[8 + size :]


def test_dictionary_is_the_drafts() -> None:
    assert (len(spdy.DICTIONARY), zlib.adler32(spdy.DICTIONARY)) == (1423, 0xE3C6A7C2)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_bytes_go_to_the_container_and_back(size: int) -> None:
    client = Client()
    assert client.send(*client.open(0), size=size) == []
    assert client.send(spdy.data_frame(3, b"hello"), size=size) == [(3, 0, b"HELLO")]
    assert client.send(spdy.data_frame(3, b"bye"), size=size) == [(3, 0, b"BYE"), (3, 1, b""), (1, 1, b"")]


def test_connections_do_not_mix() -> None:
    client = Client()
    client.send(*client.open(0), *client.open(1))
    sent = spdy.data_frame(7, b"b") + spdy.data_frame(3, b"a") + spdy.data_frame(3, b"", ended=True)
    assert client.send(sent) == [(7, 0, b"B"), (3, 0, b"A"), (3, 1, b""), (1, 1, b"")]
    assert client.send(spdy.data_frame(7, b"c")) == [(7, 0, b"C")]


@pytest.mark.parametrize("port", [98, 99])
def test_refused_connection_is_told_on_the_error_stream(port: int) -> None:
    client = Client()
    (stream, _, text), *rest = client.send(*client.open(0, port))
    assert (stream, rest) == (1, [(3, 1, b""), (1, 1, b"")])
    assert f"error forwarding port {port} to pod web".encode() in text
    assert b"connection refused" in text


def test_pings_are_answered() -> None:
    assert b"".join(Client().tunnel.message(spdy.ping_frame(5))) == spdy.ping_frame(5)


def test_nonsense_is_refused() -> None:
    client = Client()
    (answer,) = client.tunnel.message(client.spdy.open(1, {"streamType": "other", "port": "80"}))
    assert answer == spdy.reset_frame(1, spdy.PROTOCOL_ERROR)
    with pytest.raises(spdy.SpdyError):
        Client().tunnel.message(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(spdy.SpdyError):
        Client().tunnel.message(b"\x80\x03\x00\x01\xff\xff\xff\xff" + bytes(100))


def test_number_of_connections_is_limited() -> None:
    client = Client()
    out = b"".join(client.tunnel.message(b"".join(b"".join(client.open(n)) for n in range(300))))
    assert sum(1 for kind, _, _ in _frames(out) if kind == -spdy.RST_STREAM) == 200


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_waited_for(data: bytes) -> None:
    tunnel = Tunnel(connect, "web")
    try:
        tunnel.message(data)
    except spdy.SpdyError:
        return


@pytest.mark.parametrize("base64", [False, True])
def test_channels_begin_with_their_ports(base64: bool) -> None:
    peer = Channels(connect, "web", [80, 99], base64=base64)
    first = peer.start()
    assert len(first) == 5
    if base64:
        assert first[:2] == [b"0UAA=", b"1UAA="]
        assert peer.message(b"0aGk=") == [b"0SEk="]
        assert peer.message(b"0!") == []
    else:
        assert first[:4] == [b"\0P\0", b"\1P\0", b"\2c\0", b"\3c\0"]
        assert b"connection refused" in first[4]
        assert peer.message(b"\0hi") == [b"\0HI"]
        assert peer.message(b"\2hi") == peer.message(b"") == []
        assert peer.message(b"\0bye") == [b"\0BYE"]
        assert peer.over
