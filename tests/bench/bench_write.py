"""One write of a component in process: registry, admission, field tracking and encoding, without the database."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

from clusters.runtime import bootstrap
from tests.support.cluster import Cluster

COUNT = 1000


def run() -> dict[str, Any]:
    import django

    django.setup()
    cluster = Cluster(workers=3)
    # As in a worker's slice.
    gc.collect()
    gc.freeze()
    gc.disable()
    client = cluster.session.client(bootstrap.MASTER, "bench")
    labels = {"app": "web"}

    def pod(i: int) -> None:
        meta = {"name": f"pod-{i}", "labels": labels}
        spec = {"containers": [{"name": "c", "image": "nginx"}], "schedulerName": "nobody"}
        client.create("pods", "default", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})

    def status(i: int) -> None:
        stored = client.get("pods", "default", f"pod-{i}")
        conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]
        client.update_status(
            "pods", {**stored, "status": {**stored["status"], "phase": "Running", "conditions": conditions}}
        )

    def event(i: int) -> None:
        meta = {"name": f"e-{i}", "namespace": "default"}
        about = {"kind": "Pod", "namespace": "default", "name": f"pod-{i}", "apiVersion": "v1"}
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": meta,
            "involvedObject": about,
            "reason": "Benched",
            "message": "m",
            "type": "Normal",
            "count": 1,
        }
        client.create("events", "default", body, shape="bench")

    figures = {
        name: _per_call(call)
        for name, call in (("pod_create_us", pod), ("pod_status_us", status), ("event_create_us", event))
    }
    return {**figures, "aim_us": 150}


def _per_call(call: Callable[[int], None]) -> float:
    """Microseconds a call, of the second half: the first warms what is made once."""
    for i in range(COUNT):
        call(i)
    begin = time.perf_counter()
    for i in range(COUNT, 2 * COUNT):
        call(i)
    return round((time.perf_counter() - begin) / COUNT * 1e6, 1)
