"""The API over one keep-alive connection: GET Pod, CREATE ConfigMap, LIST of 1,000 Pods, watch latency."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any

from tests.bench.support import PEER, Api, median, percentile, playground


def run() -> dict[str, Any]:
    with playground() as stack:
        stack.manage("cluster", "create", "api", "--speed", "0", "--workers", "1")
        api = Api(stack, "api")
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]},
        }
        for i in range(1000):
            pod["metadata"] = {"name": f"pod-{i:04}"}
            api.call("POST", "/api/v1/namespaces/default/pods", pod)
        get = _rate(lambda i: api.call("GET", "/api/v1/namespaces/default/pods/pod-0500"), 2000)
        create = _rate(
            lambda i: api.call(
                "POST",
                "/api/v1/namespaces/default/configmaps",
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c-{i}"}, "data": {"k": "v"}},
            ),
            1000,
        )
        listing = _rate(lambda i: api.call("GET", "/api/v1/namespaces/default/pods"), 50)
        latencies = _watch_latency(api, 200)
        return {
            "get_per_s": get, "create_per_s": create, "list_1000_per_s": listing,
            "list_1000_ms": round(1000 / listing, 1),
            "watch_p50_ms": round(median(latencies), 2), "watch_p99_ms": round(percentile(latencies, 0.99), 2),
            "peer": {k: PEER[k] for k in ("get_per_s", "create_per_s", "list_1000_per_s", "watch_p50_ms", "watch_p99_ms")},
        }  # fmt: skip


def _rate(call: Any, count: int) -> float:
    call(-1)
    begin = time.monotonic()
    for i in range(count):
        call(i)
    return round(count / (time.monotonic() - begin), 1)


def _watch_latency(api: Api, count: int) -> list[float]:
    """Milliseconds from the answer of a PATCH being asked for to its event on a watch."""
    api.call(
        "POST",
        "/api/v1/namespaces/default/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "watched"}},
    )
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
    connection.request(
        "GET",
        f"{api.root}/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3Dwatched",
        headers=api.headers,
    )
    stream = connection.getresponse()
    seen: dict[str, float] = {}

    def listen() -> None:
        while len(seen) <= count:
            line = stream.readline()
            if not line:
                return
            data = json.loads(line)["object"].get("data") or {}
            seen[data.get("n", "first")] = time.monotonic()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    sent: dict[str, float] = {}
    for i in range(count):
        sent[str(i)] = time.monotonic()
        api.call(
            "PATCH", "/api/v1/namespaces/default/configmaps/watched", {"data": {"n": str(i)}},
            **{"Content-Type": "application/merge-patch+json"},
        )  # fmt: skip
        time.sleep(0.005)
    thread.join(5)
    connection.close()
    return [(seen[k] - sent[k]) * 1000 for k in sent if k in seen]
