"""What the rest of the controllers come to, on a whole cluster."""

from __future__ import annotations

from base64 import b64decode

import pytest

from clusters.client.component import Keys
from clusters.components.controllers import CONTROLLERS
from clusters.components.controllers.node.ipam import ranges
from clusters.components.controllers.shared.hashing import safe_encode, template_hash
from clusters.components.controllers.shared.podcontrol import slow_start
from clusters.machinery.errors import Forbidden
from tests.support.cluster import Cluster, deployment


def test_component_names_are_unique():
    names = [c.name for c in CONTROLLERS]
    assert len(set(names)) == len(names)


def test_template_hash_is_short_and_safe_and_changes_with_collisions():
    template = {"spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    assert template_hash(template, None) == template_hash(
        {"spec": {"containers": [{"image": "nginx", "name": "c"}]}}, 0
    )
    assert template_hash(template, 1) != template_hash(template, None)
    assert set(template_hash(template, None)) <= set("bcdf456789")
    assert safe_encode("0123456789") == "456789bcdf"


def test_slow_start_stops_after_the_batch_that_fails():
    calls = []

    def create():
        calls.append(1)
        if len(calls) > 3:
            raise Forbidden("exceeded quota")

    made, failure = slow_start(20, create)
    assert made == 3
    assert failure is not None
    assert len(calls) == 7


def test_node_ranges_do_not_overlap():
    first = [cidr for cidr, _ in zip(ranges(), range(300), strict=False)]
    assert first[:2] == ["10.244.0.0/24", "10.244.1.0/24"]
    assert first[256] == "10.245.0.0/24"
    assert len(set(first)) == 300


def test_quota_that_is_full_shows_in_the_replica_set_and_the_deployment():
    cluster = Cluster(workers=2, control_planes=0)
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "2"}}}
    cluster.create("resourcequotas", quota)
    cluster.run_for(1)
    cluster.create("deployments.apps", deployment("web", 5))
    cluster.run_for(30)
    found = cluster.get("deployments.apps", "default", "web")["status"]
    assert found["readyReplicas"] == 2
    failure = next(c for c in found["conditions"] if c["type"] == "ReplicaFailure")
    assert (failure["reason"], "exceeded quota: q" in failure["message"]) == ("FailedCreate", True)
    assert cluster.get("resourcequotas", "default", "q")["status"]["used"] == {"pods": "2"}
    cluster.patch("resourcequotas", "default", "q", {"spec": {"hard": {"pods": "10"}}})
    cluster.run_for(300)
    found = cluster.get("deployments.apps", "default", "web")["status"]
    assert found["readyReplicas"] == 5
    assert all(c["type"] != "ReplicaFailure" for c in found["conditions"])


def test_next_pod_of_a_replica_set_prefers_the_node_it_was_dragged_to():
    cluster = Cluster(workers=3, control_planes=0)
    cluster.create("deployments.apps", deployment("web", 1))
    cluster.run_for(20)
    rs, pod = cluster.list("replicasets.apps", "default")[0], cluster.list("pods", "default")[0]
    other = next(n for n in ("node-1", "node-2", "node-3") if n != pod["spec"]["nodeName"])
    wish = {"metadata": {"annotations": {"playground.dev/next-pod-prefers": other}}}
    cluster.patch("replicasets.apps", "default", rs["metadata"]["name"], wish)
    cluster.delete("pods", "default", pod["metadata"]["name"])
    cluster.run_for(20)
    new = next(p for p in cluster.list("pods", "default") if p["metadata"]["name"] != pod["metadata"]["name"])
    assert new["metadata"]["annotations"]["playground.dev/preferred-node"] == other
    assert new["spec"]["nodeName"] == other
    rs = cluster.list("replicasets.apps", "default")[0]
    assert "playground.dev/next-pod-prefers" not in rs["metadata"]["annotations"]


