"""Port forwarding over a websocket: SPDY tunnelled through it (kubectl), or two channels a port (client libraries).

What listens in a Pod is behind `Ports` (see `context`). Each connection of the client's is a pair of streams, one
for its bytes and one for the words of a failure. Models: kubelet, pkg/cri/streaming/portforward; client-go,
tools/portforward.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import struct
from dataclasses import dataclass
from typing import Any

from clusters.apiserver import spdy
from clusters.apiserver.asgi import Receive, Send, shared_pool
from clusters.apiserver.context import Connection, Ports
from clusters.apiserver.http import Upgrade
from clusters.machinery.errors import ApiError

TUNNEL = "SPDY/3.1+portforward.k8s.io"
CHANNELS = "v4.channel.k8s.io"
BASE64_CHANNELS = "v4.base64.channel.k8s.io"
PROTOCOLS = (TUNNEL, CHANNELS, BASE64_CHANNELS)
MAX_CONNECTIONS = 200
MAX_PORTS = 50


async def serve(upgrade: Upgrade, ports: Ports, protocol: str, receive: Receive, send: Send) -> None:
    """Carry connections until the client goes; the websocket has been accepted."""
    if protocol == TUNNEL:
        await _Tunnel(upgrade, ports, send).run(receive)
    else:
        await _Channels(upgrade, ports, send, text=protocol == BASE64_CHANNELS).run(receive)


class _Carrier:
    """What both forms share: calls into the Pod happen in the pool, for they look things up."""

    def __init__(self, upgrade: Upgrade, ports: Ports, send: Send) -> None:
        self._upgrade = upgrade
        self._ports = ports
        self._send = send

    async def connect(self, port: int) -> Connection | str:
        """A connection to the Pod, or why there is none."""
        where = self._upgrade
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(shared_pool(), self._ports.connect, where.namespace, where.pod, port)
        except (ApiError, OSError) as error:
            text = str(error)
            if not text or isinstance(error, ConnectionRefusedError):
                # In the container runtime's words, over both families.
                text = (
                    f'failed to execute portforward in network namespace "/var/run/netns/cni-{where.pod[:36]}": '
                    f'failed to connect to localhost:{port} inside namespace "{where.pod}", '
                    f"IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused "
                    f"IPv6 dial tcp6 [::1]:{port}: connect: connection refused "
                )
            return f"error forwarding port {port} to pod {where.pod}, uid : {text}"

    async def feed(self, connection: Connection, data: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(shared_pool(), connection.feed, data)


@dataclass(slots=True)
class _Pair:
    """One forwarded connection, as far as its streams are open."""

    port: int
    words: int = 0
    """The stream for errors."""
    data: int = 0
    connection: Connection | None = None


class _Tunnel(_Carrier):
    """SPDY frames in binary messages."""

    def __init__(self, upgrade: Upgrade, ports: Ports, send: Send) -> None:
        super().__init__(upgrade, ports, send)
        self._session = spdy.Session()
        self._pairs: dict[str, _Pair] = {}
        self._streams: dict[int, tuple[str, bool]] = {}
        """Request id, and whether it is the stream of data."""

    async def run(self, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                events = self._session.feed(message.get("bytes") or b"")
            except spdy.Broken as error:
                await self._send({"type": "websocket.close", "code": 1002, "reason": str(error)[:120]})
                return
            await self._flush()
            for event in events:
                await self._handle(event)
                await self._flush()

    async def _flush(self) -> None:
        data = self._session.take()
        if data:
            await self._send({"type": "websocket.send", "bytes": data})

    async def _handle(self, event: spdy.Event) -> None:
        if isinstance(event, spdy.Opened):
            await self._open(event)
            return
        request, of_data = self._streams.get(event.stream, ("", False))
        if not of_data:
            # Nobody writes on the stream of errors; that it ends means nothing.
            return
        pair = self._pairs[request]
        if isinstance(event, spdy.Reset):
            self._forget(request)
        elif pair.connection is not None:
            answer = await self.feed(pair.connection, event.data) if event.data else b""
            over = pair.connection.closed or event.ended
            self._session.send(pair.data, answer, end=over)
            if over:
                self._end(request, "")
        elif event.ended:
            self._forget(request)

    async def _open(self, event: spdy.Opened) -> None:
        headers, session = event.headers, self._session
        kind, port, request = headers.get("streamtype"), headers.get("port", ""), headers.get("requestid", "")
        # The oldest clients name no request: the stream of data follows that of errors.
        request = request or str(event.stream - (2 if kind == "data" else 0))
        usable = kind in ("data", "error") and port.isdigit() and 0 < int(port) < 65536
        if not usable or (request not in self._pairs and len(self._pairs) >= MAX_CONNECTIONS):
            session.reset(event.stream, spdy.REFUSED_STREAM)
            return
        session.accept(event.stream)
        pair = self._pairs.setdefault(request, _Pair(int(port)))
        self._streams[event.stream] = (request, kind == "data")
        if kind == "error":
            pair.words = event.stream
        else:
            pair.data = event.stream
        if not (pair.words and pair.data) or pair.connection is not None:
            return
        # The client waits for the reply before it sends anything.
        await self._flush()
        found = await self.connect(pair.port)
        if isinstance(found, str):
            session.send(pair.data, b"", end=True)
            self._end(request, found)
        else:
            pair.connection = found

    def _end(self, request: str, words: str) -> None:
        """The connection is over, with an error or without."""
        self._session.send(self._pairs[request].words, words.encode(), end=True)
        self._forget(request)

    def _forget(self, request: str) -> None:
        pair = self._pairs.pop(request)
        for stream in (pair.words, pair.data):
            self._streams.pop(stream, None)


class _Channels(_Carrier):
    """Channels 2n and 2n+1 are the data and the errors of the n-th port; each begins with the port's number."""

    def __init__(self, upgrade: Upgrade, ports: Ports, send: Send, *, text: bool) -> None:
        super().__init__(upgrade, ports, send)
        self._text = text

    async def run(self, receive: Receive) -> None:
        connections: dict[int, Connection] = {}
        ports = self._upgrade.ports[:MAX_PORTS]
        for i, port in enumerate(ports):
            for channel in (2 * i, 2 * i + 1):
                await self._write(channel, struct.pack("<H", port))
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            channel, data = self._read(message)
            if channel % 2 or not 0 <= channel // 2 < len(ports) or not data:
                continue
            connection = connections.get(channel)
            if connection is None:
                found = await self.connect(ports[channel // 2])
                if isinstance(found, str):
                    await self._write(channel + 1, found.encode())
                    continue
                connection = connections[channel] = found
            answer = await self.feed(connection, data)
            for at in range(0, len(answer), spdy.CHUNK):
                await self._write(channel, answer[at : at + spdy.CHUNK])
            if connection.closed:
                # A port has one connection, and it is over.
                await self._send({"type": "websocket.close", "code": 1000})
                return

    def _read(self, message: Any) -> tuple[int, bytes]:
        """(channel, data); channel 255 for what makes no sense."""
        if not self._text:
            data = message.get("bytes") or b""
            return (data[0], data[1:]) if data else (255, b"")
        text: str = message.get("text") or ""
        try:
            return ord(text[:1] or "~") - ord("0"), base64.b64decode(text[1:])
        except (ValueError, binascii.Error):
            return 255, b""

    async def _write(self, channel: int, data: bytes) -> None:
        if self._text:
            text = chr(ord("0") + channel) + base64.b64encode(data).decode()
            await self._send({"type": "websocket.send", "text": text})
        else:
            await self._send({"type": "websocket.send", "bytes": bytes((channel,)) + data})
