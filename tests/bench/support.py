"""What the benchmarks share: a running playground, a raw HTTP client, processor time of processes."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.support.stack import Stack, new_stack

PEER = {
    "rollout_1000_s": 6.4,
    "rollout_1000_default_limits_s": 49.6,
    "rollout_5000_s": 33.0,
    "get_per_s": 878,
    "create_per_s": 462,
    "list_1000_per_s": 20,
    "watch_p50_ms": 3.3,
    "watch_p99_ms": 7.8,
}
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def playground(**env: str) -> Iterator[Stack]:
    """A playground in a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="playground-bench-") as folder:
        stack = new_stack(Path(folder), **env)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


class Api:
    """One keep-alive HTTP connection to a cluster's API, as its administrator."""

    def __init__(self, stack: Stack, cluster: str) -> None:
        config = yaml.safe_load(stack.manage("cluster", "kubeconfig", cluster).stdout)
        self.token: str = config["users"][0]["user"]["token"]
        self.root = f"/k8s/{cluster}"
        self.port = stack.port
        self.connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: object = None, **headers: str) -> bytes:
        data = json.dumps(body) if body is not None else None
        self.connection.request(method, self.root + path, data, {**self.headers, **headers})
        answer = self.connection.getresponse()
        out = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {out[:300]!r}")
        return out

    def json(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        return json.loads(self.call(method, path, body, **headers))


def deployment(name: str, replicas: int) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def cpu_seconds(pids: Sequence[int]) -> float:
    """Processor time that the processes have used so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
