"""Connections send at the end of the turn, and lose nothing when the other side is slow or goes away."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

SERVER = """
import asyncio
from twisted.internet import asyncioreactor
asyncioreactor.install(asyncio.new_event_loop())
from twisted.internet import protocol, reactor
from playground import transport
transport.install()

class Talk(protocol.Protocol):
    def dataReceived(self, data):
        if data == b"much":
            for i in range(20_000):
                self.transport.write(b"%07d\\n" % i * 64)
            self.transport.loseConnection()
        elif data == b"parts":
            self.transport.write(b"head ")
            self.transport.writeSequence([b"bo", b"dy"])
        elif data == b"kind":
            self.transport.write(type(self.transport).__name__.encode())

factory = protocol.Factory()
factory.protocol = Talk
port = reactor.listenTCP(0, factory, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
def client(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        yield connection


def test_ports_use_it(client: socket.socket) -> None:
    client.sendall(b"kind")
    assert client.recv(100) == b"PromptServer"


def test_writes_of_one_turn_go_out_together(client: socket.socket) -> None:
    client.sendall(b"parts")
    assert client.recv(100) == b"head body"


def test_more_than_a_socket_takes_arrives_whole_and_then_the_end(client: socket.socket) -> None:
    client.sendall(b"much")
    got = bytearray()
    while data := client.recv(65536):
        got += data
    assert bytes(got) == b"".join(b"%07d\n" % i * 64 for i in range(20_000))


def test_reader_that_goes_away_does_not_disturb_others(port: int, client: socket.socket) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as other:
        other.sendall(b"much")
        other.recv(10)
    client.sendall(b"parts")
    assert client.recv(100) == b"head body"
