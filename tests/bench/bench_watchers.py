"""1,000 watchers on one cluster at 20 changes a second: from sending a PATCH to its event at each watcher."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import re
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from tests.bench.support import Api, cpu_seconds, median, percentile, playground
from tests.support.stack import Stack

WATCHERS, CHANGES, PER_SECOND = 1000, 200, 20
NUMBER = re.compile(rb'"data":\{"n":"(\d+)"')


def run() -> dict[str, Any]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    try:
        with playground() as stack:
            return _run(stack)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _run(stack: Stack) -> dict[str, Any]:
    stack.manage("cluster", "create", "watched", "--speed", "0", "--workers", "1")
    api = Api(stack, "watched")
    api.call(
        "POST",
        "/api/v1/namespaces/default/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "w"}},
    )
    sent: dict[int, float] = {}
    # The watchers have a process of their own: what they take to read must not be counted as the server's.
    here, there = multiprocessing.Pipe()
    listener = multiprocessing.get_context("spawn").Process(target=listen, args=(there, api.port, api.root, api.token))
    listener.start()
    if not here.poll(60) or here.recv() != "ready":
        raise RuntimeError("not all watches stood after 60 s")
    daphne = stack.children("daphne")
    cpu, begin = cpu_seconds(daphne), time.monotonic()
    for i in range(CHANGES):
        sent[i] = time.monotonic()
        api.call(
            "PATCH", "/api/v1/namespaces/default/configmaps/w", {"data": {"n": str(i)}},
            **{"Content-Type": "application/merge-patch+json"},
        )  # fmt: skip
        time.sleep(max(0.0, begin + (i + 1) / PER_SECOND - time.monotonic()))
    took = time.monotonic() - begin
    used = cpu_seconds(daphne) - cpu
    seen: list[tuple[int, float]] = here.recv() if here.poll(30) else []
    listener.join(10)
    latencies = [(at - sent[n]) * 1000 for n, at in seen if n in sent]
    return {
        "watchers": WATCHERS, "changes": CHANGES, "per_s": round(CHANGES / took, 1),
        "events": len(latencies), "wanted": WATCHERS * CHANGES,
        "p50_ms": round(median(latencies), 1), "p95_ms": round(percentile(latencies, 0.95), 1),
        "p99_ms": round(percentile(latencies, 0.99), 1), "daphne_cpu_share": round(used / took, 2),
    }  # fmt: skip


class Watcher(asyncio.Protocol):
    """One watch: notes each event's number and when it came. Cheap: a thousand of them share one core."""

    def __init__(self, head: bytes, seen: list[tuple[int, float]], opened: Callable[[], None]) -> None:
        self._head = head
        self._seen = seen
        self._opened: Callable[[], None] | None = opened
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if self._opened is not None and b'"ADDED"' in data:
            self._opened()
            self._opened = None
        for number in NUMBER.findall(data):
            self._seen.append((int(number), now))


def listen(pipe: Connection, port: int, root: str, token: str) -> None:
    """Hold the watches; sends "ready", then what was seen."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    asyncio.run(_listen(pipe, port, root, token))


async def _listen(pipe: Connection, port: int, root: str, token: str) -> None:
    head = (
        f"GET {root}/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3Dw HTTP/1.1\r\n"
        f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    seen: list[tuple[int, float]] = []
    loop = asyncio.get_running_loop()
    for _ in range(WATCHERS):
        stands = asyncio.Event()
        await loop.create_connection(lambda stands=stands: Watcher(head, seen, stands.set), "127.0.0.1", port)
        await stands.wait()
    gc.collect()
    gc.disable()
    pipe.send("ready")
    before = -1
    while len(seen) < WATCHERS * CHANGES and len(seen) != before:
        # As long as something still comes (nothing has before the first change).
        before = len(seen) or -1
        await asyncio.sleep(5)
    pipe.send(seen)
