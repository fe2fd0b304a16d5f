"""APIServices: those of the server itself, those of definitions, and what one that is unreachable holds up."""

from __future__ import annotations

from typing import Any

from clusters.machinery.types import Obj
from tests.support.cluster import Cluster

API_SERVICES = "apiservices.apiregistration.k8s.io"
CRDS = "customresourcedefinitions.apiextensions.k8s.io"
LABEL = "kube-aggregator.kubernetes.io/automanaged"


def definition(*versions: str) -> Obj:
    schema = {"openAPIV3Schema": {"type": "object"}}
    listed = [{"name": v, "served": True, "storage": v == versions[0], "schema": schema} for v in versions]
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": listed},
    }


def condition(obj: Obj, kind: str) -> Any:
    return next(c for c in obj["status"]["conditions"] if c["type"] == kind)


def test_each_group_version_of_the_server_is_registered_and_local():
    cluster = Cluster(workers=0, control_planes=0)
    core, apps = cluster.get(API_SERVICES, "", "v1."), cluster.get(API_SERVICES, "", "v1.apps")
    assert core["spec"] == {"version": "v1", "groupPriorityMinimum": 18000, "versionPriority": 1}
    assert apps["spec"] == {"group": "apps", "version": "v1", "groupPriorityMinimum": 17800, "versionPriority": 15}
    assert apps["metadata"]["labels"] == {LABEL: "onstart"}
    assert condition(apps, "Available")["reason"] == "Local"
    names = {o["metadata"]["name"] for o in cluster.list(API_SERVICES)}
    assert {"v1.autoscaling", "v2.autoscaling", "v1.rbac.authorization.k8s.io"} <= names
    assert not any(name.endswith("playground.dev") for name in names)


def test_definitions_have_theirs_while_they_serve_a_version():
    cluster = Cluster(workers=0, control_planes=0)
    cluster.create(CRDS, definition("v1", "v1beta1"))
    cluster.run_for(1)
    made = cluster.get(API_SERVICES, "", "v1beta1.example.com")
    assert made["metadata"]["labels"] == {LABEL: "true"}
    assert (made["spec"]["groupPriorityMinimum"], made["spec"]["versionPriority"]) == (1000, 100)
    cluster.delete(API_SERVICES, "", "v1.example.com")
    cluster.run_for(1)
    assert cluster.find(API_SERVICES, "", "v1.example.com") is not None
    cluster.delete(CRDS, "", "widgets.example.com")
    cluster.run_for(5)
    assert [o for o in cluster.list(API_SERVICES) if o["spec"].get("group") == "example.com"] == []


def test_namespace_stays_while_an_api_cannot_be_asked():
    cluster = Cluster(workers=0, control_planes=0)
    spec = {
        "group": "foo.example.com",
        "version": "v1",
        "groupPriorityMinimum": 100,
        "versionPriority": 10,
        "service": {"name": "nope", "namespace": "default"},
    }
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1.foo.example.com"},
    }
    cluster.create(API_SERVICES, {**service, "spec": spec})
    cluster.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    cluster.run_for(1)
    cluster.delete("namespaces", "", "n")
    cluster.run_for(120)
    found = condition(cluster.get("namespaces", "", "n"), "NamespaceDeletionDiscoveryFailure")
    assert (found["status"], found["reason"], found["message"]) == (
        "True",
        "DiscoveryFailed",
        "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
        "foo.example.com/v1: stale GroupVersion discovery: foo.example.com/v1",
    )
    cluster.delete(API_SERVICES, "", "v1.foo.example.com")
    cluster.run_for(1)
    assert cluster.find("namespaces", "", "n") is None


def test_job_that_somebody_made_from_a_cron_job_is_noted_and_not_waited_for():
    cluster = Cluster(workers=1, control_planes=0)
    template = {
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "c", "image": "busybox", "command": ["sleep", "60"]}],
        }
    }
    job = {"spec": {"template": template}}
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}}
    made = cluster.create("cronjobs.batch", {**cron, "spec": {"schedule": "0 0 1 1 *", "jobTemplate": job}})
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": "c",
        "uid": made["metadata"]["uid"],
        "controller": True,
    }
    by_hand = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "now", "ownerReferences": [owner]}, **job}
    cluster.create("jobs.batch", by_hand)
    cluster.run_for(30)
    assert "active" not in (cluster.get("cronjobs.batch", "default", "c").get("status") or {})
    told = [
        (e["type"], e["reason"], e["message"], e["count"])
        for e in cluster.list("events")
        if e["involvedObject"]["kind"] == "CronJob"
    ]
    text = "Saw a job that the controller did not create or forgot: now"
    assert told == [("Warning", "UnexpectedJob", text, 1)]
    cluster.run_for(60)
    assert "lastSuccessfulTime" in cluster.get("cronjobs.batch", "default", "c")["status"]
