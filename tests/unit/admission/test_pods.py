"""What the plugins make of a Pod: identity, limits, priority, tolerations, runtime, place."""

from __future__ import annotations

import re
from typing import Any

import pytest

from clusters.kernel.clock import MINUTE
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj, UserInfo
from tests.support.admitted import JANE, Admitted, kind
from tests.support.objects import START, container, pod

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"


def limits(*entries: Obj) -> Obj:
    return kind("v1", "LimitRange", "l", spec={"limits": list(entries)})


def priority(name: str, value: int, **fields: Any) -> Obj:
    return kind("scheduling.k8s.io/v1", "PriorityClass", name, value=value, **fields)


def test_a_plain_pod_gets_identity_tolerations_and_priority() -> None:
    spec = Admitted(JANE).create(pod())["spec"]
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    (mount,) = spec["containers"][0]["volumeMounts"]
    (volume,) = spec["volumes"]
    assert mount == {"name": volume["name"], "readOnly": True, "mountPath": TOKEN}
    assert volume["name"].startswith("kube-api-access-")
    assert len(volume["name"]) == len("kube-api-access-") + 5
    assert [next(iter(s)) for s in volume["projected"]["sources"]] == [
        "serviceAccountToken",
        "configMap",
        "downwardAPI",
    ]
    assert [(t["key"], t["tolerationSeconds"]) for t in spec["tolerations"]] == [
        ("node.kubernetes.io/not-ready", 300),
        ("node.kubernetes.io/unreachable", 300),
    ]
    assert spec["priority"] == 0
    assert spec["preemptionPolicy"] == "PreemptLowerPriority"


def test_no_token_if_the_pod_or_its_account_says_so() -> None:
    cluster = Admitted(JANE)
    assert "volumes" not in cluster.create(pod(automountServiceAccountToken=False))["spec"]
    cluster.create(kind("v1", "ServiceAccount", "bare", automountServiceAccountToken=False))
    assert "volumes" not in cluster.create(pod(name="q", serviceAccountName="bare"))["spec"]
    wanted = cluster.create(pod(name="r", serviceAccountName="bare", automountServiceAccountToken=True))
    assert "volumes" in wanted["spec"]


def test_a_container_with_its_own_mount_keeps_it() -> None:
    own = {"name": "mine", "mountPath": TOKEN}
    spec = Admitted().create(
        pod(containers=[container(volumeMounts=[own])], volumes=[{"name": "mine", "emptyDir": {}}])
    )["spec"]
    assert spec["containers"][0]["volumeMounts"] == [own]
    assert len(spec["volumes"]) == 1


def test_pull_secrets_come_from_the_account() -> None:
    cluster = Admitted()
    cluster.create(kind("v1", "ServiceAccount", "puller", imagePullSecrets=[{"name": "registry"}]))
    assert cluster.create(pod(serviceAccountName="puller"))["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    own = [{"name": "own"}]
    assert (
        cluster.create(pod(name="q", serviceAccountName="puller", imagePullSecrets=own))["spec"]["imagePullSecrets"]
        == own
    )


def test_an_account_must_exist() -> None:
    why = Admitted().forbidden(pod(serviceAccountName="nobody"))
    assert why == (
        'pods "p" is forbidden: error looking up service account test/nobody: serviceaccount "nobody" not found'
    )


def test_mirror_pods_carry_nothing_of_the_cluster() -> None:
    mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}}
    why = Admitted().forbidden(pod(meta=mirror, serviceAccountName="default"))
    assert why == 'pods "p" is forbidden: a mirror pod may not reference service accounts'


