"""exec and attach over a websocket: several byte streams in one, by the first byte of each frame.

    0 stdin → · 1 stdout ← · 2 stderr ← · 3 the end, as a Status ← · 4 terminal size → · 255 (v5) a channel ends →

What runs at the other end is behind `Processes`. Models: apimachinery, pkg/util/remotecommand (v4, v5) and
kubelet's websocket server.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from clusters.apiserver import forward, render
from clusters.apiserver.asgi import Receive, Scope, Send, refuse_websocket, send_response
from clusters.apiserver.authn import bearer
from clusters.apiserver.context import Ports
from clusters.apiserver.http import Upgrade
from clusters.machinery.errors import ApiError, BadRequest, InternalError

logger = logging.getLogger(__name__)

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
PROTOCOLS = (
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "channel.k8s.io",
    "v4.base64.channel.k8s.io",
    "base64.channel.k8s.io",
)
MAX_FRAME = 32 * 1024


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended; `message` if it could not even start."""

    code: int = 0
    message: str = ""


class Terminal(Protocol):
    """What a process has of its client."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Columns and rows, once the client has told them."""

    async def read(self) -> bytes:
        """Bytes of stdin; b"" once it is closed or the client has gone."""

    async def write(self, data: bytes, *, error: bool = False) -> None:
        """To stdout, or to stderr (to stdout, too, on a terminal)."""


class Processes(Protocol):
    """Runs commands in containers."""

    async def run(self, upgrade: Upgrade, terminal: Terminal) -> Exit:
        """Run to the end. May raise ApiError before anything was written. Cancelled when the client goes."""


class ChannelUpgrades:
    """`asgi.UpgradeHandler` of exec, attach and (with `ports`) port-forward."""

    def __init__(self, processes: Processes, ports: Ports | None = None) -> None:
        self._processes = processes
        self._ports = ports

    async def __call__(self, upgrade: Upgrade, scope: Scope, receive: Receive, send: Send) -> None:
        refusal: ApiError | None = None
        offered = bearer.others(scope.get("subprotocols") or ())
        forwarding = upgrade.kind == "portforward"
        spoken = forward.PROTOCOLS if forwarding else PROTOCOLS
        protocol = next((p for p in spoken if p in offered), None)
        if scope["type"] != "websocket":
            refusal = BadRequest("only websockets are spoken, no SPDY: kubectl 1.31 or newer uses them")
        elif forwarding and self._ports is None:
            refusal = BadRequest("nothing listens in the Pods of this cluster")
        elif offered and protocol is None:
            refusal = BadRequest(f"unable to negotiate protocol: client supports {offered}, server accepts {[*spoken]}")
        if refusal is not None:
            answer = render.error(None, refusal)
            if scope["type"] == "websocket":
                await refuse_websocket(answer, receive, send)
            else:
                await send_response(answer, send)
            return
        await receive()
        await send({"type": "websocket.accept", "subprotocol": protocol})
        if forwarding and self._ports is not None:
            await forward.serve(upgrade, self._ports, protocol or forward.CHANNELS, receive, send)
            return
        await _Connection(upgrade, protocol or "channel.k8s.io", receive, send).serve(self._processes)


class _Connection:
    """One websocket. Implements Terminal."""

    def __init__(self, upgrade: Upgrade, protocol: str, receive: Receive, send: Send) -> None:
        self._upgrade = upgrade
        self._text = "base64" in protocol
        self._numbered = protocol.startswith("v")
        self._receive = receive
        self._send = send
        self._input: asyncio.Queue[bytes] = asyncio.Queue(maxsize=64)
        self._closed = False
        self.size: tuple[int, int] | None = None

    async def serve(self, processes: Processes) -> None:
        reading = asyncio.ensure_future(self._read_frames())
        running = asyncio.ensure_future(processes.run(self._upgrade, self))
        # An empty frame tells the client that the connection stands.
        await self._frame(STDOUT, b"")
        try:
            await asyncio.wait((reading, running), return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                # The client has gone; so does what it ran.
                return
            await self._frame(ERROR, self._outcome(running))
            await self._send({"type": "websocket.close", "code": 1000})
        finally:
            for task in (reading, running):
                task.cancel()
            await asyncio.gather(reading, running, return_exceptions=True)

    def _outcome(self, running: asyncio.Future[Exit]) -> bytes:
        """The Status that ends a session."""
        failure = running.exception()
        if isinstance(failure, ApiError):
            status: dict[str, Any] = failure.status()
        elif failure is not None:
            where = self._upgrade
            logger.error("%s in %s/%s failed", where.kind, where.namespace, where.pod, exc_info=failure)
            status = InternalError(render.STUMBLED).status()
        else:
            status = exit_status(running.result())
        if not self._numbered:
            # The first protocol told errors as text, and success by silence.
            return b"" if status["status"] == "Success" else str(status.get("message", "")).encode()
        return orjson.dumps(status)

    async def _read_frames(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                await self._end_input()
                return
            data = self._decoded(message)
            if not data:
                continue
            channel, rest = data[0], data[1:]
            if channel == STDIN and self._upgrade.stdin and not self._closed:
                if rest:
                    await self._input.put(rest)
            elif channel == RESIZE:
                self.size = _size(rest) or self.size
            elif channel == CLOSE and rest[:1] == bytes((STDIN,)):
                await self._end_input()

    def _decoded(self, message: Any) -> bytes:
        if not self._text:
            # Some clients send what is text as text; a frame's kind means nothing.
            return message.get("bytes") or (message.get("text") or "").encode()
        text: str = message.get("text") or ""
        if not text[:1].isdigit():
            return b""
        try:
            return bytes((int(text[0]),)) + base64.b64decode(text[1:])
        except binascii.Error:
            return b""

    async def _end_input(self) -> None:
        if not self._closed:
            self._closed = True
            await self._input.put(b"")

    async def read(self) -> bytes:
        if self._closed and self._input.empty():
            return b""
        return await self._input.get()

    async def write(self, data: bytes, *, error: bool = False) -> None:
        wanted = self._upgrade
        channel = STDERR if error and not wanted.tty else STDOUT
        if not (wanted.stderr if channel == STDERR else wanted.stdout):
            return
        if wanted.tty:
            data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        for at in range(0, len(data), MAX_FRAME):
            await self._frame(channel, data[at : at + MAX_FRAME])

    async def _frame(self, channel: int, data: bytes) -> None:
        if self._text:
            text = f"{channel}{base64.b64encode(data).decode()}"
            await self._send({"type": "websocket.send", "text": text})
        else:
            await self._send({"type": "websocket.send", "bytes": bytes((channel,)) + data})


def _size(data: bytes) -> tuple[int, int] | None:
    """`{"Width": 80, "Height": 24}`; None if it is not that."""
    try:
        told = orjson.loads(data)
        return int(told["Width"]), int(told["Height"])
    except (ValueError, KeyError, TypeError):
        return None


def exit_status(end: Exit) -> dict[str, Any]:
    """The Status of a process that ended."""
    if not end.code and not end.message:
        return {"metadata": {}, "status": "Success"}
    if end.message:
        return {"metadata": {}, "status": "Failure", "message": end.message, "reason": "InternalError", "code": 500}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {end.code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(end.code)}]},
    }
