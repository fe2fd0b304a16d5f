"""A Pod's own claims come and go with it."""

from __future__ import annotations

from tests.support.cluster import Cluster


def _pod() -> dict:
    template = {
        "metadata": {"labels": {"of": "scratch"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "worker"},
        "spec": {
            "containers": [{"name": "c", "image": "nginx"}],
            "volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}],
        },
    }


def test_pod_runs_on_a_claim_made_from_its_template_and_takes_it_along() -> None:
    cluster = Cluster(workers=1, addons="default")
    pod = cluster.create("pods", _pod())
    cluster.run_until_idle()
    assert cluster.get("pods", "default", "worker")["status"]["phase"] == "Running"
    claim = cluster.get("persistentvolumeclaims", "default", "worker-scratch")
    assert claim["status"]["phase"] == "Bound"
    assert claim["metadata"]["labels"] == {"of": "scratch"}
    (owner,) = claim["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Pod", pod["metadata"]["uid"], True)
    cluster.delete("pods", "default", "worker")
    cluster.run_until_idle()
    assert cluster.list("persistentvolumeclaims") == []


def test_claim_of_somebody_else_is_not_taken() -> None:
    cluster = Cluster(workers=1, addons="default")
    spec = _pod()["spec"]["volumes"][0]["ephemeral"]["volumeClaimTemplate"]["spec"]
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "worker-scratch"}, "spec": spec}
    cluster.create("persistentvolumeclaims", claim)
    cluster.create("pods", _pod())
    cluster.run_until_idle()
    assert cluster.get("pods", "default", "worker")["status"]["phase"] == "Pending"
    texts = [e["message"] for e in cluster.list("events") if e["reason"] == "FailedBinding"]
    assert texts == [
        "ephemeral volume scratch: PVC default/worker-scratch was not created for pod default/worker (pod is not owner)"
    ]
