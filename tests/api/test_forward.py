"""Port forwarding over a websocket."""

from __future__ import annotations

import struct

import pytest
from asgiref.testing import ApplicationCommunicator

from clusters.apiserver import forward, spdy
from clusters.apiserver.asgi import ApiApplication
from clusters.apiserver.channels import ChannelUpgrades
from tests.support.spdy import Client

PODS = "/api/v1/namespaces/default/pods"
DATA = {"streamtype": "data", "port": "80", "requestid": "0"}
ERROR = {**DATA, "streamtype": "error"}


class Echo:
    """Says what it hears, and hangs up on `bye`."""

    def __init__(self) -> None:
        self.closed = False

    def feed(self, data: bytes) -> bytes:
        self.closed = data.endswith(b"bye")
        return data.upper()


class Ports:
    """Port 80 is open."""

    def connect(self, namespace: str, pod: str, port: int) -> Echo:
        assert (namespace, pod) == ("default", "p")
        if port != 80:
            raise ConnectionRefusedError
        return Echo()


@pytest.fixture
def app(server, api):
    api.create(
        PODS, {"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "x"}]}}
    )
    return ApiApplication(server, upgrades=ChannelUpgrades(None, Ports()))


class Socket:
    """The client's side of a websocket."""

    def __init__(self, communicator: ApplicationCommunicator) -> None:
        self._communicator = communicator
        self.spdy = Client()

    async def send(self, *frames: bytes) -> None:
        await self._communicator.send_input({"type": "websocket.receive", "bytes": b"".join(frames)})

    async def text(self, text: str) -> None:
        await self._communicator.send_input({"type": "websocket.receive", "text": text})

    async def receive(self):
        message = await self._communicator.receive_output(5)
        return message.get("bytes") or message.get("text") or message

    async def frames(self, count: int):
        out = []
        while len(out) < count:
            out += self.spdy.read(await self.receive())
        return out

    async def close(self) -> None:
        await self._communicator.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._communicator.wait()


async def connect(app, protocol=forward.TUNNEL, query=""):
    scope = {
        "type": "websocket",
        "path": f"{PODS}/p/portforward",
        "query_string": query.encode(),
        "headers": [(b"authorization", b"Bearer admin"), (b"upgrade", b"websocket")],
        "subprotocols": [protocol],
    }
    communicator = ApplicationCommunicator(app, scope)
    await communicator.send_input({"type": "websocket.connect"})
    return Socket(communicator), await communicator.receive_output(5)


async def test_bytes_go_to_the_pod_and_back_until_it_hangs_up(app):
    socket, accepted = await connect(app)
    assert accepted == {"type": "websocket.accept", "subprotocol": forward.TUNNEL}
    client = socket.spdy
    await socket.send(client.open(1, ERROR), client.data(1, b"", end=True), client.open(3, DATA))
    assert await socket.frames(2) == [("reply", 1, b""), ("reply", 3, b"")]
    await socket.send(client.data(3, b"hello"))
    assert await socket.frames(1) == [("data", 3, b"HELLO")]
    await socket.send(client.data(3, b"bye"))
    assert await socket.frames(2) == [("end", 3, b"BYE"), ("end", 1, b"")]
    await socket.send(client.data(3, b"too late"), client.control(spdy.PING, b"\0\0\0\1"))
    assert await socket.frames(1) == [("other", 1, b"")]
    await socket.close()


async def test_the_client_may_hang_up_first(app):
    socket, _ = await connect(app)
    client = socket.spdy
    await socket.send(client.open(1, ERROR), client.open(3, DATA), client.data(3, b"x", end=True))
    assert (await socket.frames(4))[2:] == [("end", 3, b"X"), ("end", 1, b"")]
    await socket.close()


async def test_connections_share_the_socket(app):
    socket, _ = await connect(app)
    client = socket.spdy
    for n in range(3):
        own = {"requestid": str(n)}
        await socket.send(client.open(4 * n + 1, ERROR | own), client.open(4 * n + 3, DATA | own))
    await socket.frames(6)
    await socket.send(client.data(11, b"c"), client.data(3, b"a"), client.control(spdy.RST_STREAM, b"\0\0\0\7\0\0\0\5"))
    assert await socket.frames(2) == [("data", 11, b"C"), ("data", 3, b"A")]
    await socket.close()


async def test_a_port_on_which_nobody_listens_is_told_on_the_stream_of_errors(app):
    socket, _ = await connect(app)
    client = socket.spdy
    port = {"port": "81"}
    await socket.send(client.open(1, ERROR | port), client.open(3, DATA | port))
    *_, data, words = await socket.frames(4)
    assert data == ("end", 3, b"")
    assert words[:2] == ("end", 1)
    assert words[2].decode() == (
        "error forwarding port 81 to pod p, uid : failed to execute portforward in network namespace "
        '"/var/run/netns/cni-p": failed to connect to localhost:81 inside namespace "p", '
        "IPv4: dial tcp4 127.0.0.1:81: connect: connection refused "
        "IPv6 dial tcp6 [::1]:81: connect: connection refused "
    )
    await socket.close()


@pytest.mark.parametrize("headers", [{}, DATA | {"port": "x"}, DATA | {"port": "70000"}, DATA | {"streamtype": "y"}])
async def test_a_stream_that_makes_no_sense_is_refused(app, headers):
    socket, _ = await connect(app)
    await socket.send(socket.spdy.open(1, headers))
    assert await socket.frames(1) == [("reset", 1, struct.pack(">I", spdy.REFUSED_STREAM))]
    await socket.close()


async def test_noise_closes_the_socket(app):
    socket, _ = await connect(app)
    await socket.send(b"\x80\x02\0\1\0\0\0\0")
    closed = await socket.receive()
    assert (closed["type"], closed["code"]) == ("websocket.close", 1002)


async def test_libraries_use_two_channels_a_port(app):
    socket, accepted = await connect(app, forward.CHANNELS, "ports=80&ports=81")
    assert accepted["subprotocol"] == forward.CHANNELS
    assert [await socket.receive() for _ in range(4)] == [b"\0P\0", b"\1P\0", b"\2Q\0", b"\3Q\0"]
    await socket.send(b"\0hi")
    assert await socket.receive() == b"\0HI"
    await socket.send(b"\2hi")
    assert (await socket.receive()).startswith(b"\3error forwarding port 81")
    await socket.send(b"\0bye")
    assert await socket.receive() == b"\0BYE"
    assert (await socket.receive())["type"] == "websocket.close"


async def test_channels_may_be_text(app):
    socket, _ = await connect(app, forward.BASE64_CHANNELS, "ports=80")
    assert [await socket.receive() for _ in range(2)] == ["0UAA=", "1UAA="]
    await socket.text("0aGk=")
    assert await socket.receive() == "0SEk="
    await socket.text("")
    await socket.text("!%")
    await socket.close()


async def test_a_protocol_of_exec_is_refused(app):
    _, closed = await connect(app, "v5.channel.k8s.io")
    assert (closed["type"], closed["code"]) == ("websocket.close", 4400)


async def test_a_cluster_in_which_nothing_listens_refuses(server, app):
    _, closed = await connect(ApiApplication(server, upgrades=ChannelUpgrades(None)))
    assert closed["code"] == 4400
