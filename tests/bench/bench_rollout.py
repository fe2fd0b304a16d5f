"""Deployment of 1,000 replicas on 100 nodes at speed max: POST to all Ready, in the store (seen by an HTTP watch)
and in a browser's session (seen by a websocket)."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import httpx
import websockets

from tests.bench.support import PEER, Api, deployment, memory_mib, playground
from tests.support.stack import Stack, eventually

REPLICAS, NODES = 1000, 100


def run() -> dict[str, Any]:
    with playground() as stack:
        runs = [once(stack, f"rollout-{i}") for i in range(3)]
        worker = memory_mib(stack.children("celery")[0])
        best = min(runs, key=lambda r: r["store_s"])
        return {
            "replicas": REPLICAS, "nodes": NODES,
            "store_s": [r["store_s"] for r in runs], "browser_s": [r["browser_s"] for r in runs],
            "best_store_s": best["store_s"], "worker_mib": round(worker),
            "peer_s": PEER["rollout_1000_s"], "peer_default_limits_s": PEER["rollout_1000_default_limits_s"],
        }  # fmt: skip


def once(stack: Stack, name: str) -> dict[str, float]:
    stack.manage("cluster", "create", name, "--workers", str(NODES), "--speed", "max")
    api = Api(stack, name)
    eventually(lambda: _ready_nodes(api) > NODES, timeout=60)
    store: list[float] = []
    browser: list[float] = []
    watch = threading.Thread(target=_watch_store, args=(stack, name, api.token, store))
    session = threading.Thread(target=lambda: asyncio.run(_watch_browser(stack, name, browser)))
    watch.start()
    session.start()
    time.sleep(1.0)
    begin = time.monotonic()
    api.call("POST", "/apis/apps/v1/namespaces/default/deployments", deployment("web", REPLICAS))
    watch.join(120)
    session.join(120)
    if not store or not browser:
        raise RuntimeError(f"not all Ready within 120 s (store {bool(store)}, browser {bool(browser)})")
    stack.manage("cluster", "delete", name)
    return {"store_s": round(store[0] - begin, 3), "browser_s": round(browser[0] - begin, 3)}


def _ready_nodes(api: Api) -> int:
    nodes = api.json("GET", "/api/v1/nodes")["items"]
    return sum(any(c["type"] == "Ready" and c["status"] == "True" for c in n["status"]["conditions"]) for n in nodes)


def _watch_store(stack: Stack, name: str, token: str, done: list[float]) -> None:
    """Ready Pods by a watch of the namespace."""
    url = f"{stack.url}/k8s/{name}/api/v1/namespaces/default/pods?watch=1&resourceVersion=0"
    ready: set[str] = set()
    with httpx.stream("GET", url, headers={"Authorization": f"Bearer {token}"}, timeout=120) as stream:
        for line in stream.iter_lines():
            obj = json.loads(line)["object"]
            conditions = obj.get("status", {}).get("conditions") or ()
            if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
                ready.add(obj["metadata"]["uid"])
                if len(ready) == REPLICAS:
                    done.append(time.monotonic())
                    return


async def _watch_browser(stack: Stack, name: str, done: list[float]) -> None:
    """Ready Pods as a browser's session sees them."""
    async with httpx.AsyncClient() as client:
        page = await client.get(f"{stack.url}/")
        cookies = "; ".join(f"{k}={v}" for k, v in page.cookies.items())
    url = f"ws://127.0.0.1:{stack.port}/ws/clusters/{name}"
    running: set[str] = set()
    columns: list[str] = []
    async with websockets.connect(
        url, max_size=None, origin=stack.url, additional_headers={"Cookie": cookies}
    ) as socket:
        await socket.send(json.dumps({"t": "start"}))
        async for text in socket:
            frame = json.loads(text)
            if "seq" in frame:
                await socket.send(json.dumps({"t": "ack", "seq": frame["seq"]}))
            if frame["t"] == "snapshot":
                table = frame["tables"].get("pods", {})
                columns, rows = table.get("cols", columns), table.get("rows", [])
            elif frame["t"] == "delta":
                rows = frame.get("up", {}).get("pods", [])
            else:
                continue
            if columns:
                place, state, space = columns.index("id"), columns.index("state"), columns.index("ns")
                running.update(row[place] for row in rows if row[state] == "running" and row[space] == "default")
                if len(running) == REPLICAS:
                    done.append(time.monotonic())
                    return
