"""Claims of StatefulSets belong to whom their retention policy says, also when it changes."""

from __future__ import annotations

from typing import Any

from clusters.machinery.types import Obj
from tests.support.cluster import Cluster

CLAIMS = "persistentvolumeclaims"


def stateful(replicas: int, **policy: str) -> Obj:
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": "postgres:16"}]}}
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    spec: dict[str, Any] = {
        "serviceName": "db",
        "replicas": replicas,
        "selector": {"matchLabels": {"app": "db"}},
        "template": template,
        "volumeClaimTemplates": [claim],
    }
    if policy:
        spec["persistentVolumeClaimRetentionPolicy"] = policy
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": spec}


def owners(cluster: Cluster, name: str) -> list[tuple[str, str, bool]]:
    found = cluster.get(CLAIMS, "default", name)["metadata"].get("ownerReferences") or []
    return [(r["kind"], r["name"], r.get("controller", False)) for r in found]


def running(replicas: int, **policy: str) -> Cluster:
    cluster = Cluster(workers=2, control_planes=0, addons="default")
    cluster.create("statefulsets.apps", stateful(replicas, **policy))
    cluster.run_for(60)
    assert cluster.get("statefulsets.apps", "default", "db")["status"]["readyReplicas"] == replicas
    return cluster


def test_claims_are_nobodys_unless_the_policy_says_so():
    cluster = running(2)
    assert owners(cluster, "data-db-0") == []
    policy = {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"}}}
    cluster.patch("statefulsets.apps", "default", "db", policy)
    cluster.run_for(5)
    assert owners(cluster, "data-db-0") == owners(cluster, "data-db-1") == [("StatefulSet", "db", True)]
    policy["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] = "Retain"
    cluster.patch("statefulsets.apps", "default", "db", policy)
    cluster.run_for(5)
    assert owners(cluster, "data-db-0") == []


def test_claims_go_with_the_set():
    cluster = running(2, whenDeleted="Delete", whenScaled="Retain")
    cluster.patch("statefulsets.apps", "default", "db", {"spec": {"replicas": 1}})
    cluster.run_for(30)
    assert cluster.find(CLAIMS, "default", "data-db-1") is not None
    cluster.delete("statefulsets.apps", "default", "db")
    cluster.run_for(60)
    assert cluster.list(CLAIMS, "default") == []


def test_claims_go_with_the_pod_that_is_scaled_away():
    cluster = running(2, whenDeleted="Retain", whenScaled="Delete")
    assert owners(cluster, "data-db-1") == []
    cluster.patch("statefulsets.apps", "default", "db", {"spec": {"replicas": 1}})
    cluster.run_for(60)
    assert [c["metadata"]["name"] for c in cluster.list(CLAIMS, "default")] == ["data-db-0"]
    cluster.delete("statefulsets.apps", "default", "db")
    cluster.run_for(60)
    assert [c["metadata"]["name"] for c in cluster.list(CLAIMS, "default")] == ["data-db-0"]
