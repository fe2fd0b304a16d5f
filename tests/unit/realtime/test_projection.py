"""Object → row, column by column."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.realtime import projection
from clusters.realtime.board import ROW_LIMIT, encode_row
from clusters.realtime.components import awaits_controller, awaits_scheduler, component_rows
from clusters.realtime.messages import TABLES
from clusters.realtime.projection import Requests

CREATED = "2026-01-01T00:00:00Z"
CREATED_US = 1_767_225_600_000_000


def named(table: str, row: list[Any]) -> dict[str, Any]:
    assert len(row) == len(TABLES[table])
    return dict(zip(TABLES[table], row))


def meta(**more: Any) -> dict[str, Any]:
    return {"name": "web", "namespace": "shop", "uid": "u1", "creationTimestamp": CREATED, "generation": 2, **more}


def requests(cpu: str, memory: str) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}}}


def test_pod_row() -> None:
    pod = {
        "metadata": meta(
            name="web-5d-x",
            labels={"pod-template-hash": "5d"},
            ownerReferences=[{"kind": "ReplicaSet", "name": "web-5d", "uid": "rs", "controller": True}],
        ),
        "spec": {"nodeName": "node-2", "containers": [{"name": "c", "image": "nginx:1", **requests("250m", "64Mi")}]},
        "status": {
            "phase": "Running",
            "podIP": "10.244.1.7",
            "qosClass": "Burstable",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "c", "ready": True, "restartCount": 1, "state": {"running": {}}}],
        },
    }
    row = named("pods", projection.pod_row(pod, {}))
    assert row == {
        "id": "u1", "ns": "shop", "name": "web-5d-x", "node": "node-2", "state": "running", "status": "Running",
        "ready": "1/1", "restarts": 1, "owner": "rs", "workload": "Deployment/web", "cpu": 250, "mem": 64 << 20,
        "qos": "Burstable", "reason": "", "message": "", "containers": [["c", "running", "", True, 1]],
        "created": CREATED_US, "ip": "10.244.1.7", "image": "nginx:1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "ref", "above", "workload"),
    [
        ({}, None, {}, "Pod/web"),
        ({"pod-template-hash": "5d"}, ("ReplicaSet", "a-b-5d"), {}, "Deployment/a-b"),
        ({}, ("ReplicaSet", "bare"), {}, "ReplicaSet/bare"),
        ({"pod-template-hash": "77"}, ("ReplicaSet", "web-5d"), {}, "ReplicaSet/web-5d"),
        ({}, ("Job", "nightly-1"), {"owner": "CronJob/nightly"}, "CronJob/nightly"),
        ({}, ("Job", "once"), {}, "Job/once"),
        ({}, ("StatefulSet", "db"), {}, "StatefulSet/db"),
    ],
)
def test_workload_is_the_topmost_owner(
    labels: dict[str, str], ref: tuple[str, str] | None, above: dict[str, str], workload: str
) -> None:
    owner = {"kind": ref[0], "name": ref[1], "uid": "owner"} if ref else None
    assert projection.workload_of(meta(labels=labels), owner, above) == workload


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"containers": [requests("1", "1Gi"), requests("500m", "1Gi")]}, (1500, 2 << 30)),
        ({"containers": [requests("1", "1Gi")], "initContainers": [requests("3", "1Mi")]}, (3000, 1 << 30)),
        (
            {
                "containers": [requests("1", "1Gi")],
                "initContainers": [{**requests("1", "1Gi"), "restartPolicy": "Always"}, requests("500m", "5Gi")],
            },
            (2000, 6 << 30),
        ),
        ({"containers": [requests("1", "1Gi")], "overhead": {"cpu": "10m", "memory": "1Mi"}}, (1010, (1 << 30) + (1 << 20))),
        ({"containers": [{}], "resources": {"requests": {"cpu": "2"}}}, (2000, 0)),
        ({"containers": [{}]}, (0, 0)),
    ],
)  # fmt: skip
def test_requests_are_effective_requests(spec: dict[str, Any], wanted: tuple[int, int]) -> None:
    assert projection.requests(spec) == wanted


def test_node_row() -> None:
    node = {
        "metadata": meta(name="node-1", labels={"topology.kubernetes.io/zone": "a"}),
        "spec": {"unschedulable": True, "taints": [{"key": "k", "effect": "NoExecute"}, {"key": "a", "value": "b", "effect": "NoSchedule"}]},
        "status": {
            "capacity": {"cpu": "4"},
            "allocatable": {"cpu": "3900m", "memory": "15Gi", "pods": "110"},
            "conditions": [{"type": "DiskPressure", "status": "True"}, {"type": "Ready", "status": "Unknown"}, {"type": "PIDPressure", "status": "False"}],
            "nodeInfo": {"kubeletVersion": "v1.36.0"},
            "addresses": [{"type": "Hostname", "address": "node-1"}, {"type": "InternalIP", "address": "172.18.0.3"}],
        },
    }  # fmt: skip
    row = named("nodes", projection.node_row(node, {"spec": {"power": "off", "kubelet": "running"}}, Requests(5, 7)))
    assert row["taints"] == ["k:NoExecute", "a=b:NoSchedule"]
    assert (row["cpu"], row["mem"], row["slots"], row["cpuReq"], row["memReq"]) == (3900, 15 << 30, 110, 5, 7)
    assert (row["ready"], row["pressure"], row["power"], row["kubelet"]) == (
        "Unknown",
        ["DiskPressure"],
        "off",
        "running",
    )
    assert (row["role"], row["zone"], row["cordoned"], row["addr"], row["version"]) == ("worker", "a", True, "172.18.0.3", "v1.36.0")  # fmt: skip
    bare = named("nodes", projection.node_row(node, None, Requests(0, 0)))
    assert (bare["power"], bare["kubelet"]) == ("", ""), "a Node without a Machine has no hardware"


def test_workload_rows_count_by_kind() -> None:
    template = {"spec": {"containers": [{"image": "a"}, {"image": "b"}]}}
    status = {"replicas": 3, "readyReplicas": 2, "updatedReplicas": 1, "availableReplicas": 2, "observedGeneration": 1}
    deployment = {"metadata": meta(), "spec": {"replicas": 4, "paused": True, "template": template}, "status": status}
    row = named("workloads", projection.workload_row(deployment, "Deployment", "web-hpa"))
    assert [row[k] for k in ("desired", "current", "ready", "updated", "available")] == [4, 3, 2, 1, 2]
    assert (row["paused"], row["hpa"], row["images"], row["generationSeen"]) == (True, "web-hpa", ["a", "b"], False)
    daemons = {"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "numberReady": 1}
    row = named("workloads", projection.workload_row({"metadata": meta(), "status": daemons}, "DaemonSet", ""))
    assert [row[k] for k in ("desired", "current", "ready")] == [3, 3, 1]
    job = {"metadata": meta(), "spec": {"completions": 5, "suspend": True}, "status": {"active": 2, "succeeded": 1}}
    row = named("workloads", projection.workload_row(job, "Job", ""))
    assert [row[k] for k in ("desired", "current", "available", "paused", "generationSeen")] == [5, 2, 1, True, True]
    cron = {"metadata": meta(), "spec": {"jobTemplate": {"spec": {"template": template}}}, "status": {"active": [{}]}}
    row = named("workloads", projection.workload_row(cron, "CronJob", ""))
    assert (row["current"], row["images"]) == (1, ["a", "b"])


def test_service_row_shows_ports_as_people_write_them() -> None:
    ports = [
        {"port": 80, "targetPort": 8080, "protocol": "TCP"},
        {"port": 53, "targetPort": 53, "protocol": "UDP"},
        {"port": 443, "targetPort": "https", "nodePort": 30443, "protocol": "TCP"},
    ]
    row = named("services", projection.service_row({"metadata": meta(), "spec": {"ports": ports}}, 2))
    assert row["ports"] == ["80→8080/TCP", "53/UDP", "443:30443→https/TCP"]
    assert (row["type"], row["selector"], row["endpoints"]) == ("ClusterIP", None, 2)


def test_ready_endpoints_counts_a_pod_once_for_both_families() -> None:
    def slice_of(address: str, ready: bool | None) -> dict[str, Any]:
        conditions = {} if ready is None else {"ready": ready}
        return {"endpoints": [{"addresses": [address], "conditions": conditions, "targetRef": {"uid": "p1"}}]}

    both = projection.ready_endpoints(slice_of("10.0.0.1", True)) | projection.ready_endpoints(
        slice_of("fd00::1", None)
    )
    assert len(both) == 1
    assert not projection.ready_endpoints(slice_of("10.0.0.1", False))


def test_event_row_takes_the_latest_time_and_count_of_either_form() -> None:
    about = {"kind": "Pod", "namespace": "shop", "name": "p", "uid": "pu"}
    old = {
        "metadata": meta(),
        "involvedObject": about,
        "count": 3,
        "lastTimestamp": CREATED,
        "source": {"component": "kubelet"},
    }
    row = named("events", projection.event_row(old))
    assert (row["count"], row["last"], row["source"], row["objId"]) == (3, CREATED_US, "kubelet", "pu")
    new = {
        "metadata": meta(),
        "eventTime": "2026-01-01T00:00:00.000001Z",
        "reportingComponent": "x",
        "message": "m" * 999,
    }
    row = named("events", projection.event_row(new))
    assert (row["count"], row["last"], row["source"], len(row["message"])) == (1, CREATED_US + 1, "x", 300)


def test_fault_row_is_in_microseconds() -> None:
    spec = {
        "kind": "node-power",
        "target": "node-1",
        "since": "2026-01-01T00:00:01.5Z",
        "until": "2026-01-01T00:01:01.5Z",
    }
    row = named("faults", projection.fault_row({"metadata": meta(name="f1"), "spec": spec}))
    assert row == {"id": "f1", "kind": "node-power", "target": "node-1", "since": CREATED_US + 1_500_000, "until": CREATED_US + 61_500_000}  # fmt: skip


def machine(name: str, power: str = "on") -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"role": "control-plane", "power": power}}


def stopped(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"state": "stopped"}}


def deck(**kwargs: Any) -> dict[str, dict[str, Any]]:
    rows = component_rows(**{"machines": [], "components": [], "leases": {}, **kwargs})
    return {row[0]: named("components", row) for row in rows}


def test_deck_of_a_managed_control_plane_has_no_nodes() -> None:
    rows = deck()
    assert set(rows) == {"kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"}
    assert all(row["node"] == "" and row["state"] == "running" for row in rows.values())


def test_deck_shows_stopped_processes_and_single_loops() -> None:
    rows = deck(machines=[machine("cp-1")], components=[stopped("kube-scheduler"), stopped("job-controller")])
    assert rows["kube-scheduler"]["state"] == "stopped"
    assert rows["job-controller"]["state"] == "stopped"
    assert rows["kube-controller-manager"]["state"] == "running"


def test_deck_of_several_control_planes_shows_who_leads_and_who_is_down() -> None:
    leases = {"kube-scheduler": {"spec": {"holderIdentity": "cp-2_abc"}}}
    rows = deck(machines=[machine("cp-1", "off"), machine("cp-2")], leases=leases)
    assert rows["kube-scheduler@cp-1"]["state"] == "down"
    assert (rows["kube-scheduler@cp-2"]["leader"], rows["kube-scheduler@cp-1"]["leader"]) == (True, False)


def test_deck_shows_a_queue_once_at_the_instance_that_leads() -> None:
    machines = [machine("cp-1"), machine("cp-2")]
    leases = {"kube-scheduler": {"spec": {"holderIdentity": "cp-2_abc"}}}
    rows = deck(machines=machines, leases=leases, queues={"kube-scheduler": 7, "kube-controller-manager": 2})
    assert {name: row["queue"] for name, row in rows.items() if row["queue"]} == {
        "kube-scheduler@cp-2": 7,
        "kube-controller-manager@cp-1": 2,
    }


@pytest.mark.parametrize(
    ("spec", "more", "waits"),
    [
        ({}, {}, True),
        ({"schedulerName": "default-scheduler"}, {"status": {"phase": "Pending"}}, True),
        ({"nodeName": "node-1"}, {}, False),
        ({"schedulingGates": [{"name": "later"}]}, {}, False),
        ({"schedulerName": "mine"}, {}, False),
        ({}, {"status": {"phase": "Failed"}}, False),
        ({}, {"metadata": meta(deletionTimestamp=CREATED)}, False),
    ],
)
def test_scheduler_queue_holds_what_it_may_place(spec: dict[str, Any], more: dict[str, Any], waits: bool) -> None:
    assert awaits_scheduler({"metadata": meta(), "spec": spec, **more}) is waits


@pytest.mark.parametrize(
    ("kind", "replicas", "current", "seen", "waits"),
    [
        ("Deployment", 3, 3, 1, True),
        ("Deployment", 3, 4, 2, False),
        ("ReplicaSet", 3, 1, 2, True),
        ("ReplicaSet", 3, 3, 2, False),
        ("StatefulSet", 3, 1, 2, False),
        ("Job", 1, 0, None, False),
    ],
)
def test_controllers_queue_holds_what_is_behind(
    kind: str, replicas: int, current: int, seen: int | None, waits: bool
) -> None:
    obj = {
        "metadata": meta(),
        "spec": {"replicas": replicas},
        "status": {"replicas": current, "observedGeneration": seen},
    }
    assert awaits_controller(projection.workload_row(obj, kind, "")) is waits


def test_monstrous_rows_are_cut_to_fit_a_frame() -> None:
    row = ["id", "x" * 50_000, [str(i) for i in range(5_000)], {str(i): "v" * 63 for i in range(5_000)}]
    assert len(encode_row(row)) < ROW_LIMIT
    assert encode_row(["id", 1]) == b'["id",1]'
