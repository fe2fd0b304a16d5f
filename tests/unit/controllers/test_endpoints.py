"""EndpointSlices: a hundred endpoints each, changed as little as possible."""

from __future__ import annotations

from typing import Any

from tests.support.cluster import Cluster, deployment

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "web"}]},
}


def slices(cluster: Cluster) -> list[Any]:
    return [
        s for s in cluster.list("endpointslices.discovery.k8s.io", "default") if s["metadata"]["name"] != "kubernetes"
    ]


def with_port(made: Any, number: int) -> Any:
    made["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"name": "web", "containerPort": number}]
    return made


def test_many_endpoints_are_cut_into_slices_of_a_hundred():
    cluster = Cluster(workers=5, control_planes=0)
    cluster.create("services", SERVICE)
    cluster.create("deployments.apps", with_port(deployment("web", 230), 8080))
    cluster.run_for(30)
    sizes = sorted(len(s["endpoints"]) for s in slices(cluster))
    assert sum(sizes) == 230
    assert max(sizes) <= 100
    assert len(sizes) == 3
    endpoints = cluster.get("endpoints", "default", "web")
    assert len(endpoints["subsets"][0]["addresses"]) == 230


def test_scaling_down_touches_only_the_slices_that_lose_endpoints():
    cluster = Cluster(workers=5, control_planes=0)
    cluster.create("services", SERVICE)
    cluster.create("deployments.apps", with_port(deployment("web", 120), 8080))
    cluster.run_for(30)
    cluster.patch("deployments.apps", "default", "web", {"spec": {"replicas": 119}})
    before = {s["metadata"]["name"]: s["metadata"]["resourceVersion"] for s in slices(cluster)}
    cluster.run_for(30)
    after = {s["metadata"]["name"]: s["metadata"]["resourceVersion"] for s in slices(cluster)}
    assert sum(after[name] != version for name, version in before.items()) == 1


def test_pods_whose_named_port_differs_go_into_different_slices():
    cluster = Cluster(workers=3, control_planes=0)
    cluster.create("services", SERVICE)
    for name, port in (("one", 8080), ("two", 9090)):
        made = with_port(deployment(name, 2), port)
        made["spec"]["template"]["metadata"]["labels"] = {"app": "web", "part": name}
        made["spec"]["selector"] = {"matchLabels": {"app": "web", "part": name}}
        cluster.create("deployments.apps", made)
    cluster.run_for(30)
    assert sorted((s["ports"][0]["port"], len(s["endpoints"])) for s in slices(cluster)) == [(8080, 2), (9090, 2)]


def test_terminating_pod_serves_until_it_ends():
    cluster = Cluster(workers=3, control_planes=0)
    cluster.create("services", SERVICE)
    made = with_port(deployment("web", 1), 8080)
    made["spec"]["template"]["metadata"]["annotations"] = {"behavior.playground.dev/stop": "10s"}
    cluster.create("deployments.apps", made)
    cluster.run_for(30)
    cluster.patch("deployments.apps", "default", "web", {"spec": {"replicas": 0}})
    cluster.run_for(2)
    assert [e["conditions"] for e in slices(cluster)[0]["endpoints"]] == [
        {"ready": False, "serving": True, "terminating": True}
    ]
    cluster.run_for(30)
    assert slices(cluster)[0]["endpoints"] is None


def test_deleted_slice_is_made_again():
    cluster = Cluster(workers=3, control_planes=0)
    cluster.create("services", SERVICE)
    cluster.create("deployments.apps", with_port(deployment("web", 2), 8080))
    cluster.run_for(30)
    name = slices(cluster)[0]["metadata"]["name"]
    cluster.delete("endpointslices.discovery.k8s.io", "default", name)
    cluster.run_for(1)
    assert len(slices(cluster)[0]["endpoints"]) == 2


def test_endpoints_that_people_write_are_mirrored():
    cluster = Cluster(workers=1, control_planes=0)
    service = {**SERVICE, "metadata": {"name": "db"}, "spec": {"ports": [{"port": 5432}]}}
    cluster.create("services", service)
    written = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "db"},
        "subsets": [{"addresses": [{"ip": "10.9.8.7"}], "ports": [{"port": 5432}]}],
    }
    cluster.create("endpoints", written)
    cluster.run_for(1)
    found = slices(cluster)[0]
    assert found["endpoints"][0]["addresses"] == ["10.9.8.7"]
    assert (
        found["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"]
        == "endpointslicemirroring-controller.k8s.io"
    )
