"""metrics.k8s.io on a whole cluster: there with its server, gone without, computed when asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clusters.apiserver.context import ClusterContext
from clusters.apiserver.http import Request, Response
from clusters.apiserver.server import ApiServer
from clusters.machinery.quantity import milli, value
from tests.support.apiserver import keys, tokens
from tests.support.cluster import Cluster, deployment

ROOT = "/apis/metrics.k8s.io/v1beta1"
API_SERVICE = "apiservices.apiregistration.k8s.io"
NAME = "v1beta1.metrics.k8s.io"


class Asked:
    """A cluster, and the API server over the same objects."""

    def __init__(self, **settings: Any) -> None:
        self.cluster = Cluster(**{"workers": 2, "control_planes": 0, "addons": "default", **settings})
        session = self.cluster.session
        context = ClusterContext(
            name="test",
            registry=session.registry,
            resources=session.resources,
            clock=session.clock,
            rng=session.registry.rng,
            keys=keys(),
            tokens=tokens,
        )
        self.server = ApiServer(context)

    def get(self, path: str, query: str = "", accept: str = "application/json") -> Response:
        headers = [("authorization", "Bearer admin"), ("accept", accept)]
        answer = self.server.handle(Request(method="GET", path=path, query=query, headers=headers))
        assert isinstance(answer, Response)
        return answer

    def json(self, path: str, query: str = "", accept: str = "application/json") -> Any:
        answer = self.get(path, query, accept)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def names(self, path: str, query: str = "") -> list[str]:
        return [item["metadata"]["name"] for item in self.json(path, query)["items"]]


@pytest.fixture
def asked() -> Asked:
    made = Asked()
    made.cluster.run_for(60)
    return made


def test_group_is_there_with_the_addon_only(asked):
    without = Asked(addons="none")
    groups = [g["name"] for g in asked.json("/apis")["groups"]]
    assert "metrics.k8s.io" in groups
    assert "metrics.k8s.io" not in [g["name"] for g in without.json("/apis")["groups"]]
    assert without.get(f"{ROOT}/pods").status == 404
    listed = asked.json(ROOT)["resources"]
    assert [(r["name"], r["kind"], r["verbs"], r["singularName"]) for r in listed] == [
        ("nodes", "NodeMetrics", ["get", "list"], ""),
        ("pods", "PodMetrics", ["get", "list"], ""),
    ]


def test_control_plane_that_is_alone_runs_the_server_itself():
    alone = Asked(workers=0, control_planes=1)
    alone.cluster.run_for(60)
    assert alone.names(f"{ROOT}/nodes") == ["control-plane-1"]


def test_openapi_describes_the_kinds(asked):
    document = asked.json("/openapi/v3/apis/metrics.k8s.io/v1beta1")
    names = document["components"]["schemas"]
    assert "io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics" in names
    assert f"{ROOT}/namespaces/{{namespace}}/pods" in document["paths"]
    assert "apis/metrics.k8s.io/v1beta1" not in Asked(addons="none").json("/openapi/v3")["paths"]


def test_apis_without_a_server_are_refused_until_it_is_back(asked):
    cluster = asked.cluster
    cluster.patch("deployments.apps", "kube-system", "metrics-server", {"spec": {"replicas": 0}})
    cluster.run_for(60)
    refused = asked.get(f"{ROOT}/nodes")
    assert (refused.status, refused.body) == (503, b"service unavailable\n")
    condition = cluster.get(API_SERVICE, "", NAME)["status"]["conditions"][0]
    assert (condition["status"], condition["reason"]) == ("False", "MissingEndpoints")
    wanted = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    fresh = {g["metadata"]["name"]: g["versions"][0]["freshness"] for g in asked.json("/apis", accept=wanted)["items"]}
    assert (fresh["metrics.k8s.io"], fresh["apps"]) == ("Stale", "Current")
    cluster.patch("deployments.apps", "kube-system", "metrics-server", {"spec": {"replicas": 1}})
    cluster.run_for(60)
    assert asked.names(f"{ROOT}/nodes") == ["node-1", "node-2"]
    cluster.delete(API_SERVICE, "", NAME)
    assert asked.get(f"{ROOT}/nodes").status == 404


def test_service_that_is_not_there_makes_an_api_unavailable(asked):
    spec = {
        "group": "foo.example.com",
        "version": "v1",
        "groupPriorityMinimum": 100,
        "versionPriority": 10,
        "service": {"name": "nope", "namespace": "default"},
    }
    meta = {"name": "v1.foo.example.com"}
    obj = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": meta, "spec": spec}
    asked.cluster.create(API_SERVICE, obj)
    asked.cluster.run_for(1)
    (condition,) = asked.cluster.get(API_SERVICE, "", "v1.foo.example.com")["status"]["conditions"]
    assert (condition["reason"], condition["message"]) == (
        "ServiceNotFound",
        'service/nope in "default" is not present',
    )
    assert asked.get("/apis/foo.example.com/v1/widgets").status == 503
    assert "foo.example.com" in [g["name"] for g in asked.json("/apis")["groups"]]


def test_pods_are_measured_once_they_have_been_scraped(asked):
    cluster = asked.cluster
    cluster.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "young"}, "spec": {
        "containers": [{"name": "c", "image": "nginx"}]}})  # fmt: skip
    cluster.run_for(6)
    assert cluster.get("pods", "default", "young")["status"]["phase"] == "Running"
    missing = asked.get(f"{ROOT}/namespaces/default/pods/young")
    assert missing.status == 404
    assert json.loads(missing.body)["message"] == 'pods.metrics.k8s.io "default/young" not found'
    cluster.run_for(30)
    found = asked.json(f"{ROOT}/namespaces/default/pods/young")
    assert found["containers"][0]["name"] == "c"
    assert found["window"] == "15s"
    unknown = asked.get(f"{ROOT}/namespaces/default/pods/nobody")
    assert json.loads(unknown.body)["message"] == 'pods "nobody" not found'


def test_lists_are_selected_by_label_and_field(asked):
    cluster = asked.cluster
    for name in ("a", "b"):
        cluster.create("deployments.apps", deployment(name, 1))
    cluster.run_for(60)
    (found,) = asked.names(f"{ROOT}/namespaces/default/pods", "labelSelector=app%3Da")
    assert found.startswith("a-")
    assert asked.names(f"{ROOT}/pods", f"fieldSelector=metadata.name%3D{found}") == [found]
    assert asked.get(f"{ROOT}/pods", "fieldSelector=spec.nodeName%3Dx").status == 400


def test_figures_cannot_be_watched(asked):
    refused = asked.get(f"{ROOT}/pods", "watch=true")
    assert refused.status == 405
    assert json.loads(refused.body)["message"] == 'watch is not supported on resources of kind "pods.metrics.k8s.io"'


def test_table_has_a_column_for_each_resource(asked):
    wanted = "application/json;as=Table;v=v1;g=meta.k8s.io"
    table = asked.json(f"{ROOT}/nodes", accept=wanted)
    assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "cpu", "memory", "Window"]
    assert [row["cells"][0] for row in table["rows"]] == ["node-1", "node-2"]
    empty = asked.json(f"{ROOT}/namespaces/default/pods", accept=wanted)
    assert (empty["columnDefinitions"], empty["rows"]) == (None, None)


def test_figures_follow_annotations_and_limits_and_cost_no_writes(asked):
    cluster = asked.cluster
    template = deployment("web", 2)
    template["spec"]["template"]["metadata"]["annotations"] = {
        "behavior.playground.dev/cpu": "300m",
        "behavior.playground.dev/memory": "64Mi",
    }
    template["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "200m"}}
    cluster.create("deployments.apps", template)
    cluster.run_for(60)
    before = cluster.store.head().rev
    usage = [i["containers"][0]["usage"] for i in asked.json(f"{ROOT}/namespaces/default/pods")["items"]]
    assert usage == [{"cpu": "200m", "memory": "64Mi"}] * 2
    first = asked.json(f"{ROOT}/nodes")["items"]
    cluster.run_for(600)
    assert cluster.store.head().rev == before
    later = asked.json(f"{ROOT}/nodes")["items"]
    assert [n["usage"] for n in first] == [n["usage"] for n in later]
    assert [n["timestamp"] for n in first] != [n["timestamp"] for n in later]


def test_requests_of_a_service_are_shared_by_its_ready_pods(asked):
    cluster = asked.cluster
    cluster.create("deployments.apps", deployment("web", 2, image="registry.k8s.io/hpa-example"))
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    cluster.create("services", {**service, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
    asker = {
        "name": "c",
        "image": "busybox",
        "command": ["sh", "-c", "while sleep 0.01; do wget -q -O- http://web; done"],
    }
    cluster.create(
        "pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asker"}, "spec": {"containers": [asker]}}
    )
    cluster.run_for(60)

    def total() -> int:
        items = asked.json(f"{ROOT}/namespaces/default/pods", "labelSelector=app%3Dweb")["items"]
        return sum(milli(i["containers"][0]["usage"]["cpu"]) for i in items)

    assert 600 <= total() <= 620
    cluster.patch("deployments.apps", "default", "web", {"spec": {"replicas": 4}})
    cluster.run_for(60)
    assert 600 <= total() <= 620
    cluster.patch(
        "services", "default", "web", {"metadata": {"annotations": {"behavior.playground.dev/requests": "50"}}}
    )
    assert 1200 <= total() <= 1240


def test_leak_grows_until_the_limit_kills_the_container(asked):
    cluster = asked.cluster
    notes = {"behavior.playground.dev/memory": "20Mi", "behavior.playground.dev/memory-leak": "30Mi"}
    limited = {"name": "c", "image": "app", "resources": {"limits": {"memory": "80Mi"}}}
    meta = {"name": "leaky", "annotations": notes}
    cluster.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [limited]}})
    cluster.run_for(60)

    def used() -> int:
        return value(asked.json(f"{ROOT}/namespaces/default/pods/leaky")["containers"][0]["usage"]["memory"])

    first = used()
    cluster.run_for(30)
    assert used() - first == pytest.approx(15 << 20, rel=0.05)
    cluster.run_for(60)
    state = cluster.get("pods", "default", "leaky")["status"]["containerStatuses"][0]
    assert state["lastState"]["terminated"]["reason"] == "OOMKilled"


def test_node_whose_kubelet_is_silent_has_no_figures(asked):
    asked.cluster.patch("machines.playground.dev", "", "node-2", {"spec": {"kubelet": "stopped"}})
    assert asked.names(f"{ROOT}/nodes") == ["node-1"]
