"""A body ends somewhere, whoever sends it: nothing is kept of one that is too large."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from tests.support.stack import Stack

pytestmark = pytest.mark.timeout(240)
HEAD = b"POST /k8s/demo/api/v1/namespaces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@contextlib.contextmanager
def connected(stack: Stack) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", stack.port), timeout=20) as connection:
        yield connection


def answer(connection: socket.socket) -> bytes:
    """All until the server hangs up."""
    out = b""
    with contextlib.suppress(ConnectionError):
        while data := connection.recv(65536):
            out += data
    return out


def test_body_that_says_it_is_too_large_is_refused_at_once(stack: Stack) -> None:
    with connected(stack) as connection:
        connection.sendall(HEAD + b"Content-Length: 99999999999\r\n\r\n{")
        assert answer(connection).startswith(b"HTTP/1.1 413 ")


def test_body_that_does_not_say_is_cut_off(stack: Stack) -> None:
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    sent = 0
    with connected(stack) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                connection.sendall(chunk)
                sent += 1
        said = answer(connection)
    assert sent < 100 or said.startswith(b"HTTP/1.1 413 ")
    assert stack.get("/healthz") == "ok\n"


def test_body_within_bounds_gets_its_own_answer(stack: Stack) -> None:
    with connected(stack) as connection:
        connection.sendall(HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
        assert answer(connection).startswith(b"HTTP/1.1 403 ")
