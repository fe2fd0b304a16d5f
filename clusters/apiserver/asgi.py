"""The API server on a wire: a raw ASGI application below one cluster's root.

Requests run in a small thread pool (the core is synchronous); a stream is an asyncio task that drains its
source when woken, and ends with its timeout, its client, or its own end. No Django here: this is the hot path.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from clusters.apiserver import render
from clusters.apiserver.authn import bearer
from clusters.apiserver.http import Answer, Header, Later, Request, Response, Stream, Upgrade
from clusters.apiserver.server import ApiServer
from clusters.machinery.errors import BadRequest
from clusters.machinery.types import UserInfo

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

THREADS = 8
BOOKMARK_SECONDS = 60.0
LAST_BOOKMARK_SECONDS = 2.0
"""Before the end of a watch's time."""
LATER_SECONDS = 0.1
"""Between two looks at whether what an answer waits for has come."""
_HEADER_NAMES: dict[bytes, str] = {}


class UpgradeHandler(Protocol):
    """Carries exec, attach and port-forward over a websocket (or refuses)."""

    async def __call__(self, upgrade: Upgrade, scope: Scope, receive: Receive, send: Send) -> None: ...


class ApiApplication:
    """ASGI application of one cluster's API. `root` is what its paths begin with (`/k8s/demo`)."""

    def __init__(
        self,
        server: ApiServer,
        *,
        root: str = "",
        pool: ThreadPoolExecutor | None = None,
        upgrades: UpgradeHandler | None = None,
    ) -> None:
        self.server = server
        self._root = root.rstrip("/")
        self._pool = pool or shared_pool()
        self._upgrades = upgrades

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.serve(scope, receive, send, user=None)

    async def serve(self, scope: Scope, receive: Receive, send: Send, *, user: UserInfo | None) -> None:
        """Serve one connection, as `user` if the embedding application knows who it is."""
        websocket = scope["type"] == "websocket"
        limit = self.server.cluster.settings.max_body_bytes
        body = b"" if websocket else await read_body(receive, limit)
        request = request_of(scope, self._root, body, user)
        answer = await self._answer(request)
        if isinstance(answer, Response):
            if websocket:
                await refuse_websocket(answer, receive, send)
            else:
                await send_response(answer, send, head=request.method == "HEAD")
        elif isinstance(answer, Stream):
            if websocket:
                await stream_websocket(answer, bearer.others(scope.get("subprotocols") or ()), receive, send)
            else:
                await stream_http(answer, receive, send)
        elif self._upgrades is not None:
            await self._upgrades(answer, scope, receive, send)
        else:
            refusal = render.error(None, BadRequest("Upgrade request required"))
            await (refuse_websocket(refusal, receive, send) if websocket else send_response(refusal, send))

    async def _answer(self, request: Request) -> Answer:
        """The server's answer; while it has none yet, no thread of the pool is held."""
        loop = asyncio.get_running_loop()
        answer: Answer | Later = await loop.run_in_executor(self._pool, self.server.begin, request)
        if not isinstance(answer, Later):
            return answer
        until = loop.time() + answer.seconds
        while loop.time() < until and not await loop.run_in_executor(self._pool, answer.ready):
            await asyncio.sleep(min(LATER_SECONDS, answer.seconds))
        return await loop.run_in_executor(self._pool, self.server.handle, request)


_POOL: ThreadPoolExecutor | None = None


def shared_pool() -> ThreadPoolExecutor:
    """One pool a process, whatever the number of clusters."""
    global _POOL
    if _POOL is None:
        _POOL = ThreadPoolExecutor(THREADS, thread_name_prefix="apiserver")
    return _POOL


async def read_body(receive: Receive, limit: int) -> bytes:
    """The request body; reading stops just above `limit`, which the server then refuses."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    chunks, size = [body], len(body)
    while message.get("more_body") and message["type"] == "http.request":
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit + 1:
            chunks.append(chunk)
        elif len(chunks[-1]) and size - len(chunk) <= limit:
            chunks.append(chunk[: limit + 1])
    return b"".join(chunks)


def request_of(scope: Scope, root: str, body: bytes, user: UserInfo | None) -> Request:
    """The request below `root`."""
    path: str = scope["path"]
    if root and path.startswith(root):
        path = path[len(root) :] or "/"
    names = _HEADER_NAMES
    headers: list[Header] = []
    for key, value in scope["headers"]:
        name = names.get(key)
        if name is None:
            name = key.decode("latin-1").lower()
            if len(names) < 512:
                names[key] = name
        headers.append((name, value.decode("latin-1")))
    client = scope.get("client")
    return Request(
        method=scope.get("method", "GET"),
        path=path,
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
        user=user,
        peer=f"{client[0]}:{client[1]}" if client else "",
        certificate=certificate_of(scope),
    )


def certificate_of(scope: Scope) -> str:
    """PEM of the certificate that the peer of a TLS connection shows, by ASGI's extension for it."""
    tls = (scope.get("extensions") or {}).get("tls")
    chain = tls.get("client_cert_chain") if tls else None
    return chain[0] if chain else ""


def _raw_headers(content_type: str, headers: list[Header]) -> list[tuple[bytes, bytes]]:
    out = [(b"Content-Type", content_type.encode("latin-1"))] if content_type else []
    out.extend((k.encode("latin-1"), v.encode("utf-8")) for k, v in headers)
    return out


