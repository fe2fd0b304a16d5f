"""The newcomer's walk, with the real kubectl against the real processes."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import Kubectl, Stack, eventually, new_stack

MANIFESTS = Path(__file__).parents[1] / "data" / "manifests"
pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(240)]
_names = itertools.count(1)

Cluster = Callable[..., tuple[str, Kubectl]]


@pytest.fixture
def cluster(stack: Stack) -> Cluster:
    """A function that makes a new cluster and gives its name and a kubectl for it."""

    def make(*options: str) -> tuple[str, Kubectl]:
        name = f"walk-{next(_names)}"
        stack.manage("cluster", "create", name, *options)
        kubectl = stack.kubectl(name)
        workers = int(options[options.index("--workers") + 1]) if "--workers" in options else 3
        eventually(lambda: len(ready_nodes(kubectl)) >= workers, what="nodes become ready")
        return name, kubectl

    return make


def ready_nodes(kubectl: Kubectl) -> list[str]:
    return [
        n["metadata"]["name"]
        for n in kubectl.json("get", "nodes")["items"]
        if any(c["type"] == "Ready" and c["status"] == "True" for c in n["status"]["conditions"])
    ]


def pods(kubectl: Kubectl, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kubectl.json("get", "pods", *args)["items"]
    return found


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def test_demo_cluster_is_there_with_a_control_plane_and_three_workers(stack: Stack) -> None:
    kubectl = stack.kubectl("demo")
    eventually(lambda: len(ready_nodes(kubectl)) == 4)
    assert sorted(ready_nodes(kubectl)) == ["control-plane-1", "node-1", "node-2", "node-3"]


def test_guestbook_is_applied_unmodified_and_scales(cluster: Cluster) -> None:
    _, kubectl = cluster("--speed", "10")
    out = kubectl("apply", "-f", str(MANIFESTS / "guestbook.yaml"))
    assert "deployment.apps/frontend created" in out
    out = kubectl("rollout", "status", "deployment/frontend", "--timeout=60s")
    assert 'deployment "frontend" successfully rolled out' in out
    kubectl("scale", "deployment/frontend", "--replicas=10")
    kubectl("rollout", "status", "deployment/frontend", "--timeout=60s")
    frontend = pods(kubectl, "-l", "tier=frontend")
    assert len(frontend) == 10
    assert all(is_ready(p) and p["spec"]["nodeName"].startswith("node-") for p in frontend)
    assert kubectl("apply", "-f", str(MANIFESTS / "guestbook.yaml")).count("unchanged") >= 5


def test_online_boutique_becomes_ready(cluster: Cluster) -> None:
    _, kubectl = cluster("--speed", "20")
    kubectl("apply", "-f", str(MANIFESTS / "online-boutique.yaml"))
    kubectl("wait", "deployment", "--all", "--for=condition=Available", "--timeout=90s")
    assert len(pods(kubectl)) >= 11
    eventually(lambda: all(is_ready(p) for p in pods(kubectl)))


def test_power_loss_moves_pods_and_power_on_brings_the_node_back(cluster: Cluster, stack: Stack) -> None:
    name, kubectl = cluster("--speed", "50")
    kubectl("create", "deployment", "web", "--image=nginx:1.27", "--replicas=6")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    before = {p["metadata"]["name"] for p in pods(kubectl) if p["spec"]["nodeName"] == "node-2"}
    assert before
    stack.manage("cluster", "fault", name, "node-power", "node-2")
    eventually(lambda: "node-2" not in ready_nodes(kubectl), what="node-2 is NotReady after its grace period")
    node = kubectl.json("get", "node", "node-2")
    eventually(
        lambda: (
            {t["key"] for t in kubectl.json("get", "node", "node-2")["spec"].get("taints", ())}
            >= {"node.kubernetes.io/unreachable"}
        )
    )
    assert node["status"]["conditions"]
    # 300 s of toleration are 6 s at this speed; then the replacements run elsewhere.
    eventually(lambda: sum(is_ready(p) and p["spec"]["nodeName"] != "node-2" for p in pods(kubectl)) == 6, timeout=60)
    stack.manage("cluster", "heal", name)
    eventually(lambda: "node-2" in ready_nodes(kubectl), what="node-2 is back")
    eventually(lambda: before.isdisjoint({p["metadata"]["name"] for p in pods(kubectl)}))


def test_stopped_scheduler_leaves_pods_pending_until_it_starts(cluster: Cluster, stack: Stack) -> None:
    name, kubectl = cluster("--speed", "10")
    stack.manage("cluster", "fault", name, "component-stop", "kube-scheduler")
    kubectl("run", "lonely", "--image=nginx")
    kubectl("run", "second", "--image=nginx")
    eventually(lambda: len(pods(kubectl)) == 2)
    pod = kubectl.json("get", "pod", "lonely")
    assert "nodeName" not in pod["spec"]
    assert pod["status"]["phase"] == "Pending"
    stack.manage("cluster", "heal", name)
    kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s")


def test_paused_cluster_stands_still_steps_and_goes_on(cluster: Cluster, stack: Stack) -> None:
    name, kubectl = cluster("--speed", "10")
    stack.manage("cluster", "clock", name, "--pause")
    kubectl("run", "frozen", "--image=nginx")
    first = stack.manage("cluster", "clock", name).stdout
    assert "paused" in first
    assert kubectl.json("get", "pod", "frozen")["status"]["phase"] == "Pending"
    for _ in range(60):
        stack.manage("cluster", "clock", name, "--step")
        if is_ready(kubectl.json("get", "pod", "frozen")):
            break
    assert is_ready(kubectl.json("get", "pod", "frozen"))
    stack.manage("cluster", "clock", name, "--speed", "10")
    kubectl("run", "thawed", "--image=nginx")
    kubectl("wait", "pod/thawed", "--for=condition=Ready", "--timeout=30s")


def test_killed_worker_is_replaced_and_nothing_is_done_twice(cluster: Cluster, stack: Stack) -> None:
    _, kubectl = cluster("--speed", "20", "--workers", "10")
    kubectl("create", "deployment", "many", "--image=nginx", "--replicas=200")
    import os

    for pid in stack.children("celery"):
        os.kill(pid, signal.SIGKILL)
    kubectl("rollout", "status", "deployment/many", "--timeout=90s")
    assert len(pods(kubectl)) == 200
    replica_set = kubectl.json("get", "rs")["items"][0]
    created = [e for e in kubectl.json("get", "events")["items"] if e["reason"] == "SuccessfulCreate"]
    assert replica_set["status"]["readyReplicas"] == 200
    assert sum(e.get("count", 1) for e in created) <= 200


def test_restart_keeps_the_cluster_as_it_was(tmp_path: Path) -> None:
    stack = new_stack(tmp_path)
    stack.start()
    try:
        kubectl = stack.kubectl("demo")
        kubectl("create", "deployment", "kept", "--image=nginx", "--replicas=2")
        kubectl("rollout", "status", "deployment/kept", "--timeout=90s")
        before = {p["metadata"]["uid"] for p in pods(kubectl)}
        assert stack.stop(signal.SIGINT) == 0
        took = stack.start()
        assert took < 15
        assert {p["metadata"]["uid"] for p in pods(kubectl)} == before
        kubectl("scale", "deployment/kept", "--replicas=3")
        kubectl("rollout", "status", "deployment/kept", "--timeout=60s")
    finally:
        stack.stop()


def test_taken_port_and_taken_data_directory_are_named(stack: Stack, tmp_path: Path) -> None:
    second = new_stack(tmp_path)
    second.env["PORT"] = str(stack.port)
    with pytest.raises(AssertionError, match=f"port {stack.port} cannot be used"):
        second.start()
    third = new_stack(stack.data)
    with pytest.raises(AssertionError, match="another instance is running"):
        third.start()
