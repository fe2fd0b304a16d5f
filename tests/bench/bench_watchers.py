"""1,000 watchers on one cluster at 20 changes a second: from sending a PATCH to its event at each watcher."""

from __future__ import annotations

import asyncio
import json
import resource
import threading
import time
from typing import Any

from tests.bench.support import Api, cpu_seconds, median, percentile, playground
from tests.support.stack import Stack

WATCHERS, CHANGES, PER_SECOND = 1000, 200, 20


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
    seen: list[tuple[int, float]] = []
    ready = threading.Event()
    listener = threading.Thread(target=lambda: asyncio.run(_listen(api, seen, ready)), daemon=True)
    listener.start()
    ready.wait(60)
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
    listener.join(10)
    latencies = [(at - sent[n]) * 1000 for n, at in seen if n in sent]
    return {
        "watchers": WATCHERS, "changes": CHANGES, "per_s": round(CHANGES / took, 1),
        "events": len(latencies), "wanted": WATCHERS * CHANGES,
        "p50_ms": round(median(latencies), 1), "p95_ms": round(percentile(latencies, 0.95), 1),
        "p99_ms": round(percentile(latencies, 0.99), 1), "daphne_cpu_share": round(used / took, 2),
    }  # fmt: skip


async def _listen(api: Api, seen: list[tuple[int, float]], ready: threading.Event) -> None:
    head = (
        f"GET {api.root}/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3Dw HTTP/1.1\r\n"
        f"Host: 127.0.0.1\r\nAuthorization: Bearer {api.token}\r\n\r\n"
    ).encode()
    open_count = 0

    async def one() -> None:
        nonlocal open_count
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port, limit=2**20)
        writer.write(head)
        await reader.readuntil(b'"ADDED"')
        open_count += 1
        if open_count == WATCHERS:
            ready.set()
        try:
            while True:
                line = await asyncio.wait_for(reader.readline(), 5)
                now = time.monotonic()
                if line.startswith(b'{"type":"MODIFIED"'):
                    number = int(json.loads(line)["object"]["data"]["n"])
                    seen.append((number, now))
                    if number == CHANGES - 1:
                        return
                elif not line:
                    return
        except TimeoutError:
            return
        finally:
            writer.close()

    gate = asyncio.Semaphore(50)

    async def gated() -> asyncio.Task[None]:
        async with gate:
            task = asyncio.ensure_future(one())
            await asyncio.sleep(0.05)
            return task

    tasks = await asyncio.gather(*(gated() for _ in range(WATCHERS)))
    await asyncio.gather(*tasks)
