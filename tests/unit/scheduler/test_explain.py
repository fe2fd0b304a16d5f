"""Answers to "why?" and "where to?"."""

from __future__ import annotations

from typing import Any

from clusters.components.scheduler import Scheduler
from clusters.components.scheduler.explain import Explainer, explain_move, explain_pod
from tests.support.scheduling import SchedulingCluster
from tests.support.scheduling_objects import node, pod, taint


def cluster_of(*nodes: Any) -> SchedulingCluster:
    cluster = SchedulingCluster()
    for obj in nodes:
        cluster.create("nodes", obj)
    return cluster


def why(cluster: SchedulingCluster, name: str = "p") -> dict[str, Any]:
    found = explain_pod(cluster, "default", name)
    assert found is not None
    return found


def rows(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in answer["nodes"]}


def test_a_pending_pod_is_told_in_one_sentence_and_node_by_node() -> None:
    cluster = cluster_of(
        node("n1", cpu="1"),
        node("n2", cpu="1"),
        node("n3", taints=[taint("gpu")]),
        node("n4", unschedulable=True),
    )
    cluster.create("pods", pod("p", cpu="2"))
    cluster.settle(Scheduler(cluster.env()))
    answer = why(cluster)
    assert answer["summary"] == "Pending: 0 of 4 nodes fit: 2 Insufficient cpu, 1 cordoned, 1 taint gpu"
    assert answer["state"] == "pending"
    assert answer["condition"]["message"].startswith("0/4 nodes are available:")
    assert rows(answer)["n3"]["plugin"] == "TaintToleration"
    assert rows(answer)["n3"]["code"] == "UnschedulableAndUnresolvable"
    assert rows(answer)["n1"]["reasons"] == ["Insufficient cpu"]
    # Every filter is asked, also after the first refusal.
    assert rows(answer)["n1"]["checks"]["TaintToleration"] == []
    assert rows(answer)["n1"]["checks"]["NodeResourcesFit"] == ["Insufficient cpu"]


def test_scores_are_shown_where_several_nodes_fit() -> None:
    cluster = cluster_of(node("n1"), node("n2"))
    cluster.create("pods", pod("busy", cpu="2", nodeName="n1"))
    cluster.create("pods", pod("p"))
    found = rows(why(cluster))
    assert found["n1"]["total"] < found["n2"]["total"]
    assert found["n1"]["scores"]["NodeResourcesFit"] < found["n2"]["scores"]["NodeResourcesFit"]


def test_with_the_scheduler_stopped_it_says_so() -> None:
    cluster = cluster_of(node("n1"), node("n2", unschedulable=True))
    stopped = {"metadata": {"name": "kube-scheduler"}, "spec": {"state": "stopped"}}
    cluster.create("components.playground.dev", stopped)
    cluster.create("pods", pod("p"))
    assert why(cluster)["summary"] == "Pending: the scheduler is stopped; 1 of 2 nodes would fit"


def test_a_claim_that_holds_the_pod_back_everywhere() -> None:
    cluster = cluster_of(node("n1"))
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    cluster.create("pods", pod("p", volumes=[volume]))
    answer = why(cluster)
    assert answer["summary"] == 'Pending: persistentvolumeclaim "data" not found'
    assert answer["preFilter"]["plugin"] == "VolumeRestrictions"
    assert not rows(answer)["n1"]["feasible"]


def test_states_that_need_no_node() -> None:
    cluster = cluster_of(node("n1"))
    cluster.create("pods", pod("gated", schedulingGates=[{"name": "example.com/wait"}]))
    cluster.create("pods", pod("other", schedulerName="mine"))
    cluster.create("pods", pod("runs", nodeName="n1"))
    done = pod("done", nodeName="n1")
    done["status"] = {"phase": "Succeeded"}
    cluster.create("pods", done)
    assert why(cluster, "gated")["summary"] == "Pending: held back by scheduling gates (example.com/wait)"
    assert why(cluster, "other")["state"] == "unmanaged"
    assert why(cluster, "runs")["summary"] == "Running on n1"
    assert why(cluster, "done")["state"] == "ended"
    assert explain_pod(cluster, "default", "none") is None


def test_an_empty_cluster() -> None:
    cluster = cluster_of()
    cluster.create("pods", pod("p"))
    assert why(cluster)["summary"] == "Pending: the cluster has no nodes"


def test_a_dragged_pod_is_looked_at_as_if_it_were_not_there_yet() -> None:
    cluster = cluster_of(node("n1", cpu="1"), node("n2", cpu="500m"), node("n3"))
    cluster.create("pods", pod("p", cpu="800m", nodeName="n1"))
    answer = explain_move(cluster, "default", "p")
    assert answer is not None
    assert answer["refused"] is None
    assert {name: row["feasible"] for name, row in rows(answer).items()} == {"n1": True, "n2": False, "n3": True}


def test_pods_that_cannot_be_dragged_say_why() -> None:
    cluster = cluster_of(node("n1"))
    owner = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "d", "controller": True}
    cluster.create("pods", pod("agent", nodeName="n1", owner=owner))
    cluster.create("pods", pod("static", nodeName="n1", annotations={"kubernetes.io/config.mirror": "x"}))
    refused = {name: (explain_move(cluster, "default", name) or {})["refused"] for name in ("agent", "static")}
    assert refused == {
        "agent": "DaemonSet agent runs one Pod on each node",
        "static": "a static Pod belongs to its node",
    }


def test_a_kept_explainer_follows_the_cluster_and_leaves_it_as_it_was() -> None:
    cluster = cluster_of(node("n1", cpu="1"))
    explainer = Explainer(cluster, live=True)
    cluster.create("pods", pod("p", cpu="800m", nodeName="n1"))
    cluster.create("pods", pod("q", cpu="800m"))
    for _ in range(2):
        answer = explainer.pod("default", "q")
        assert answer is not None
        assert answer["summary"] == "Pending: 0 of 1 nodes fit: 1 Insufficient cpu"
        assert explainer.move("default", "p") is not None
    cluster.drop("Pod", "default/p")
    answer = explainer.pod("default", "q")
    assert answer is not None
    assert rows(answer)["n1"]["feasible"]


def test_room_that_preemption_promised_counts() -> None:
    cluster = cluster_of(node("n1", cpu="1"))
    promised = pod("high", cpu="800m", priority=10)
    promised["status"]["nominatedNodeName"] = "n1"
    cluster.create("pods", promised)
    cluster.create("pods", pod("p", cpu="800m"))
    assert why(cluster)["summary"] == "Pending: 0 of 1 nodes fit: 1 Insufficient cpu"
    assert why(cluster, "high")["summary"] == "Pending: room is being made on n1"


def test_a_pod_that_does_not_exist_yet_can_be_asked_about() -> None:
    cluster = cluster_of(node("n1", cpu="1"), node("n2"))
    answer = Explainer(cluster).spec(pod("template", cpu="2"))
    assert {name: row["feasible"] for name, row in rows(answer).items()} == {"n1": False, "n2": True}
    assert answer["refused"] is None
