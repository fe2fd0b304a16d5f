"""`kubectl get cs`: what is made up when it is asked for."""

from __future__ import annotations

from clusters.machinery.types import UserInfo
from clusters.registry.registry import WriteOptions

PATH = "/api/v1/componentstatuses"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


def test_all_parts_of_a_new_cluster_are_well(api):
    status, body = api.ask("GET", PATH)
    assert status == 200
    assert body["kind"] == "ComponentStatusList"
    assert [i["metadata"] for i in body["items"]] == [
        {"name": "scheduler"},
        {"name": "controller-manager"},
        {"name": "etcd-0"},
    ]
    assert body["items"][0]["conditions"] == [{"type": "Healthy", "status": "True", "message": "ok"}]
    assert "kind" not in body["items"][0]


def test_what_is_stopped_does_not_answer(api):
    stopped = {
        "apiVersion": "playground.dev/v1",
        "kind": "Component",
        "metadata": {"name": "kube-scheduler"},
        "spec": {"state": "stopped"},
    }
    registry = api.server.cluster.registry
    registry.create(registry.resources["components.playground.dev"], "", stopped, WriteOptions(user=UserInfo("x")))
    _, table = api.ask("GET", PATH, headers=TABLE)
    refused = 'Get "https://127.0.0.1:10259/healthz": dial tcp 127.0.0.1:10259: connect: connection refused'
    assert [row["cells"] for row in table["rows"]] == [
        ["scheduler", "Unhealthy", refused, ""],
        ["controller-manager", "Healthy", "ok", ""],
        ["etcd-0", "Healthy", "ok", ""],
    ]


def test_one_part(api):
    status, body = api.ask("GET", f"{PATH}/etcd-0")
    assert (status, body["kind"], body["metadata"]) == (200, "ComponentStatus", {"name": "etcd-0"})
    status, body = api.ask("GET", f"{PATH}/kubelet")
    assert (status, body["message"]) == (500, "Component not found: kubelet")


def test_parts_are_selected_by_name_only(api):
    _, body = api.ask("GET", PATH, fieldSelector="metadata.name=scheduler")
    assert [i["metadata"]["name"] for i in body["items"]] == ["scheduler"]
    _, body = api.ask("GET", PATH, labelSelector="a=b")
    assert body["items"] == []
