"""HorizontalPodAutoscalers on a whole cluster: words, conditions, Events, and that a steady one costs nothing."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.components.controllers.hpa.controller import HorizontalController
from clusters.machinery.types import Obj
from tests.support.cluster import Cluster, deployment

HPAS = "horizontalpodautoscalers.autoscaling"
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}


def scaler(name: str = "web", *, metrics: Any = None, **spec: Any) -> Obj:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {"scaleTargetRef": target, "maxReplicas": 10, "metrics": metrics or [CPU], **spec},
    }


def web(size: int = 1, *, cpu: str = "10m", request: str | None = "100m") -> Obj:
    made = deployment("web", size)
    template = made["spec"]["template"]
    template["metadata"]["annotations"] = {"behavior.playground.dev/cpu": cpu, "behavior.playground.dev/memory": "64Mi"}
    if request:
        template["spec"]["containers"][0]["resources"] = {"requests": {"cpu": request, "memory": "64Mi"}}
    return made


def cluster(**settings: Any) -> Cluster:
    made = Cluster(**{"workers": 3, "control_planes": 0, "addons": "default", **settings})
    made.run_for(60)
    return made


def conditions(cluster: Cluster, name: str = "web") -> dict[str, tuple[str, str, str]]:
    found = cluster.get(HPAS, "default", name)["status"].get("conditions") or []
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in found}


def events(cluster: Cluster, name: str = "web") -> list[tuple[str, str]]:
    told = [e for e in cluster.list("events") if e["involvedObject"]["kind"] == "HorizontalPodAutoscaler"]
    return [(e["reason"], e["message"]) for e in told if e["involvedObject"]["name"] == name]


def load(cluster: Cluster, cpu: str) -> None:
    """All Pods of `web` take that much from now on."""
    for pod in cluster.list("pods", "default"):
        patch = {"metadata": {"annotations": {"behavior.playground.dev/cpu": cpu}}}
        cluster.patch("pods", "default", pod["metadata"]["name"], patch)


def test_without_a_metrics_server_it_says_what_the_real_one_says():
    made = cluster(addons="none")
    made.create("deployments.apps", web())
    made.create(HPAS, scaler())
    made.run_for(60)
    missing = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource "
        "metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
    )
    assert conditions(made) == {
        "AbleToScale": (
            "True",
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        ),
        "ScalingActive": (
            "False",
            "FailedGetResourceMetric",
            f"the HPA was unable to compute the replica count: {missing}",
        ),
    }
    assert sorted(events(made)) == [
        (
            "FailedComputeMetricsReplicas",
            f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {missing}",
        ),
        ("FailedGetResourceMetric", missing),
    ]
    status = made.get(HPAS, "default", "web")["status"]
    assert (status["currentReplicas"], status["desiredReplicas"], status["currentMetrics"]) == (1, 0, [{"type": ""}])


def test_metrics_server_that_is_down_is_another_failure_and_passes():
    made = cluster()
    made.create("deployments.apps", web())
    made.patch("deployments.apps", "kube-system", "metrics-server", {"spec": {"replicas": 0}})
    made.create(HPAS, scaler())
    made.run_for(60)
    assert (
        "the server is currently unable to handle the request (get pods.metrics.k8s.io)"
        in conditions(made)["ScalingActive"][2]
    )
    made.patch("deployments.apps", "kube-system", "metrics-server", {"spec": {"replicas": 1}})
    made.run_for(90)
    assert conditions(made)["ScalingActive"][:2] == ("True", "ValidMetricFound")


def test_it_looks_first_a_period_after_its_creation():
    made = cluster(addons="none")
    made.create("deployments.apps", web())
    made.run_for(20)
    made.create(HPAS, scaler(minReplicas=3))
    made.run_for(14)
    assert "conditions" not in made.get(HPAS, "default", "web")["status"]
    made.run_for(2)
    assert made.get("deployments.apps", "default", "web")["spec"]["replicas"] == 3
    assert ("SuccessfulRescale", "New size: 3; reason: Current number of replicas below Spec.MinReplicas") in events(
        made
    )


def test_load_scales_up_and_its_end_scales_down_after_five_minutes():
    made = cluster()
    made.create("deployments.apps", web(2))
    made.create(HPAS, scaler(minReplicas=2))
    made.run_for(90)
    assert made.get(HPAS, "default", "web")["status"]["currentMetrics"] == [
        {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 10, "averageValue": "10m"}}}
    ]
    load(made, "100m")
    made.run_for(20)
    assert made.get("deployments.apps", "default", "web")["spec"]["replicas"] == 4
    status = made.get(HPAS, "default", "web")["status"]
    assert (status["currentReplicas"], status["desiredReplicas"], "lastScaleTime" in status) == (2, 4, True)
    made.run_for(120)
    load(made, "10m")
    made.run_for(240)
    assert conditions(made)["AbleToScale"][1] == "ScaleDownStabilized"
    assert made.get("deployments.apps", "default", "web")["spec"]["replicas"] >= 4
    made.run_for(120)
    assert made.get("deployments.apps", "default", "web")["spec"]["replicas"] == 2
    assert conditions(made)["ScalingLimited"][:2] == ("True", "TooFewReplicas")


def test_highest_proposal_of_several_metrics_wins_and_one_that_fails_keeps_it_from_shrinking():
    memory = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "32Mi"}},
    }
    made = cluster()
    made.create("deployments.apps", web(1))
    made.create(HPAS, scaler(metrics=[CPU, memory]))
    made.run_for(90)
    assert made.get("deployments.apps", "default", "web")["spec"]["replicas"] >= 2
    pods = {
        "type": "Pods",
        "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "1"}},
    }
    made.create("deployments.apps", {**web(4), "metadata": {"name": "other"}})
    other = scaler("other", metrics=[CPU, pods])
    other["spec"]["scaleTargetRef"]["name"] = "other"
    made.delete(HPAS, "default", "web")
    made.delete("deployments.apps", "default", "web")
    made.create(HPAS, other)
    made.run_for(600)
    assert made.get("deployments.apps", "default", "other")["spec"]["replicas"] == 4
    assert conditions(made, "other")["ScalingActive"][1] == "FailedGetPodsMetric"


def test_container_metric_looks_at_one_container():
    made = cluster()
    body = web(1, cpu="5m")
    template = body["spec"]["template"]
    template["metadata"]["annotations"]["behavior.playground.dev/side.cpu"] = "200m"
    template["spec"]["containers"].append({"name": "side", "image": "busybox", "command": ["sleep", "infinity"]})
    made.create("deployments.apps", body)
    source = {"name": "cpu", "container": "main", "target": {"type": "Utilization", "averageUtilization": 50}}
    made.create(HPAS, scaler(metrics=[{"type": "ContainerResource", "containerResource": source}]))
    made.run_for(90)
    (shown,) = made.get(HPAS, "default", "web")["status"]["currentMetrics"]
    assert shown["containerResource"]["current"] == {"averageUtilization": 5, "averageValue": "5m"}
    assert made.get("deployments.apps", "default", "web")["spec"]["replicas"] == 1


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        ({"kind": "DaemonSet"}, "FailedGetScale", "the server could not find the requested resource"),
        ({"kind": "Wombat"}, "FailedGetScale", 'no matches for kind "Wombat" in group "apps"'),
        ({"name": "nope"}, "FailedGetScale", 'deployments.apps "nope" not found'),
    ],
)
def test_target_that_cannot_be_scaled(change, reason, words):
    made = cluster(addons="none")
    body = scaler()
    body["spec"]["scaleTargetRef"] |= change
    made.create(HPAS, body)
    made.run_for(60)
    text = f"the HPA controller was unable to get the target's current scale: {words}"
    assert conditions(made) == {"AbleToScale": ("False", reason, text)}
    assert events(made) == [(reason, words)]


def test_two_autoscalers_of_the_same_pods_do_nothing():
    made = cluster()
    made.create("deployments.apps", web(1))
    for name in ("a", "b"):
        made.create(HPAS, scaler(name))
    made.run_for(60)
    text = "pods by selector app=web are controlled by multiple HPAs: [default/a default/b]"
    assert conditions(made, "a")["ScalingActive"] == ("False", "AmbiguousSelector", text)
    made.delete(HPAS, "default", "b")
    made.run_for(60)
    assert conditions(made, "a")["ScalingActive"][1] == "ValidMetricFound"


def test_target_of_no_replicas_is_let_be():
    made = cluster()
    made.create("deployments.apps", web(0))
    made.create(HPAS, scaler())
    made.run_for(60)
    assert conditions(made)["ScalingActive"][:2] == ("False", "ScalingDisabled")
    assert made.get("deployments.apps", "default", "web")["spec"]["replicas"] == 0


def test_steady_autoscaler_neither_writes_nor_looks(monkeypatch):
    made = cluster()
    made.create("deployments.apps", web(2, cpu="50m"))
    made.create(HPAS, scaler())
    made.run_for(2 * 3600)
    before, looks = made.store.head().rev, []
    original = HorizontalController._reconcile
    monkeypatch.setattr(HorizontalController, "_reconcile", lambda self, look: looks.append(1) or original(self, look))
    made.run_for(24 * 3600)
    assert made.store.head().rev == before
    assert looks == []


def test_memory_goes_with_its_autoscaler_and_outlives_the_worker():
    made = cluster()
    made.create("deployments.apps", web(4))
    made.create(HPAS, scaler())
    made.run_for(120)
    made.crash()
    made.run_for(120)
    assert made.get("deployments.apps", "default", "web")["spec"]["replicas"] == 4
    assert len(made.list("autoscalermemories.playground.dev")) == 1
    made.delete(HPAS, "default", "web")
    made.run_for(1)
    assert made.list("autoscalermemories.playground.dev") == []


def test_custom_resource_is_scaled_where_its_definition_says():
    made = cluster()
    whole = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"plural": "webs", "singular": "web", "kind": "Web"}
    scale = {
        "specReplicasPath": ".spec.size",
        "statusReplicasPath": ".status.size",
        "labelSelectorPath": ".status.selector",
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": whole, "status": whole}}},
        "subresources": {"status": {}, "scale": scale},
    }
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "webs.example.com"},
    }
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    made.create("customresourcedefinitions.apiextensions.k8s.io", {**crd, "spec": spec})
    made.run_for(1)
    own = {"apiVersion": "example.com/v1", "kind": "Web", "metadata": {"name": "w"}, "spec": {"size": 2}}
    made.create("webs.example.com", own)
    made.patch("webs.example.com", "default", "w", {"status": {"size": 2, "selector": "app=web"}}, subresource="status")
    made.create("deployments.apps", web(2, cpu="100m"))
    body = scaler()
    body["spec"]["scaleTargetRef"] = {"apiVersion": "example.com/v1", "kind": "Web", "name": "w"}
    made.create(HPAS, body)
    made.run_for(60)
    assert made.get("webs.example.com", "default", "w")["spec"]["size"] == 4
    assert conditions(made)["ScalingActive"][1] == "ValidMetricFound"


def test_pods_that_nobody_can_measure_are_not_waited_for(monkeypatch):
    made = cluster()
    made.create("deployments.apps", web(2))
    made.create(HPAS, scaler())
    made.run_for(120)
    for name in ("node-1", "node-2", "node-3"):
        made.delete("machines.playground.dev", "", name)
    made.run_for(3600)
    looks: list[int] = []
    original = HorizontalController._reconcile
    monkeypatch.setattr(HorizontalController, "_reconcile", lambda self, look: looks.append(1) or original(self, look))
    made.run_for(3600)
    assert looks == []
