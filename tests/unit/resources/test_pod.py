"""Pods: what is filled in, what may change, how they go."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.types import Obj
from clusters.resources.core.pod_status import restarts
from clusters.resources.pod_spec.defaults import image_pull_policy
from tests.support.objects import Objects, container, pod


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("reg:5000/nginx", "Always"),
        ("reg:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:abc", "IfNotPresent"),
        ("nginx:latest@sha256:abc", "Always"),
        ("", "IfNotPresent"),
    ],
)
def test_pull_policy(image: str, wanted: str) -> None:
    assert image_pull_policy(image) == wanted


def resources(cpu: str = "", memory: str = "", *, only: str = "") -> Obj:
    amounts = {name: value for name, value in (("cpu", cpu), ("memory", memory)) if value}
    return {only: amounts} if only else {"requests": amounts, "limits": amounts}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, "BestEffort"),
        ({"containers": [container(resources=resources("1", "1Gi"))]}, "Guaranteed"),
        ({"containers": [container(resources=resources("1", "1Gi", only="limits"))]}, "Guaranteed"),
        ({"containers": [container(resources=resources("1", "1Gi", only="requests"))]}, "Burstable"),
        ({"containers": [container(resources=resources("1"))]}, "Burstable"),
        ({"containers": [container(resources={"limits": {"nvidia.com/gpu": "1"}})]}, "BestEffort"),
        (
            {"containers": [container(resources=resources("1", "1Gi"))], "initContainers": [container(name="i")]},
            "Burstable",
        ),
        ({"resources": resources("1", "1Gi")}, "Guaranteed"),
        ({"resources": resources("1")}, "Burstable"),
    ],
)
def test_qos_class(spec: Obj, wanted: str) -> None:
    assert Objects().create(pod(**spec))["status"]["qosClass"] == wanted


def test_limits_are_requests_unless_told() -> None:
    given = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}
    stored = Objects().create(pod(containers=[container(resources=given)]))
    assert stored["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}


def test_defaults_are_filled_in_once() -> None:
    objects = Objects()
    stored = objects.create(pod(volumes=[{"name": "v"}, {"name": "s", "secret": {"secretName": "x"}}]))
    again = objects.patch(stored, {})
    assert again == stored
    assert stored["spec"]["volumes"][0] == {"name": "v", "emptyDir": {}}
    assert stored["spec"]["volumes"][1]["secret"]["defaultMode"] == 0o644


def test_match_label_keys_become_expressions() -> None:
    term = {"topologyKey": "z", "labelSelector": {"matchLabels": {"app": "w"}}}
    stored = Objects().create(
        pod(
            meta={"labels": {"app": "w", "hash": "1"}},
            topologySpreadConstraints=[
                {**term, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "matchLabelKeys": ["hash", "absent"]}
            ],
            affinity={
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [{**term, "mismatchLabelKeys": ["hash"]}]
                }
            },
        )
    )
    spread = stored["spec"]["topologySpreadConstraints"][0]["labelSelector"]
    assert spread["matchExpressions"] == [{"key": "hash", "operator": "In", "values": ["1"]}]
    anti = stored["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
    assert anti["labelSelector"]["matchExpressions"] == [{"key": "hash", "operator": "NotIn", "values": ["1"]}]


def test_a_gated_pod_says_so() -> None:
    stored = Objects().create(pod(schedulingGates=[{"name": "wait"}]))
    assert [(c["type"], c["reason"]) for c in stored["status"]["conditions"]] == [("PodScheduled", "SchedulingGated")]


@pytest.mark.parametrize(
    ("spec", "change"),
    [
        ({}, {"spec": {"activeDeadlineSeconds": 5}}),
        ({"tolerations": []}, {"spec": {"tolerations": [{"key": "a", "operator": "Exists"}]}}),
        ({"schedulingGates": [{"name": "g"}]}, {"spec": {"schedulingGates": []}}),
        ({"schedulingGates": [{"name": "g"}]}, {"spec": {"nodeSelector": {"disk": "ssd"}}}),
        ({"terminationGracePeriodSeconds": -5}, {"spec": {"terminationGracePeriodSeconds": 1}}),
    ],
)
def test_what_may_change_counts_as_a_generation(spec: Obj, change: Obj) -> None:
    objects = Objects()
    stored = objects.create(pod(**spec))
    assert stored["metadata"]["generation"] == 1
    assert objects.patch(stored, change)["metadata"]["generation"] == 2


def test_labels_and_status_do_not_count() -> None:
    objects = Objects()
    stored = objects.create(pod())
    stored = objects.patch(stored, {"metadata": {"labels": {"a": "b"}}})
    stored = objects.patch(stored, {"status": {"phase": "Running"}}, subresource="status")
    assert (stored["metadata"]["generation"], stored["status"]["phase"]) == (1, "Running")


def test_a_status_keeps_what_its_writer_does_not_know() -> None:
    objects = Objects()
    stored = objects.create(pod())
    conditions = [{"type": "Ready", "status": "True", "observedGeneration": 1}]
    sent: Obj = {"observedGeneration": 1, "conditions": conditions, "podIP": "10.0.0.1"}
    objects.patch(stored, {"status": sent}, subresource="status")
    stored = objects.patch(
        stored,
        {"status": {"observedGeneration": None, "conditions": [{"type": "Ready", "status": "False"}]}},
        subresource="status",
    )
    status = stored["status"]
    assert status["observedGeneration"] == 1
    assert status["conditions"][0]["observedGeneration"] == 1
    assert status["podIPs"] == [{"ip": "10.0.0.1"}]


def test_ephemeral_containers_are_added_beside_the_rest() -> None:
    objects = Objects()
    stored = objects.create(pod())
    change = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "busybox"}], "nodeName": "n"}}
    stored = objects.patch(stored, change, subresource="ephemeralcontainers")
    assert [c["name"] for c in stored["spec"]["ephemeralContainers"]] == ["debug"]
    assert "nodeName" not in stored["spec"]
    gone = objects.patch_refused(stored, {"spec": {"ephemeralContainers": []}}, subresource="ephemeralcontainers")
    assert [field for _, field, _ in gone] == ["spec.ephemeralContainers"]


def test_resize_changes_nothing_but_resources() -> None:
    objects = Objects()
    stored = objects.create(pod(containers=[container(resources={"requests": {"cpu": "1"}})]))
    bigger = {**stored["spec"]["containers"][0], "resources": {"requests": {"cpu": "2"}}, "image": "other"}
    stored = objects.patch(stored, {"spec": {"containers": [bigger]}}, subresource="resize")
    assert stored["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "2"}}
    assert stored["spec"]["containers"][0]["image"] == "nginx"


@pytest.mark.parametrize(
    ("node", "phase", "grace", "gone", "left"),
    [
        ("", "Pending", None, True, 0),
        ("n", "Running", None, False, 30),
        ("n", "Running", 5, False, 5),
        ("n", "Running", 0, True, 0),
        ("n", "Succeeded", None, True, 0),
        ("n", "Failed", 10, True, 0),
    ],
)
def test_deletion(node: str, phase: str, grace: int | None, gone: bool, left: int) -> None:
    objects = Objects()
    stored = objects.create(pod(nodeName=node) if node else pod())
    objects.patch(stored, {"status": {"phase": phase}}, subresource="status")
    deleted, done = objects.delete(stored, grace)
    assert done is gone
    assert deleted["metadata"]["deletionGracePeriodSeconds"] == left


def test_a_negative_grace_period_is_one_second() -> None:
    objects = Objects()
    stored = objects.create(pod(nodeName="n", terminationGracePeriodSeconds=-3))
    assert objects.delete(stored)[0]["metadata"]["deletionGracePeriodSeconds"] == 1


@pytest.mark.parametrize(
    ("policy", "fields", "code", "wanted"),
    [
        ("Always", {}, 0, True),
        ("OnFailure", {}, 0, False),
        ("OnFailure", {}, 1, True),
        ("Never", {}, 1, False),
        ("Never", {"restartPolicy": "Always"}, 0, True),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": [("In", [42])]}, 42, True),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": [("In", [42])]}, 1, False),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": [("NotIn", [42])]}, 1, True),
    ],
)
def test_restarts(policy: str, fields: dict[str, Any], code: int, wanted: bool) -> None:
    rules = [
        {"action": "Restart", "exitCodes": {"operator": operator, "values": values}}
        for operator, values in fields.pop("restartPolicyRules", ())
    ]
    one = container(**fields, **({"restartPolicyRules": rules} if rules else {}))
    assert restarts(one, {"restartPolicy": policy}, code) is wanted


def warned(spec: Obj, **meta: Any) -> list[str]:
    objects = Objects()
    objects.create(pod(meta=meta, **spec))
    return objects.warnings


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"nodeSelector": {"beta.kubernetes.io/os": "linux"}}, "spec.nodeSelector[beta.kubernetes.io/os]: deprecated"),
        ({"containers": [container(env=[{"name": "A"}, {"name": "A"}])]}, "hides previous definition"),
        ({"terminationGracePeriodSeconds": -1}, "negative values are invalid and will be treated as 1"),
        (
            {"containers": [container(ports=[{"containerPort": 80}, {"containerPort": 80}])]},
            "duplicate port definition",
        ),
        ({"containers": [container(resources={"requests": {"memory": "100m"}})]}, "fractional byte value"),
        (
            {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}]},
            "a null labelSelector results in matching no pod",
        ),
        ({"volumes": [{"name": "g", "gitRepo": {"repository": "r"}}]}, "deprecated in v1.11"),
        ({"imagePullSecrets": [{"name": ""}]}, "invalid empty name"),
    ],
)
def test_warnings(spec: Obj, wanted: str) -> None:
    found = warned(spec)
    assert len(found) == 1, found
    assert wanted in found[0]


def test_a_name_with_dots_is_warned_of() -> None:
    objects = Objects()
    objects.create(pod(name="a.b"))
    assert objects.warnings == [
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is"
        " recommended: [must not contain dots]"
    ]
