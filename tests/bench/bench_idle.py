"""A workshop at rest: 100 clusters with Deployments that run, nobody there. Processor time of worker and Daphne
over 30 s, and revisions written in them."""

from __future__ import annotations

import time
from typing import Any

from tests.bench.support import Api, cpu_seconds, deployment, memory_mib, playground
from tests.support.stack import eventually

CLUSTERS, SECONDS = 100, 30


def run() -> dict[str, Any]:
    with playground() as stack:
        names = [f"idle-{i}" for i in range(CLUSTERS)]
        begin = time.monotonic()
        # One process for all: a hundred commands would be a hundred starts of Python.
        code = f"from clusters.runtime import service\nfor name in {names!r}: service.create_cluster(name)"
        stack.manage("shell", "-c", code)
        created = time.monotonic() - begin
        for name in names[:10]:
            Api(stack, name).call("POST", "/apis/apps/v1/namespaces/default/deployments", deployment("web", 5))

        def heads() -> dict[str, int]:
            import json

            listing = json.loads(stack.manage("cluster", "list", "-o", "json").stdout)
            return {c["name"]: c["revision"] for c in listing}

        def calm() -> bool:
            before = heads()
            # Longer than any start takes: a metrics server is ready 20 s after its container runs.
            time.sleep(25)
            return heads() == before

        eventually(calm, timeout=180, what="all clusters come to rest")
        worker, daphne = stack.children("celery"), stack.children("daphne")
        before, cpu_worker, cpu_daphne = heads(), cpu_seconds(worker), cpu_seconds(daphne)
        time.sleep(SECONDS)
        after = heads()
        return {
            "clusters": CLUSTERS, "seconds": SECONDS, "created_s": round(created, 1),
            "worker_cpu_s": round(cpu_seconds(worker) - cpu_worker, 2),
            "daphne_cpu_s": round(cpu_seconds(daphne) - cpu_daphne, 2),
            "revisions_written": sum(after[n] - before[n] for n in after),
            "worker_mib": round(memory_mib(worker[0])), "daphne_mib": round(memory_mib(daphne[0])),
        }  # fmt: skip
