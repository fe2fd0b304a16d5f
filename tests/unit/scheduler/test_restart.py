"""A scheduler that starts anew (its worker died, or had to make room in memory) goes on as if it had been there
all the time."""

from __future__ import annotations

from typing import Any

from clusters.components.scheduler import Scheduler
from clusters.machinery.types import Obj
from tests.support.cluster import Cluster, deployment
from tests.support.scheduling_objects import node, pod


def hungry(name: str, replicas: int, cpu: str, **spec: object) -> Obj:
    out = deployment(name, replicas)
    template = out["spec"]["template"]["spec"]
    template["containers"][0]["resources"] = {"requests": {"cpu": cpu}}
    template.update(spec)
    return out


def pending(cluster: Cluster) -> int:
    return sum(not p["spec"].get("nodeName") for p in cluster.list("pods", "default"))


def test_pods_that_fit_nowhere_are_not_tried_again_because_a_worker_loads_the_cluster() -> None:
    cluster = Cluster(workers=2, cpu="4")
    cluster.create("deployments.apps", hungry("big", 4, "3"))
    cluster.run_for(30)
    assert pending(cluster) == 2
    before = len(cluster.log())
    for _ in range(3):
        cluster.crash()
        cluster.run_for(20)
    assert len(cluster.log()) == before


def test_room_that_came_while_nobody_looked_is_used() -> None:
    cluster = Cluster(workers=2, cpu="4")
    cluster.create("deployments.apps", hungry("big", 3, "3"))
    cluster.run_for(30)
    stopped = {
        "apiVersion": "playground.dev/v1",
        "kind": "Component",
        "metadata": {"name": "kube-scheduler"},
        "spec": {"state": "stopped"},
    }
    cluster.create("components.playground.dev", stopped)
    cluster.run_for(1)
    cluster.create("deployments.apps", hungry("small", 1, "100m"))
    cluster.patch("deployments.apps", "default", "big", {"spec": {"replicas": 2}})
    cluster.run_for(60)
    assert pending(cluster) == 1
    cluster.patch("components.playground.dev", "", "kube-scheduler", {"spec": {"state": "running"}})
    cluster.run_for(15)
    assert pending(cluster) == 0


def play(*, crash: bool) -> list[tuple[str, int]]:
    """What the scheduler wrote about which Pod, and when."""
    cluster = Cluster(seed=5, workers=0, control_planes=0, components=(Scheduler,), boot=False)
    cluster.create("serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})

    def run_for(seconds: float) -> None:
        if crash:
            cluster.crash()
        cluster.run_for(seconds)

    def add_node(name: str) -> None:
        obj = node(name, cpu="4")
        cluster.create("nodes", obj)
        cluster.patch("nodes", "", name, {"status": obj["status"]}, subresource="status")
        cluster.patch("nodes", "", name, {"spec": {"taints": None}})

    def add_pod(name: str, **spec: Any) -> None:
        cluster.create("pods", pod(name, **spec))

    add_node("n1")
    add_node("n2")
    run_for(5)
    for i in range(5):
        add_pod(f"big{i}", cpu="3")
    run_for(0.4)
    run_for(3.2)
    add_pod("picky", nodeSelector={"disk": "ssd"})
    run_for(2)
    cluster.patch("nodes", "", "n1", {"metadata": {"labels": {"disk": "ssd"}}})
    run_for(0.3)
    cluster.delete("pods", "default", "big0", grace_seconds=0)
    run_for(0.3)
    run_for(4)
    cluster.delete("pods", "default", "big1", grace_seconds=0)
    cluster.delete("pods", "default", "big2", grace_seconds=0)
    run_for(0.7)
    run_for(20)
    add_node("n3")
    run_for(30)
    run_for(400)
    names = ((r[1], r[4]) for r in cluster.log() if r[3] == Scheduler.user.name)
    return [(key.split("/")[-1].split(".")[0], when) for key, when in names]


def test_pods_are_tried_and_placed_at_the_same_times_with_and_without_restarts() -> None:
    whole, torn = play(crash=False), play(crash=True)
    assert torn == whole
    assert len({when for _, when in whole}) > 4
