"""Pod security: every check of the two levels, with the words that users read."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.admitted import Admitted
from tests.support.objects import container, pod, workload

ENFORCE = "pod-security.kubernetes.io/enforce"
SAFE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def cluster(**labels: str) -> Admitted:
    return Admitted(labels={f"pod-security.kubernetes.io/{k.replace('_', '-')}": v for k, v in labels.items()})


def secured(**context: Any) -> Obj:
    return pod(containers=[container(securityContext=context)])


BASELINE = [
    ({"hostNetwork": True}, "host namespaces (hostNetwork=true)"),
    ({"hostPID": True, "hostIPC": True}, "host namespaces (hostPID=true, hostIPC=true)"),
    (
        {"containers": [container(securityContext={"privileged": True})]},
        'privileged (container "c" must not set securityContext.privileged=true)',
    ),
    (
        {"containers": [container(securityContext={"capabilities": {"add": ["SYS_ADMIN", "NET_BIND_SERVICE"]}})]},
        'non-default capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
    ),
    ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, 'hostPath volumes (volume "v")'),
    (
        {"containers": [container(ports=[{"containerPort": 80, "hostPort": 8080}])]},
        'hostPort (container "c" uses hostPort 8080)',
    ),
    (
        {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
        'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ),
    (
        {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
        "forbidden sysctls (kernel.msgmax)",
    ),
    (
        {"securityContext": {"seLinuxOptions": {"type": "x_t", "user": "u"}}},
        'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x_t"; user may not be set)',
    ),
    (
        {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}},
        'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ),
]


@pytest.mark.parametrize("spec,why", BASELINE, ids=lambda x: x.split(" (")[0] if isinstance(x, str) else "")
def test_the_baseline(spec: Obj, why: str) -> None:
    found = cluster(enforce="baseline").forbidden(pod(**spec))
    assert found == f'pods "p" is forbidden: violates PodSecurity "baseline:latest": {why}'


def test_a_safe_pod_is_restricted_enough() -> None:
    assert cluster(enforce="restricted").forbidden(secured(**SAFE)) == ""


@pytest.mark.parametrize(
    "change,why",
    [
        (
            {"allowPrivilegeEscalation": True},
            'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
        ),
        (
            {"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}},
            'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add)',
        ),
        (
            {"runAsNonRoot": False},
            'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
        ),
        (
            {"seccompProfile": None},
            'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault"'
            ' or "Localhost")',
        ),
        ({"runAsUser": 0}, 'runAsUser=0 (container "c" must not set runAsUser=0)'),
    ],
)
def test_the_restricted_level(change: Obj, why: str) -> None:
    found = cluster(enforce="restricted").forbidden(secured(**{**SAFE, **change}))
    assert found == f'pods "p" is forbidden: violates PodSecurity "restricted:latest": {why}'


def test_a_bare_pod_breaks_four_rules_at_once() -> None:
    found = cluster(enforce="restricted").forbidden(pod())
    parts = found.removeprefix('pods "p" is forbidden: violates PodSecurity "restricted:latest": ')
    assert [part.split(" (")[0] for part in parts.split("), ")] == [
        "allowPrivilegeEscalation != false",
        "unrestricted capabilities",
        "runAsNonRoot != true",
        "seccompProfile",
    ]


def test_a_template_is_warned_of_not_refused() -> None:
    made = cluster(enforce="restricted", warn="restricted")
    made.create(workload("Deployment"))
    (warning,) = made.warnings
    assert warning.startswith('would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false')


def test_versions_pin_the_rules() -> None:
    pinned = cluster(enforce="restricted", enforce_version="v1.18")
    assert pinned.forbidden(secured(**{**SAFE, "capabilities": None, "seccompProfile": None})) == ""


def test_labels_must_make_sense() -> None:
    made = cluster()
    found = made.refused(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "labels": {ENFORCE: "no"}}}
    )
    assert [field for _, field, _ in found] == [f"metadata.labels[{ENFORCE}]"]


def test_tightening_a_namespace_tells_who_would_be_out() -> None:
    made = cluster()
    made.create(pod())
    made.create(pod(name="z", hostNetwork=True))
    made.patch(made.get("namespaces", "test"), {"metadata": {"labels": {ENFORCE: "baseline"}}})
    assert made.warnings == [
        'existing pods in namespace "test" violate the new PodSecurity enforce level "baseline:latest"',
        "z: host namespaces",
    ]


def test_no_change_of_what_matters_no_question() -> None:
    made = cluster()
    stored = made.create(pod(hostNetwork=True))
    made.patch(made.get("namespaces", "test"), {"metadata": {"labels": {ENFORCE: "baseline"}}})
    assert made.patch(stored, {"metadata": {"labels": {"a": "b"}}})["metadata"]["labels"] == {"a": "b"}
