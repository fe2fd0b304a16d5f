"""CPU seconds of the scheduler's own work: N Pods of one ReplicaSet on M nodes, API writes left out.

    python -m tests.bench.bench_scheduler [PODS NODES]

The cluster is a stand-in that only stores; events are dropped. Prints one JSON line.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from typing import Any

from clusters.components.scheduler import Scheduler
from clusters.machinery.types import Obj
from tests.support.fake_cluster import FakeCluster

ZONES = ("a", "b", "c")


class Plain(FakeCluster):
    """Binds without copying more than needed, and drops events."""

    def __init__(self) -> None:
        super().__init__()
        self.bound = 0

    def bind(self, namespace: str, pod: str, node: str) -> None:
        informer = self.informer("pods")
        key = f"{namespace}/{pod}"
        old = informer.objects[key]
        new = {**old, "spec": {**old["spec"], "nodeName": node}}
        informer.objects[key] = new
        self.bound += 1
        for handler in informer.handlers:
            handler(old, new)


def node(i: int) -> Obj:
    total = {"cpu": "32", "memory": "128Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    name = f"node-{i:05d}"
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": ZONES[i % 3]}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {"allocatable": total, "capacity": total},
    }


def pod(i: int) -> Obj:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "rs", "controller": True}
    requests = {"cpu": "100m", "memory": "128Mi"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"web-{i:06d}",
            "namespace": "default",
            "uid": f"uid-{i}",
            "resourceVersion": str(i + 1),
            "labels": {"app": "web", "pod-template-hash": "abc"},
            "ownerReferences": [owner],
        },
        "spec": {
            "schedulerName": "default-scheduler",
            "priority": 0,
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}],
            "containers": [{"name": "c", "image": "nginx:1.27", "resources": {"requests": requests}}],
        },
        "status": {"phase": "Pending"},
    }


def world(nodes: int) -> Plain:
    cluster = Plain()
    for i in range(nodes):
        cluster.informer("nodes").put(node(i))
    replica_set = {
        "metadata": {"name": "web", "namespace": "default", "uid": "rs"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
    }
    cluster.informer("replicasets.apps").put(replica_set)
    return cluster


class Client:
    """Only what binding needs."""

    def __init__(self, cluster: Plain) -> None:
        self._cluster = cluster

    def bind(self, namespace: str, pod: str, node: str, *, uid: str = "") -> None:
        self._cluster.bind(namespace, pod, node)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class Silent:
    def event(self, *args: Any, **kwargs: Any) -> None:
        pass


def measure(pods: int, nodes: int) -> dict[str, Any]:
    objects = [pod(i) for i in range(pods)]
    cluster = world(nodes)
    env = cluster.env()
    object.__setattr__(env, "client", Client(cluster))
    object.__setattr__(env, "events", lambda component, host: Silent())
    scheduler = Scheduler(env)
    gc.collect()
    started = time.process_time()
    for obj in objects:
        cluster.informer("pods").put(obj)
    queued = time.process_time()
    while scheduler.step():
        pass
    done = time.process_time()
    per_node = [len(n.pods) for n in scheduler.snapshot.nodes]
    return {
        "pods": pods,
        "nodes": nodes,
        "bound": cluster.bound,
        "cpu_s": round(done - started, 3),
        "queue_s": round(queued - started, 3),
        "us_per_pod": round((done - started) / pods * 1e6, 1),
        "pods_per_node": [min(per_node), max(per_node)],
        "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def run() -> dict[str, Any]:
    """What `make bench` prints."""
    return {"cases": [measure(1_000, 100), measure(5_000, 500), measure(50_000, 5_000)]}


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps({"bench": "scheduler", **measure(int(sys.argv[1]), int(sys.argv[2]))}))
    else:
        print(json.dumps({"bench": "scheduler", **run()}))


if __name__ == "__main__":
    main()
