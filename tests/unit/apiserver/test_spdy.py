"""SPDY frames, as kubectl's library writes them."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.apiserver import spdy
from tests.support.spdy import Client


def test_the_dictionary_is_that_of_the_draft():
    assert (len(spdy.DICTIONARY), zlib.adler32(spdy.DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_a_stream_is_opened_answered_used_and_ended():
    client, server = Client(), spdy.Session()
    opened = server.feed(client.open(1, {"streamtype": "data", "port": "80"}))
    assert opened == [spdy.Opened(1, {"streamtype": "data", "port": "80"}, False)]
    server.accept(1)
    assert client.read(server.take()) == [("reply", 1, b"")]
    assert server.feed(client.data(1, b"abc", end=True)) == [spdy.Data(1, b"abc", True)]
    server.send(1, b"def")
    server.send(1, b"", end=True)
    assert client.read(server.take()) == [("data", 1, b"def"), ("end", 1, b"")]


def test_headers_of_later_streams_lean_on_earlier_ones():
    client, server = Client(), spdy.Session()
    for stream in (1, 3, 5):
        (opened,) = server.feed(client.open(stream, {"requestid": str(stream), "streamtype": "error"}, end=True))
        assert opened == spdy.Opened(stream, {"requestid": str(stream), "streamtype": "error"}, True)


def test_pings_are_returned_and_unknown_frames_passed_over():
    client, server = Client(), spdy.Session()
    assert server.feed(client.control(spdy.PING, struct.pack(">I", 7))) == []
    assert server.take() == client.control(spdy.PING, struct.pack(">I", 7))
    settings = client.control(spdy.SETTINGS, struct.pack(">I", 0))
    window = client.control(spdy.WINDOW_UPDATE, struct.pack(">II", 1, 5))
    reset = client.control(spdy.RST_STREAM, struct.pack(">II", 9, 5))
    assert server.feed(settings + window + reset) == [spdy.Reset(9)]


def test_streams_are_numbered_upwards_and_odd():
    client, server = Client(), spdy.Session()
    server.feed(client.open(5, {}))
    for stream in (5, 3, 8):
        assert server.feed(client.open(stream, {})) == []
        assert client.read(server.take()) == [("reset", stream, struct.pack(">I", spdy.PROTOCOL_ERROR))]


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">II", 0x80020001, 10),
        struct.pack(">II", 1, spdy.MAX_FRAME + 1),
        struct.pack(">II", 0x80030001, 4) + b"abcd",
        struct.pack(">II", 0x80030001, 14) + struct.pack(">I", 1) + bytes(6) + b"junk",
    ],
)
def test_what_is_no_spdy_breaks_the_session(data):
    with pytest.raises(spdy.Broken):
        spdy.Session().feed(data + bytes(20))


def test_headers_may_not_be_endless():
    with pytest.raises(spdy.Broken):
        spdy.Session().feed(Client().open(1, {"a": "x" * 200_000}))


@given(st.lists(st.binary(max_size=90_000), max_size=4), st.integers(1, 5000))
def test_frames_may_come_in_any_pieces(payloads, step):
    client, server = Client(), spdy.Session()
    sent = client.open(1, {"port": "1"}) + b"".join(client.data(1, p) for p in payloads)
    events: list[object] = []
    for at in range(0, len(sent), step * 7):
        events += server.feed(sent[at : at + step * 7])
    assert events == [spdy.Opened(1, {"port": "1"}, False), *(spdy.Data(1, p, False) for p in payloads)]


@given(st.binary(max_size=200_000))
def test_what_is_sent_is_cut_into_frames(data):
    client, server = Client(), spdy.Session()
    server.send(1, data, end=True)
    frames = client.read(server.take())
    assert b"".join(payload for _, _, payload in frames) == data
    assert [kind for kind, _, _ in frames].count("end") == 1
    assert frames[-1][0] == "end"


@given(st.binary(max_size=400))
def test_noise_never_does_more_than_break_the_session(data):
    try:
        spdy.Session().feed(data)
    except spdy.Broken:
        return
