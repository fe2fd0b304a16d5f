"""The chain as a whole: its order, and that a write meets only the plugins that it concerns."""

from __future__ import annotations

import pytest

from clusters.admission.chain import Chain, default_chain
from clusters.admission.plugin import Plugin
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource
from clusters.resources.catalog import BUILTIN
from tests.support.admitted import Admitted
from tests.support.objects import pod

RESOURCES = {r.qualified: r for r in BUILTIN}
ORDER = [
    "NamespaceLifecycle",
    "LimitRanger",
    "ServiceAccount",
    "NodeRestriction",
    "TaintNodesByCondition",
    "PodSecurity",
    "Priority",
    "DefaultTolerationSeconds",
    "DefaultStorageClass",
    "StorageObjectInUseProtection",
    "PersistentVolumeClaimResize",
    "RuntimeClass",
    "CertificateApproval",
    "CertificateSigning",
    "CertificateSubjectRestriction",
    "DefaultIngressClass",
    "PodTopologyLabels",
    "MutatingAdmissionPolicy",
    "ValidatingAdmissionPolicy",
    "ResourceQuota",
]


def concerned(operation: str, qualified: str, subresource: str = "") -> list[str]:
    plugins = default_chain(policies=()).plugins  # those look at everything
    return [p.name for p in plugins if p.handles(operation, RESOURCES[qualified], subresource)]


def test_plugins_are_asked_in_the_order_of_a_real_server() -> None:
    assert [p.name for p in default_chain().plugins] == ORDER


def test_policies_come_before_the_quota() -> None:
    class Policy(Plugin):
        name = "Policy"

    names = [p.name for p in default_chain(policies=[Policy()]).plugins]
    assert names[-2:] == ["Policy", "ResourceQuota"]


@pytest.mark.parametrize(
    "operation,qualified,subresource,names",
    [
        ("UPDATE", "configmaps", "", []),
        ("UPDATE", "leases.coordination.k8s.io", "", []),
        ("UPDATE", "deployments.apps", "status", []),
        ("UPDATE", "pods", "status", ["NodeRestriction"]),
        ("CREATE", "configmaps", "", ["NamespaceLifecycle", "ResourceQuota"]),
        ("CREATE", "nodes", "", ["NodeRestriction", "TaintNodesByCondition"]),
        ("UPDATE", "certificatesigningrequests.certificates.k8s.io", "approval", ["CertificateApproval"]),
    ],
)
def test_a_write_meets_only_whom_it_concerns(
    operation: str, qualified: str, subresource: str, names: list[str]
) -> None:
    found = concerned(operation, qualified, subresource)
    assert [name for name in found if name in names] == names
    assert len(found) <= len(names) + 2, found


def test_the_answer_of_handles_is_remembered() -> None:
    asked: list[str] = []

    class Curious(Plugin):
        name = "Curious"

        def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
            asked.append(f"{operation} {resource.qualified}")
            return resource.name == "pods"

        def admit(self, attrs: Attributes) -> None:
            asked.append("admitted")

    cluster = Admitted()
    cluster.registry.admission = Chain([Curious()])
    for name in ("a", "b"):
        cluster.create(pod(name=name))
    assert asked == ["CREATE pods", "admitted", "admitted"]