def test_old_replica_sets_beyond_the_limit_are_deleted():
    cluster = Cluster(workers=2, control_planes=0)
    cluster.create("deployments.apps", deployment("web", 1, revisionHistoryLimit=1))
    cluster.run_for(20)
    for tag in ("1.28", "1.29", "1.30"):
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": f"nginx:{tag}"}]}}}}
        cluster.patch("deployments.apps", "default", "web", patch)
        cluster.run_for(30)
    revisions = {
        rs["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
        for rs in cluster.list("replicasets.apps", "default")
    }
    assert revisions == {"3", "4"}


def test_min_ready_seconds_delay_availability():
    cluster = Cluster(workers=2, control_planes=0)
    cluster.create("deployments.apps", deployment("web", 2, minReadySeconds=30))
    cluster.run_for(15)
    status = cluster.get("deployments.apps", "default", "web")["status"]
    assert (status["readyReplicas"], status.get("availableReplicas")) == (2, None)
    cluster.run_for(30)
    assert cluster.get("deployments.apps", "default", "web")["status"]["availableReplicas"] == 2


def test_pod_on_a_node_that_is_no_more_is_collected():
    cluster = Cluster(workers=2, control_planes=0)
    lost = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lost"}}
    cluster.create("pods", {**lost, "spec": {"nodeName": "nowhere", "containers": [{"name": "c", "image": "x"}]}})
    cluster.run_for(39)
    assert cluster.find("pods", "default", "lost") is not None
    cluster.run_for(3)
    assert cluster.find("pods", "default", "lost") is None


def test_nobody_is_evicted_while_every_node_is_silent():
    cluster = Cluster(workers=3, control_planes=0)
    cluster.create("deployments.apps", deployment("web", 3))
    cluster.run_for(20)
    for name in ("node-1", "node-2", "node-3"):
        cluster.patch("machines.playground.dev", "", name, {"spec": {"power": "off"}})
    cluster.run_for(600)
    assert all("deletionTimestamp" not in p["metadata"] for p in cluster.list("pods", "default"))
    effects = {t["effect"] for n in cluster.list("nodes") for t in n["spec"].get("taints") or ()}
    assert effects == {"NoSchedule"}


def test_stopped_scheduler_lets_its_lease_run_out_and_a_new_leader_counts_up():
    cluster = Cluster(workers=1, control_planes=0)
    component = {"apiVersion": "playground.dev/v1", "kind": "Component", "metadata": {"name": "kube-scheduler"}}
    before = cluster.get("leases.coordination.k8s.io", "kube-system", "kube-scheduler")
    cluster.create("components.playground.dev", {**component, "spec": {"state": "stopped"}})
    cluster.run_for(60)
    cluster.patch("components.playground.dev", "", "kube-scheduler", {"spec": {"state": "running"}})
    cluster.run_for(1)
    after = cluster.get("leases.coordination.k8s.io", "kube-system", "kube-scheduler")
    assert after["spec"]["leaseTransitions"] == before["spec"]["leaseTransitions"] + 1
    assert after["spec"]["holderIdentity"] != before["spec"]["holderIdentity"]


def test_claim_is_provisioned_where_its_pod_runs_grows_and_goes_with_its_volume():
    cluster = Cluster(workers=2, control_planes=0, addons="default")
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    cluster.create("persistentvolumeclaims", {**claim, "spec": asked})
    cluster.run_for(5)
    assert cluster.get("persistentvolumeclaims", "default", "data")["status"]["phase"] == "Pending"
    volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "user"}}
    cluster.create("pods", {**pod, "spec": {"containers": [{"name": "c", "image": "nginx"}], "volumes": volumes}})
    cluster.run_for(20)
    assert cluster.get("pods", "default", "user")["status"]["phase"] == "Running"
    cluster.patch(
        "persistentvolumeclaims", "default", "data", {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}
    )
    cluster.run_for(5)
    assert cluster.get("persistentvolumeclaims", "default", "data")["status"]["capacity"] == {"storage": "3Gi"}
    cluster.delete("pods", "default", "user")
    cluster.delete("persistentvolumeclaims", "default", "data")
    cluster.run_for(10)
    assert cluster.list("persistentvolumes") == []


def test_events_are_gone_an_hour_after_they_were_last_told():
    cluster = Cluster(workers=1, control_planes=0)
    bad = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bad"}}
    spec = {"containers": [{"name": "c", "image": "busybox", "command": ["false"]}]}
    cluster.create("pods", {**bad, "spec": spec})
    cluster.run_for(3500)
    assert any(e["reason"] == "Starting" for e in cluster.list("events"))
    cluster.run_for(200)
    reasons = {e["reason"] for e in cluster.list("events")}
    assert "Starting" not in reasons
    assert "BackOff" in reasons


@pytest.mark.parametrize("size", [0, 1])
def test_idle_cluster_writes_nothing(size):
    cluster = Cluster(workers=3, control_planes=1)
    cluster.create("deployments.apps", deployment("web", size))
    cluster.run_for(2 * 3600)
    before = cluster.store.head().rev
    cluster.run_for(24 * 3600)
    assert cluster.store.head().rev == before


def test_secret_that_asks_for_a_token_is_filled_and_goes_with_its_account():
    cluster = Cluster(workers=0, control_planes=0, boot=False)
    cluster.session.keys = Keys(sign_token=lambda claims: f"signed {claims['sub']}")
    cluster.run_for(1)
    cluster.create("serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}})
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "t", "annotations": {"kubernetes.io/service-account.name": "robot"}},
        "type": "kubernetes.io/service-account-token",
    }
    cluster.create("secrets", secret)
    cluster.run_for(1)
    found = cluster.get("secrets", "default", "t")
    assert b64decode(found["data"]["token"]) == b"signed system:serviceaccount:default:robot"
    assert b64decode(found["data"]["namespace"]) == b"default"
    assert found["metadata"]["annotations"]["kubernetes.io/service-account.uid"]
    cluster.delete("serviceaccounts", "default", "robot")
    cluster.run_for(1)
    assert cluster.find("secrets", "default", "t") is None
