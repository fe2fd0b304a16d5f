"""Explaining placements over REST."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.models import Cluster
from clusters.registry.registry import WriteOptions
from clusters.runtime import bootstrap, service
from clusters.runtime.hub import hub
from tests.unit.web.conftest import Api


def make_pod(cluster: Cluster, name: str, cpu: str) -> None:
    handle = hub.cluster(cluster.name)
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}]},
    }
    opts = WriteOptions(user=bootstrap.MASTER, manager="test")
    handle.registry.create(handle.resources["pods"], "default", pod, opts)


@pytest.fixture
def running(demo: Cluster) -> Cluster:
    """`demo` after its loops have settled: nodes registered, service accounts made."""
    service.set_clock(demo, speed="max")
    service.run_until_idle(demo)
    return demo


def test_pending_pod_is_explained_node_by_node(running: Cluster, anybody: Api) -> None:
    make_pod(running, "huge", "64")
    status, answer = anybody("GET", "clusters/demo/explain/pods/default/huge")
    assert status == 200
    assert answer["state"] == "pending"
    assert "Insufficient cpu" in answer["summary"]
    verdicts = {n["name"]: n for n in answer["nodes"]}
    assert verdicts["node-1"]["feasible"] is False
    assert verdicts["node-1"]["plugin"] == "NodeResourcesFit"


def test_explanation_follows_the_cluster(running: Cluster, anybody: Api) -> None:
    make_pod(running, "small", "100m")
    feasible = [
        n["name"]
        for n in anybody("POST", "clusters/demo/explain/move", {"pod": "default/small"})[1]["nodes"]
        if n["feasible"]
    ]
    assert feasible == ["node-1"]
    service.remove_machine(running, "node-1")
    nodes = anybody("POST", "clusters/demo/explain/move", {"pod": "default/small"})[1]["nodes"]
    assert [n["name"] for n in nodes if n["feasible"]] == []


@pytest.mark.parametrize(
    ("body", "status"), [({}, 422), ({"pod": "x"}, 422), ({"pod": "a/b/c"}, 422), ({"pod": "default/none"}, 404)]
)
def test_unknown_pods_are_problems(running: Cluster, anybody: Api, body: dict[str, Any], status: int) -> None:
    assert anybody("POST", "clusters/demo/explain/move", body)[0] == status
    assert anybody("GET", "clusters/demo/explain/pods/default/none")[0] == 404