def test_containers_take_defaults_of_limit_ranges() -> None:
    cluster = Admitted()
    cluster.create(limits({"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "100m"}}))
    stored = cluster.create(pod(initContainers=[container(name="i", resources={"limits": {"cpu": "500m"}})]))
    assert stored["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "100m"}}
    assert stored["spec"]["initContainers"][0]["resources"] == {
        "limits": {"cpu": "500m"},
        "requests": {"cpu": "500m"},
    }, "requests follow limits before ranges are asked"
    assert stored["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu request for container c; cpu limit for container c"
    )


@pytest.mark.parametrize(
    "entry,resources,why",
    [
        (
            {"type": "Container", "max": {"cpu": "1"}},
            {"limits": {"cpu": "2"}},
            "maximum cpu usage per Container is 1, but limit is 2",
        ),
        (
            {"type": "Container", "min": {"memory": "1Gi"}},
            {"requests": {"memory": "512Mi"}},
            "minimum memory usage per Container is 1Gi, but request is 512Mi",
        ),
        (
            {"type": "Pod", "max": {"cpu": "1"}},
            {"requests": {"cpu": "100m"}},
            "maximum cpu usage per Pod is 1.  No limit is specified",
        ),
        (
            {"type": "Pod", "max": {"cpu": "1"}},
            {"limits": {"cpu": "2"}},
            "maximum cpu usage per Pod is 1, but limit is 2",
        ),
        (
            {"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}},
            {"requests": {"cpu": "100m"}, "limits": {"cpu": "500m"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000",
        ),
    ],
)
def test_limits_are_kept(entry: Obj, resources: Obj, why: str) -> None:
    cluster = Admitted()
    cluster.create(limits(entry))
    found = cluster.forbidden(pod(containers=[container(resources=resources)]))
    assert found == f'pods "p" is forbidden: {why}'


def test_a_claim_is_kept_within_limits() -> None:
    cluster = Admitted()
    cluster.create(limits({"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}))
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
    why = cluster.forbidden(kind("v1", "PersistentVolumeClaim", "c", spec=spec))
    assert why == (
        'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but'
        " request is 2Gi"
    )


def test_a_priority_is_looked_up() -> None:
    cluster = Admitted()
    cluster.create(priority("high", 1000, preemptionPolicy="Never"))
    spec = cluster.create(pod(priorityClassName="high"))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")
    assert cluster.forbidden(pod(name="q", priorityClassName="nope")) == (
        'pods "q" is forbidden: no PriorityClass with name nope was found'
    )
    assert cluster.forbidden(pod(name="q", priorityClassName="high", priority=5)) == (
        'pods "q" is forbidden: the integer value of priority (5) must not be provided in pod spec;'
        " priority admission controller computed 1000 from the given PriorityClass name"
    )


def test_one_class_is_the_default() -> None:
    cluster = Admitted()
    cluster.create(priority("normal", 7, globalDefault=True))
    spec = cluster.create(pod())["spec"]
    assert (spec["priorityClassName"], spec["priority"]) == ("normal", 7)
    assert cluster.forbidden(priority("other", 8, globalDefault=True)) == (
        'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass normal is already marked as'
        " globalDefault. Only one default can exist"
    )


def test_own_tolerations_stay() -> None:
    own = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
    spec = Admitted().create(pod(tolerations=[own]))["spec"]
    assert [(t["key"], t["tolerationSeconds"]) for t in spec["tolerations"]] == [
        ("node.kubernetes.io/not-ready", 5),
        ("node.kubernetes.io/unreachable", 300),
    ]


def test_a_runtime_brings_its_overhead_and_its_place() -> None:
    cluster = Admitted()
    scheduling = {"nodeSelector": {"sandbox": "yes"}, "tolerations": [{"key": "sandbox", "operator": "Exists"}]}
    runtime = kind(
        "node.k8s.io/v1",
        "RuntimeClass",
        "sandboxed",
        handler="gvisor",
        overhead={"podFixed": {"cpu": "100m"}},
        scheduling=scheduling,
    )
    cluster.create(runtime)
    spec = cluster.create(pod(runtimeClassName="sandboxed"))["spec"]
    assert spec["overhead"] == {"cpu": "100m"}
    assert spec["nodeSelector"] == {"sandbox": "yes"}
    assert {"key": "sandbox", "operator": "Exists"} in spec["tolerations"]
    conflicting = pod(name="q", runtimeClassName="sandboxed", nodeSelector={"sandbox": "no"})
    assert "conflict: runtimeClass.scheduling.nodeSelector" in cluster.forbidden(conflicting)
    assert cluster.forbidden(pod(name="q", runtimeClassName="none")) == (
        'pods "q" is forbidden: pod rejected: RuntimeClass "none" not found'
    )


def test_a_bound_pod_learns_where_its_node_is() -> None:
    cluster = Admitted()
    labels = {"topology.kubernetes.io/zone": "a", "topology.kubernetes.io/region": "r", "other": "x"}
    node = kind("v1", "Node", "n1")
    node["metadata"]["labels"] = labels
    cluster.create(node)
    stored = cluster.create(pod(nodeName="n1"))
    assert stored["metadata"]["labels"] == {k: v for k, v in labels.items() if k != "other"}


def test_nothing_starts_in_a_namespace_that_ends() -> None:
    cluster = Admitted()
    cluster.delete(cluster.get("namespaces", "test"))
    assert cluster.forbidden(pod()) == (
        'pods "p" is forbidden: unable to create new content in namespace test because it is being terminated'
    )


def test_a_namespace_must_exist() -> None:
    cluster = Admitted()
    with pytest.raises(ApiError, match='namespaces "nowhere" not found'):
        cluster.registry.create(cluster.resources["pods"], "nowhere", pod(), cluster._options())


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_namespaces_of_the_system_stay(name: str) -> None:
    cluster = Admitted()
    stored = cluster.create(kind("v1", "Namespace", name))
    with pytest.raises(ApiError, match="this namespace may not be deleted"):
        cluster.delete(stored)


def test_a_kubelet_is_kept_to_its_own() -> None:
    cluster = Admitted()
    for name in ("n1", "n2"):
        cluster.create(kind("v1", "Node", name))
    cluster.create(pod(nodeName="n2"))
    cluster.user = UserInfo("system:node:n1", ("system:nodes", "system:authenticated"))
    with pytest.raises(ApiError) as refused:
        cluster.patch(cluster.get("pods", "p"), {"status": {"phase": "Running"}}, subresource="status")
    assert refused.value.message == (
        'pods "p" is forbidden: node "n1" can only update pod status for pods with spec.nodeName set to itself'
    )
    with pytest.raises(ApiError) as refused:
        cluster.patch(cluster.get("nodes", "n2"), {"status": {"phase": "x"}}, subresource="status")
    assert refused.value.message == 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"'
    cluster.patch(cluster.get("nodes", "n1"), {"status": {"phase": "Running"}}, subresource="status")


def test_a_new_node_is_tainted_until_it_is_ready() -> None:
    (taint,) = Admitted().create(kind("v1", "Node", "n"))["spec"]["taints"]
    assert taint == {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def test_a_young_namespace_need_not_have_its_account_yet() -> None:
    cluster = Admitted()
    cluster.create(kind("v1", "Namespace", "young"))
    made = cluster.registry.create(cluster.resources["pods"], "young", pod(), cluster._options())
    assert made.wire["spec"]["serviceAccountName"] == "default"
    cluster.clock.advance_to(START + 120 * MINUTE)
    with pytest.raises(ApiError, match="error looking up service account young/default"):
        cluster.registry.create(cluster.resources["pods"], "young", pod(name="q"), cluster._options())


NODE = UserInfo("system:node:n1", ("system:nodes", "system:authenticated"))


def mirror(uid: str, **fields: Any) -> Obj:
    """A static Pod's mirror on n1, as its kubelet creates it."""
    made = pod(name="static-n1", nodeName="n1", **fields)
    made["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    made["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": uid, "controller": True}
    ]
    return made


@pytest.mark.parametrize(
    ("owner", "why"),
    [
        ({"kind": "Pod"}, 'node "n1" can only create pods with an owner reference set to itself'),
        ({"name": "n2"}, 'node "n1" can only create pods with an owner reference set to itself'),
        ({"controller": False}, 'node "n1" can only create pods with a controller owner reference set to itself'),
        ({"blockOwnerDeletion": True}, 'node "n1" must not set blockOwnerDeletion on an owner reference'),
        ({"uid": "other"}, "node n1 UID mismatch: expected other got "),
    ],
)
def test_a_mirror_pod_is_owned_by_its_node(owner: Obj, why: str) -> None:
    cluster = Admitted()
    node = cluster.create(kind("v1", "Node", "n1"))
    cluster.user = NODE
    made = mirror(node["metadata"]["uid"])
    made["metadata"]["ownerReferences"][0].update(owner)
    assert f'pods "static-n1" is forbidden: {why}' in cluster.forbidden(made)


def test_a_mirror_pod_has_one_owner() -> None:
    cluster = Admitted()
    uid = cluster.create(kind("v1", "Node", "n1"))["metadata"]["uid"]
    cluster.user = NODE
    made = mirror(uid)
    made["metadata"]["ownerReferences"] *= 2
    assert "can only create pods with a single owner reference set to itself" in cluster.forbidden(made)
    del made["metadata"]["ownerReferences"]
    assert "can only create pods with an owner reference set to itself" in cluster.forbidden(made)
    assert cluster.forbidden(mirror(uid)) == ""


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ({"secret": {"secretName": "s"}}, "secrets"),
        ({"csi": {"driver": "d", "nodePublishSecretRef": {"name": "s"}}}, "secrets"),
        ({"configMap": {"name": "c"}}, "configmaps"),
        ({"persistentVolumeClaim": {"claimName": "c"}}, "persistentvolumeclaims"),
    ],
)
def test_a_mirror_pod_needs_nothing_of_the_api(source: Obj, what: str) -> None:
    cluster = Admitted()
    uid = cluster.create(kind("v1", "Node", "n1"))["metadata"]["uid"]
    cluster.user = NODE
    refused = cluster.forbidden(mirror(uid, volumes=[{"name": "v", **source}]))
    assert refused in (
        f'pods "static-n1" is forbidden: node "n1" can not create pods that reference {what}',
        'pods "static-n1" is forbidden: a mirror pod may not reference secrets',
    )


@pytest.mark.parametrize("label", ["node-restriction.kubernetes.io/a", "x.k8s.io/b", "kubernetes.io/c"])
def test_a_kubelet_labels_its_node_with_what_it_knows(label: str) -> None:
    cluster = Admitted(NODE)
    node = kind("v1", "Node", "n1")
    node["metadata"]["labels"] = {label: "", "kubernetes.io/hostname": "n1", "node.kubernetes.io/x": "", "own": ""}
    assert cluster.forbidden(node) == (
        f'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: {label}'
    )
    del node["metadata"]["labels"][label]
    stored = cluster.create(node)
    with pytest.raises(ApiError) as refused:
        cluster.patch(stored, {"metadata": {"labels": {label: "", "own": "1"}}})
    assert refused.value.message == f'nodes "n1" is forbidden: is not allowed to modify labels: {label}'


def test_a_kubelet_publishes_its_own_slices() -> None:
    slice_ = kind("resource.k8s.io/v1", "ResourceSlice", "s")
    slice_["spec"] = {
        "driver": "d.example.com",
        "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
        "nodeName": "n2",
    }
    assert Admitted(NODE).forbidden(slice_) == (
        'resourceslices.resource.k8s.io "s" is forbidden: can only create ResourceSlice with the same NodeName as the'
        " requesting node"
    )


def test_tolerations_that_others_include_are_left_out() -> None:
    cluster = Admitted()
    anything = {"operator": "Exists", "effect": "NoSchedule"}
    one = {"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"}
    scheduling = {"tolerations": [anything]}
    cluster.create(kind("node.k8s.io/v1", "RuntimeClass", "r", handler="h", scheduling=scheduling))
    stored = cluster.create(pod(runtimeClassName="r", tolerations=[one, {**one, "effect": "NoExecute"}]))
    first, *_, last = stored["spec"]["tolerations"]
    assert (first, last) == ({**one, "effect": "NoExecute"}, anything)


def test_a_name_that_is_yet_to_be_made_up_is_told_as_its_prefix() -> None:
    cluster = Admitted()
    made = pod(serviceAccountName="nobody")
    made["metadata"] = {"generateName": "web-"}
    assert cluster.forbidden(made).startswith('pods "web-" is forbidden: error looking up service account')
    none = {"pods": "0"}
    quota = cluster.create(kind("v1", "ResourceQuota", "q", spec={"hard": none}))
    cluster.patch(quota, {"status": {"hard": none, "used": none}}, subresource="status")
    made = pod()
    made["metadata"] = {"generateName": "web-"}
    assert re.match(r'pods "web-\w{5}" is forbidden: exceeded quota: q', cluster.forbidden(made))
