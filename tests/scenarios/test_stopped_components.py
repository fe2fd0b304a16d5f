"""A component that a fault stops does nothing from the fault's revision on, and goes on when it is healed."""

from __future__ import annotations

from tests.support.cluster import Cluster

FAULT = {
    "apiVersion": "playground.dev/v1",
    "kind": "Fault",
    "metadata": {"name": "no-scheduler"},
    "spec": {"kind": "component-stop", "target": "kube-scheduler"},
}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "lonely"},
    "spec": {"containers": [{"name": "c", "image": "nginx"}]},
}


def test_pod_created_right_behind_the_fault_is_not_scheduled() -> None:
    cluster = Cluster()
    cluster.create("faults.playground.dev", FAULT)
    cluster.create("pods", POD)
    cluster.run_for(60)
    assert "nodeName" not in cluster.get("pods", "default", "lonely")["spec"]
    assert "kube-scheduler" not in cluster.session.running()
    cluster.delete("faults.playground.dev", "", "no-scheduler")
    cluster.run_for(60)
    assert cluster.get("pods", "default", "lonely")["status"]["phase"] == "Running"
    assert "kube-scheduler" in cluster.session.running()
