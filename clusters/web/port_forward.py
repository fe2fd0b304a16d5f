"""`port-forward`: connections to a Pod's simulated ports, in either protocol that clients have for a WebSocket.

`Tunnel` is kubectl's: SPDY frames in binary messages, a pair of streams a connection. `Channels` is the one of
client libraries: the ports are in the URL, two channels each. Both are pure: a message in, messages out.
Models: kubelet, pkg/cri/streaming/portforward/{httpstream,websocket}.go.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass

from clusters.apiserver.asgi import Receive, Scope, Send, shared_pool
from clusters.apiserver.context import Connection, Ports
from clusters.apiserver.http import Upgrade
from clusters.machinery.errors import ApiError
from clusters.web import spdy

TUNNEL = "SPDY/3.1+portforward.k8s.io"
PLAIN = ("v4.channel.k8s.io", "v4.base64.channel.k8s.io")
MAX_CONNECTIONS = 200
MAX_PORTS = 50
_CHUNK = 32 * 1024
IDLE_SECONDS = 4 * 3600.0

Connect = Callable[[int], Connection]
"""To a port of the Pod. Raises ConnectionRefusedError."""


def refusal(port: int, pod: str) -> str:
    """What the container runtime says of a port on which nobody listens."""
    return (
        f"error forwarding port {port} to pod {pod}, uid : failed to execute portforward in network namespace "
        f'"/var/run/netns/cni-{pod[:36]}": failed to connect to localhost:{port} inside namespace "{pod}", '
        f"IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused "
        f"IPv6 dial tcp6 [::1]:{port}: connect: connection refused "
    )


@dataclass(slots=True)
class _Pair:
    """The two streams of one connection."""

    port: int
    error: int = 0
    data: int = 0
    connection: Connection | None = None
    over: bool = False


class Tunnel:
    """SPDY in a WebSocket."""

    def __init__(self, connect: Connect, sandbox: str) -> None:
        self._connect = connect
        self._sandbox = sandbox
        self._spdy = spdy.Spdy()
        self._pairs: dict[str, _Pair] = {}
        self._streams: dict[int, tuple[str, _Pair]] = {}
        self.over = False

    def start(self) -> list[bytes]:
        """Nothing is said before the client speaks."""
        return []

    def message(self, data: bytes) -> list[bytes]:
        """What to send back. Raises SpdyError."""
        out: list[bytes] = []
        for event in self._spdy.feed(data):
            if isinstance(event, spdy.Opened):
                self._opened(event, out)
            elif isinstance(event, spdy.Data):
                self._data(event, out)
            elif isinstance(event, spdy.Ping):
                if event.number % 2:
                    out.append(spdy.ping_frame(event.number))
            elif isinstance(event, spdy.Reset):
                self._dropped(event.stream)
            else:
                self.over = True
        return out

    def _opened(self, event: spdy.Opened, out: list[bytes]) -> None:
        kind, port = event.headers.get("streamtype", ""), event.headers.get("port", "")
        if kind not in ("error", "data") or not port.isdigit() or not 0 < int(port) < 65536:
            out.append(spdy.reset_frame(event.stream, spdy.PROTOCOL_ERROR))
            return
        # Clients without request ids open the error stream, then the data stream: 1 and 3, 5 and 7.
        request = event.headers.get("requestid") or f"#{event.stream - (0 if kind == 'error' else 2)}"
        pair = self._pairs.get(request)
        if pair is None:
            if len(self._pairs) >= MAX_CONNECTIONS:
                out.append(spdy.reset_frame(event.stream, spdy.REFUSED_STREAM))
                return
            pair = self._pairs[request] = _Pair(int(port))
        if kind == "error":
            pair.error = event.stream
        else:
            pair.data = event.stream
        self._streams[event.stream] = (request, pair)
        out.append(self._spdy.reply(event.stream))
        if pair.error and pair.data and pair.connection is None:
            self._begin(pair, out)

    def _begin(self, pair: _Pair, out: list[bytes]) -> None:
        try:
            pair.connection = self._connect(pair.port)
        except (ApiError, OSError):
            out.append(spdy.data_frame(pair.error, refusal(pair.port, self._sandbox).encode()))
            self._end(pair, out)

    def _data(self, event: spdy.Data, out: list[bytes]) -> None:
        found = self._streams.get(event.stream)
        if found is None or found[1].data != event.stream:
            return
        pair = found[1]
        if pair.connection is None or pair.over:
            return
        answer = pair.connection.feed(event.data) if event.data else b""
        for at in range(0, len(answer), _CHUNK):
            out.append(spdy.data_frame(pair.data, answer[at : at + _CHUNK]))
        if pair.connection.closed or event.ended:
            self._end(pair, out)

    def _end(self, pair: _Pair, out: list[bytes]) -> None:
        pair.over = True
        out.append(spdy.data_frame(pair.data, b"", ended=True))
        out.append(spdy.data_frame(pair.error, b"", ended=True))
        self._forget(pair)

    def _dropped(self, stream: int) -> None:
        found = self._streams.get(stream)
        if found is not None:
            found[1].over = True
            self._forget(found[1])

    def _forget(self, pair: _Pair) -> None:
        for stream in (pair.error, pair.data):
            found = self._streams.pop(stream, None)
            if found is not None:
                self._pairs.pop(found[0], None)


class Channels:
    """Two channels a port: data (2i) and errors (2i+1); each begins with the port as two bytes, low one first."""

    def __init__(self, connect: Connect, sandbox: str, ports: list[int], *, base64: bool = False) -> None:
        self._connect = connect
        self._sandbox = sandbox
        self._ports = ports
        self._base64 = base64
        self._connections: dict[int, Connection | None] = {}
        self.over = False

    def start(self) -> list[bytes]:
        """The ports, and what cannot be reached."""
        out = []
        for index, port in enumerate(self._ports):
            mark = port.to_bytes(2, "little")
            out += [self._frame(2 * index, mark), self._frame(2 * index + 1, mark)]
        for index, port in enumerate(self._ports):
            try:
                self._connections[index] = self._connect(port)
            except (ApiError, OSError):
                out.append(self._frame(2 * index + 1, refusal(port, self._sandbox).encode()))
                self._connections[index] = None
        return out

    def message(self, data: bytes) -> list[bytes]:
        """What to send back."""
        if not data:
            return []
        channel, payload = data[0], data[1:]
        if self._base64:
            try:
                channel, payload = channel - 48, b64decode(payload)
            except ValueError:
                return []
        connection = self._connections.get(channel // 2)
        if channel % 2 or connection is None or connection.closed:
            return []
        answer = connection.feed(payload)
        self.over = all(c is None or c.closed for c in self._connections.values())
        return [self._frame(channel, answer[at : at + _CHUNK]) for at in range(0, len(answer), _CHUNK)]

    def _frame(self, channel: int, data: bytes) -> bytes:
        return bytes((channel + 48,)) + b64encode(data) if self._base64 else bytes((channel,)) + data


class PortForwards:
    """`apiserver.asgi.UpgradeHandler` of port-forward: carries either form until one side has had enough."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def __call__(self, upgrade: Upgrade, scope: Scope, receive: Receive, send: Send) -> None:
        def connect(port: int) -> Connection:
            return self._ports.connect(upgrade.namespace, upgrade.pod, port)

        await receive()
        offered = scope.get("subprotocols") or []
        protocol = next((p for p in (TUNNEL, *PLAIN) if p in offered), None)
        if (offered and protocol is None) or (protocol != TUNNEL and not 0 < len(upgrade.ports) <= MAX_PORTS):
            await send({"type": "websocket.close", "code": 1002})
            return
        await send({"type": "websocket.accept", "subprotocol": protocol})
        peer: Tunnel | Channels
        if protocol == TUNNEL:
            peer = Tunnel(connect, upgrade.pod)
        else:
            peer = Channels(connect, upgrade.pod, upgrade.ports, base64="base64" in (protocol or ""))
        await _carry(peer, receive, send)


async def _carry(peer: Tunnel | Channels, receive: Receive, send: Send) -> None:
    loop = asyncio.get_running_loop()
    code = 1000
    for message in await loop.run_in_executor(shared_pool(), peer.start):
        await send({"type": "websocket.send", "bytes": message})
    while not peer.over:
        try:
            event = await asyncio.wait_for(receive(), IDLE_SECONDS)
        except TimeoutError:
            break
        if event["type"] == "websocket.disconnect":
            return
        data = event.get("bytes")
        data = (event.get("text") or "").encode() if data is None else data
        try:
            answers = await loop.run_in_executor(shared_pool(), peer.message, data)
        except spdy.SpdyError:
            code = 1002
            break
        if answers:
            if isinstance(peer, Tunnel):
                answers = [b"".join(answers)]
            for message in answers:
                await send({"type": "websocket.send", "bytes": message})
    await send({"type": "websocket.close", "code": code})
