"""Faults break, and heal by themselves, by hand, and one beside another."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.kernel.clock import SECOND, rfc3339_micro
from clusters.runtime.composition import components
from tests.support.cluster import Cluster, deployment


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(workers=2)


def inject(cluster: Cluster, name: str, kind: str, target: str, seconds: int | None = None) -> None:
    spec: dict[str, Any] = {"kind": kind, "target": target}
    if seconds is not None:
        spec["until"] = rfc3339_micro(cluster.now + seconds * SECOND)
    fault = {"apiVersion": "playground.dev/v1", "kind": "Fault", "metadata": {"name": name}, "spec": spec}
    cluster.create("faults.playground.dev", fault)
    cluster.run_for(0)


def heal(cluster: Cluster, name: str) -> None:
    cluster.delete("faults.playground.dev", "", name)
    cluster.run_for(0)


def machine(cluster: Cluster, name: str = "node-1") -> dict[str, Any]:
    spec: dict[str, Any] = cluster.get("machines.playground.dev", "", name)["spec"]
    return spec


def ready(cluster: Cluster, name: str = "node-1") -> str:
    conditions = cluster.get("nodes", "", name)["status"]["conditions"]
    return str(next(c["status"] for c in conditions if c["type"] == "Ready"))


@pytest.mark.parametrize(
    ("kind", "field", "broken", "healed"),
    [("node-power", "power", "off", "on"), ("kubelet-stop", "kubelet", "stopped", "running")],
)
def test_machine_fault_heals_when_its_time_is_over(
    cluster: Cluster, kind: str, field: str, broken: str, healed: str
) -> None:
    inject(cluster, "f", kind, "node-1", seconds=120)
    assert machine(cluster)[field] == broken
    cluster.run_for(110)
    assert machine(cluster)[field] == broken
    assert ready(cluster) == "Unknown"
    cluster.run_for(11)
    assert machine(cluster)[field] == healed
    assert cluster.find("faults.playground.dev", "", "f") is None
    cluster.run_for(30)
    assert ready(cluster) == "True"


def test_two_faults_on_one_machine_heal_one_by_one(cluster: Cluster) -> None:
    inject(cluster, "power", "node-power", "node-1")
    inject(cluster, "kubelet", "kubelet-stop", "node-1")
    heal(cluster, "power")
    assert (machine(cluster)["power"], machine(cluster)["kubelet"]) == ("on", "stopped")
    heal(cluster, "kubelet")
    assert (machine(cluster)["power"], machine(cluster)["kubelet"]) == ("on", "running")
    cluster.run_for(30)
    assert ready(cluster) == "True"


def test_what_a_person_switched_off_stays_off_when_a_fault_heals(cluster: Cluster) -> None:
    cluster.patch("machines.playground.dev", "", "node-1", {"spec": {"power": "off"}})
    inject(cluster, "f", "node-power", "node-1")
    heal(cluster, "f")
    assert machine(cluster)["power"] == "off"


def test_stopped_component_starts_again_when_its_time_is_over(cluster: Cluster) -> None:
    inject(cluster, "f", "component-stop", "kube-scheduler", seconds=60)
    assert "kube-scheduler" not in cluster.session.running()
    cluster.create("deployments.apps", deployment("web", 2))
    cluster.run_for(30)
    assert all("nodeName" not in p["spec"] for p in cluster.list("pods"))
    cluster.run_for(60)
    assert "kube-scheduler" in cluster.session.running()
    assert all(p["spec"]["nodeName"] for p in cluster.list("pods"))


def test_stopped_controller_manager_stops_all_its_loops_and_only_those(cluster: Cluster) -> None:
    before = set(cluster.session.running())
    others = {kind.name for kind in components() if kind.process != "kube-controller-manager"}
    inject(cluster, "f", "component-stop", "kube-controller-manager")
    assert set(cluster.session.running()) == others
    assert len(others) < len(before)
    heal(cluster, "f")
    assert set(cluster.session.running()) == before


def test_power_off_and_on_again_and_again_ends_well(cluster: Cluster) -> None:
    cluster.create("deployments.apps", deployment("web", 4))
    cluster.run_until_idle()
    for i in range(5):
        inject(cluster, f"f{i}", "node-power", "node-1", seconds=7)
        cluster.run_for(10)
    cluster.run_for(900)
    assert ready(cluster) == "True"
    assert cluster.get("deployments.apps", "default", "web")["status"]["readyReplicas"] == 4


def test_crash_restarts_the_containers_once_and_the_fault_is_over(cluster: Cluster) -> None:
    cluster.create("deployments.apps", deployment("web", 1))
    cluster.run_until_idle()
    (pod,) = cluster.list("pods")
    name = pod["metadata"]["name"]
    inject(cluster, "f", "pod-crash", f"default/{name}")
    cluster.run_for(60)
    status = cluster.get("pods", "default", name)["status"]["containerStatuses"][0]
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 137
    assert cluster.find("faults.playground.dev", "", "f") is None


def test_crash_of_a_pod_that_is_gone_is_over_without_effect(cluster: Cluster) -> None:
    inject(cluster, "f", "pod-crash", "default/nobody")
    assert cluster.find("faults.playground.dev", "", "f") is None


def probed(kind: str) -> dict[str, Any]:
    made = deployment("web", 1)
    (container,) = made["spec"]["template"]["spec"]["containers"]
    container[f"{kind}Probe"] = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5, "failureThreshold": 2}
    return made


def only_pod(cluster: Cluster) -> dict[str, Any]:
    (pod,) = cluster.list("pods")
    return dict(pod)


def test_want_of_memory_kills_again_and_again_until_it_is_healed(cluster: Cluster) -> None:
    cluster.create("deployments.apps", deployment("web", 1))
    cluster.run_for(60)
    name = only_pod(cluster)["metadata"]["name"]
    inject(cluster, "f", "pod-oom", f"default/{name}")
    cluster.run_for(30)
    container = only_pod(cluster)["status"]["containerStatuses"][0]
    assert (
        container["lastState"]["terminated"] | {"reason": "OOMKilled", "exitCode": 137}
        == (container["lastState"]["terminated"])
    )
    assert container["restartCount"] >= 1
    heal(cluster, "f")
    cluster.run_for(60)
    settled = only_pod(cluster)["status"]["containerStatuses"][0]
    cluster.run_for(300)
    assert only_pod(cluster)["status"]["containerStatuses"][0] == settled
    assert not any("fault" in key or "oom" in key for key in only_pod(cluster)["metadata"].get("annotations", {}))


def test_failing_readiness_takes_the_pod_out_of_service_and_back(cluster: Cluster) -> None:
    cluster.create("deployments.apps", probed("readiness"))
    cluster.run_for(100)
    name = only_pod(cluster)["metadata"]["name"]
    inject(cluster, "f", "readiness-fail", f"default/{name}", seconds=60)
    assert only_pod(cluster)["status"]["containerStatuses"][0]["ready"]
    cluster.run_for(15)
    assert not only_pod(cluster)["status"]["containerStatuses"][0]["ready"]
    assert any(e["reason"] == "Unhealthy" for e in cluster.list("events"))
    cluster.run_for(60)
    container = only_pod(cluster)["status"]["containerStatuses"][0]
    assert (container["ready"], container["restartCount"]) == (True, 0)


def test_failing_liveness_restarts_the_container_until_it_is_healed(cluster: Cluster) -> None:
    cluster.create("deployments.apps", probed("liveness"))
    cluster.run_for(100)
    name = only_pod(cluster)["metadata"]["name"]
    inject(cluster, "f", "liveness-fail", f"default/{name}")
    cluster.run_for(120)
    assert only_pod(cluster)["status"]["containerStatuses"][0]["restartCount"] >= 2
    heal(cluster, "f")
    cluster.run_for(400)
    before = only_pod(cluster)["status"]["containerStatuses"][0]["restartCount"]
    cluster.run_for(300)
    assert only_pod(cluster)["status"]["containerStatuses"][0]["restartCount"] == before


def test_fault_of_a_pod_is_over_when_the_pod_is_gone(cluster: Cluster) -> None:
    cluster.create("deployments.apps", deployment("web", 1))
    cluster.run_for(60)
    name = only_pod(cluster)["metadata"]["name"]
    inject(cluster, "f", "pod-oom", name)
    cluster.delete("pods", "default", name)
    cluster.run_for(120)
    assert cluster.find("faults.playground.dev", "", "f") is None
    assert only_pod(cluster)["status"]["phase"] == "Running"


def conditions(cluster: Cluster, name: str = "node-1") -> dict[str, str]:
    return {c["type"]: c["status"] for c in cluster.get("nodes", "", name)["status"]["conditions"]}


@pytest.mark.parametrize(
    ("kind", "condition", "taint", "resource"),
    [
        ("memory-pressure", "MemoryPressure", "node.kubernetes.io/memory-pressure", "memory"),
        ("disk-pressure", "DiskPressure", "node.kubernetes.io/disk-pressure", "ephemeral-storage"),
    ],
)
def test_node_under_pressure_is_tainted_and_evicts_until_it_is_healed(
    cluster: Cluster, kind: str, condition: str, taint: str, resource: str
) -> None:
    cluster.create("deployments.apps", deployment("web", 6))
    cluster.run_for(60)
    here = [p for p in cluster.list("pods") if p["spec"]["nodeName"] == "node-1"]
    assert len(here) == 3
    inject(cluster, "f", kind, "node-1")
    cluster.run_for(5)
    assert conditions(cluster)[condition] == "True"
    assert [t["key"] for t in cluster.get("nodes", "", "node-1")["spec"]["taints"]] == [taint]
    cluster.run_for(7)
    (gone,) = [p for p in cluster.list("pods") if p["status"]["phase"] == "Failed"]
    assert gone["status"]["reason"] == "Evicted"
    assert gone["status"]["message"].startswith(f"The node was low on resource: {resource}.")
    assert any(c["type"] == "DisruptionTarget" for c in gone["status"]["conditions"])
    cluster.run_for(60)
    running = [p for p in cluster.list("pods") if p["status"]["phase"] == "Running"]
    assert [p["spec"]["nodeName"] for p in running] == ["node-2"] * 6
    heal(cluster, "f")
    cluster.run_for(30)
    assert conditions(cluster)[condition] == "False"
    assert not cluster.get("nodes", "", "node-1")["spec"].get("taints")


def test_pods_are_not_pulled_for_while_the_registry_is_down(cluster: Cluster) -> None:
    for node in ("node-1", "node-2"):
        inject(cluster, f"f-{node}", "registry-down", node)
    cluster.create("deployments.apps", deployment("web", 1))
    cluster.run_for(10)
    waiting = only_pod(cluster)["status"]["containerStatuses"][0]["state"]["waiting"]
    assert waiting["reason"] in ("ErrImagePull", "ImagePullBackOff")
    assert "i/o timeout" in waiting["message"]
    for node in ("node-1", "node-2"):
        heal(cluster, f"f-{node}")
    cluster.run_for(60)
    assert only_pod(cluster)["status"]["phase"] == "Running"


def test_fault_on_a_machine_that_is_gone_does_no_harm(cluster: Cluster) -> None:
    inject(cluster, "f", "node-power", "nobody", seconds=5)
    cluster.run_for(6)
    assert cluster.find("faults.playground.dev", "", "f") is None
    assert machine(cluster)["power"] == "on"
