"""`kill -9` of the worker in the middle of a rollout of 1,000: seconds until done, Pods ever created."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

from tests.bench.support import Api, deployment, playground
from tests.support.stack import eventually

REPLICAS = 1000


def run() -> dict[str, Any]:
    with playground() as stack:
        stack.manage("cluster", "create", "kill", "--workers", "100", "--speed", "20")
        api = Api(stack, "kill")
        eventually(lambda: len(api.json("GET", "/api/v1/nodes")["items"]) > 100, timeout=60)
        time.sleep(2)
        begin = time.monotonic()
        api.call("POST", "/apis/apps/v1/namespaces/default/deployments", deployment("web", REPLICAS))
        eventually(lambda: len(api.json("GET", "/api/v1/namespaces/default/pods?limit=300")["items"]) > 200, timeout=60)
        killed = time.monotonic()
        for pid in stack.children("celery"):
            os.kill(pid, signal.SIGKILL)

        def done() -> bool:
            status = api.json("GET", "/apis/apps/v1/namespaces/default/deployments/web").get("status", {})
            return bool(status.get("readyReplicas") == REPLICAS)

        eventually(done, timeout=120)
        end = time.monotonic()
        history = json.loads(stack.manage("cluster", "export", "kill", "--history").stdout)["history"]
        pods = {r["object"]["metadata"]["uid"] for r in history if r["key"].startswith("core/pods/default/")}
        return {
            "replicas": REPLICAS, "done_s": round(end - begin, 2), "after_kill_s": round(end - killed, 2),
            "pods_ever_created": len(pods),
        }  # fmt: skip