async def send_response(answer: Response, send: Send, *, head: bool = False) -> None:
    """A complete answer."""
    headers = _raw_headers(answer.content_type, answer.headers)
    headers.append((b"Content-Length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


class _Wakes:
    """Wakes of one event loop, from whatever thread: however many streams a change concerns, the loop is told
    once, and wakes them all."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[_Waker] = deque()
        self._told = False

    def add(self, waker: _Waker) -> None:
        self._waiting.append(waker)
        if not self._told:
            self._told = True
            try:
                self._loop.call_soon_threadsafe(self._wake)
            except RuntimeError:
                # The loop is gone, and with it whoever waited.
                self._told = False

    def _wake(self) -> None:
        # First: what is added from now on asks for another round.
        self._told = False
        while self._waiting:
            self._waiting.popleft().fire()


_WAKES: WeakKeyDictionary[asyncio.AbstractEventLoop, _Wakes] = WeakKeyDictionary()


class _Waker:
    """What a stream sleeps on. Calling it is safe from any thread; many calls before the stream looks are one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        wakes = _WAKES.get(loop)
        if wakes is None:
            wakes = _WAKES[loop] = _Wakes(loop)
        self._wakes = wakes
        self._set = False
        self._future: asyncio.Future[None] | None = None

    def __call__(self) -> None:
        if not self._set:
            self._set = True
            self._wakes.add(self)

    def fire(self) -> None:
        """In the loop's own thread."""
        self._set = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    async def wait(self) -> None:
        if not self._set:
            self._future = self._loop.create_future()
            await self._future
            self._future = None
        self._set = False


async def _gone(receive: Receive) -> None:
    """Returns when the client has disconnected."""
    while True:
        message = await receive()
        if message["type"] in ("http.disconnect", "websocket.disconnect"):
            return


class _Timers:
    """The end of a stream's time, and the moments at which a quiet one is due a bookmark."""

    def __init__(self, loop: asyncio.AbstractEventLoop, waker: _Waker, timeout: float) -> None:
        self._loop = loop
        self._waker = waker
        self.expired = False
        self.mark = False
        self._handles = [loop.call_later(BOOKMARK_SECONDS, self._marked)]
        if timeout:
            self._handles.append(loop.call_later(timeout, self._over))
        if timeout > LAST_BOOKMARK_SECONDS:
            self._handles.append(loop.call_later(timeout - LAST_BOOKMARK_SECONDS, self._mark))

    def _mark(self) -> None:
        self.mark = True
        self._waker.fire()

    def _marked(self) -> None:
        self._handles[0] = self._loop.call_later(BOOKMARK_SECONDS, self._marked)
        self._mark()

    def _over(self) -> None:
        self.expired = True
        self._waker.fire()

    def cancel(self) -> None:
        for handle in self._handles:
            handle.cancel()


async def drain(stream: Stream, emit: Callable[[bytes], Awaitable[None]], receive: Receive) -> None:
    """Move chunks from a stream's source to `emit` until its end, its timeout or its client's leaving."""
    loop = asyncio.get_running_loop()
    source = stream.source
    waker = _Waker(loop)
    leaving = asyncio.ensure_future(_gone(receive))
    leaving.add_done_callback(lambda _: waker.fire())
    timers = _Timers(loop, waker, stream.timeout)
    bookmark = getattr(source, "bookmark", None)
    try:
        source.start(waker)
        while not (leaving.done() or timers.expired):
            chunks, ended = source.read()
            if chunks:
                await emit(chunks[0] if len(chunks) == 1 else b"".join(chunks))
            elif timers.mark and bookmark is not None and (line := bookmark()):
                await emit(line)
            timers.mark = False
            if ended:
                return
            await waker.wait()
    finally:
        timers.cancel()
        source.close()
        leaving.cancel()


async def stream_http(stream: Stream, receive: Receive, send: Send) -> None:
    """A chunked answer."""
    headers = _raw_headers(stream.content_type, stream.headers)
    await send({"type": "http.response.start", "status": stream.status, "headers": headers})
    # The head goes out at once: clients wait for it before they believe that the watch stands.
    await send({"type": "http.response.body", "body": b"", "more_body": True})

    async def emit(data: bytes) -> None:
        await send({"type": "http.response.body", "body": data, "more_body": True})

    await drain(stream, emit, receive)
    await send({"type": "http.response.body", "body": b""})


async def stream_websocket(stream: Stream, offered: Sequence[str], receive: Receive, send: Send) -> None:
    """A watch over a websocket: a text frame an event, in whatever protocol the client names."""
    await receive()
    await send({"type": "websocket.accept", "subprotocol": offered[0] if len(offered) == 1 else None})

    async def emit(data: bytes) -> None:
        for line in data.splitlines():
            await send({"type": "websocket.send", "text": line.decode()})

    await drain(stream, emit, receive)
    await send({"type": "websocket.close", "code": 1000})


async def refuse_websocket(answer: Response, receive: Receive, send: Send) -> None:
    """Close before accepting; the code is 4000 and the HTTP status."""
    await receive()
    await send({"type": "websocket.close", "code": 4000 + answer.status, "reason": answer.body.decode()[:120]})
