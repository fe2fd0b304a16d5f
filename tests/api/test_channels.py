"""exec over a websocket."""

from __future__ import annotations

import json

import pytest
from asgiref.testing import ApplicationCommunicator

from clusters.apiserver.asgi import ApiApplication
from clusters.apiserver.channels import ChannelUpgrades, Exit
from clusters.machinery.errors import BadRequest

PODS = "/api/v1/namespaces/default/pods"


class Cat:
    """Echoes its input; `exit N` ends it with N; writes what is bad to stderr."""

    async def run(self, upgrade, terminal):
        if upgrade.command == ["nope"]:
            raise BadRequest("no such command")
        while data := await terminal.read():
            if data.startswith(b"exit "):
                return Exit(int(data[5:]))
            await terminal.write(data, error=data.startswith(b"!"))
        return Exit()


@pytest.fixture
def app(server, api):
    pod = {"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "x"}]}}
    api.create(PODS, pod)
    return ApiApplication(server, upgrades=ChannelUpgrades(Cat()))


async def connect(app, query="command=cat&stdin=1&stdout=1&stderr=1", protocols=("v5.channel.k8s.io",)):
    scope = {
        "type": "websocket",
        "path": f"{PODS}/p/exec",
        "query_string": query.encode(),
        "headers": [(b"authorization", b"Bearer admin"), (b"upgrade", b"websocket")],
        "subprotocols": list(protocols),
    }
    communicator = ApplicationCommunicator(app, scope)
    await communicator.send_input({"type": "websocket.connect"})
    return communicator, await communicator.receive_output(5)


async def said(communicator):
    message = await communicator.receive_output(5)
    return message.get("bytes") or message.get("text") or message


async def test_streams_share_a_socket_and_the_end_is_a_status(app):
    communicator, accepted = await connect(app)
    assert accepted == {"type": "websocket.accept", "subprotocol": "v5.channel.k8s.io"}
    assert await said(communicator) == b"\x01"
    await communicator.send_input({"type": "websocket.receive", "bytes": b"\x00hello\n"})
    assert await said(communicator) == b"\x01hello\n"
    await communicator.send_input({"type": "websocket.receive", "bytes": b"\x00!bad\n"})
    assert await said(communicator) == b"\x02!bad\n"
    await communicator.send_input({"type": "websocket.receive", "bytes": b"\xff\x00"})
    end = await said(communicator)
    assert (end[0], json.loads(end[1:])) == (3, {"metadata": {}, "status": "Success"})
    assert (await communicator.receive_output(5))["type"] == "websocket.close"
    await communicator.wait()


async def test_an_exit_code_is_told(app):
    communicator, _ = await connect(app)
    await said(communicator)
    await communicator.send_input({"type": "websocket.receive", "bytes": b"\x00exit 3"})
    status = json.loads((await said(communicator))[1:])
    assert status["reason"] == "NonZeroExitCode"
    assert status["details"] == {"causes": [{"reason": "ExitCode", "message": "3"}]}
    await communicator.receive_output(5)
    await communicator.wait()


async def test_a_command_that_cannot_start_is_told(app):
    communicator, _ = await connect(app, "command=nope&stdout=1")
    await said(communicator)
    assert json.loads((await said(communicator))[1:])["message"] == "no such command"
    await communicator.receive_output(5)
    await communicator.wait()


async def test_a_terminal_has_one_output_with_carriage_returns(app):
    communicator, _ = await connect(app, "command=cat&stdin=1&stdout=1&tty=1")
    await said(communicator)
    await communicator.send_input({"type": "websocket.receive", "bytes": b"\x00!a\nb\n"})
    assert await said(communicator) == b"\x01!a\r\nb\r\n"
    await communicator.send_input({"type": "websocket.disconnect", "code": 1000})
    await communicator.wait()


async def test_base64_frames_are_spoken(app):
    communicator, accepted = await connect(app, protocols=("base64.channel.k8s.io",))
    assert accepted["subprotocol"] == "base64.channel.k8s.io"
    assert await said(communicator) == "1"
    await communicator.send_input({"type": "websocket.receive", "text": "0aGk="})
    assert await said(communicator) == "1aGk="
    await communicator.send_input({"type": "websocket.disconnect", "code": 1000})
    await communicator.wait()


@pytest.mark.parametrize("protocols", [("v9.channel.k8s.io",), ("SPDY/3.1",)])
async def test_an_unknown_protocol_is_refused(app, protocols):
    communicator, closed = await connect(app, protocols=protocols)
    assert (closed["type"], closed["code"]) == ("websocket.close", 4400)
    await communicator.wait()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (f"{PODS}/p/exec?command=ls&stdout=1&container=nope", "container nope is not valid for pod p"),
        (f"{PODS}/p/exec?command=ls&stdout=1", "Upgrade request required"),
        (f"{PODS}/nope/exec?command=ls", 'pods "nope" not found'),
    ],
)
def test_exec_is_checked_before_the_upgrade(app, api, path, message):
    path, _, query = path.partition("?")
    pairs = dict(pair.split("=") for pair in query.split("&"))
    assert api.ask("POST", path, **pairs)[1]["message"] == message
