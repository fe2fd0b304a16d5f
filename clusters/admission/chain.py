"""The admission chain, in the order of the real server.

For each kind of write (operation, resource, subresource) the chain works out once which plugins care, and then
calls just those. Models: apiserver, pkg/admission/chain.go; kubernetes, kubeapiserver/options/plugins.go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clusters.admission.certificates import (
    CertificateApproval,
    CertificateSigning,
    CertificateSubjectRestriction,
)
from clusters.admission.default_ingress_class import DefaultIngressClass
from clusters.admission.default_storage_class import DefaultStorageClass
from clusters.admission.default_toleration_seconds import DefaultTolerationSeconds
from clusters.admission.limit_ranger import LimitRanger
from clusters.admission.mutating_admission_policy import MutatingAdmissionPolicy
from clusters.admission.namespace_lifecycle import NamespaceLifecycle
from clusters.admission.node_restriction import NodeRestriction
from clusters.admission.persistent_volume_claim_resize import PersistentVolumeClaimResize
from clusters.admission.plugin import Plugin
from clusters.admission.pod_security.plugin import PodSecurity
from clusters.admission.pod_topology_labels import PodTopologyLabels
from clusters.admission.priority import Priority
from clusters.admission.resource_quota import ResourceQuota
from clusters.admission.runtime_class import RuntimeClass
from clusters.admission.service_account import ServiceAccount
from clusters.admission.storage_object_in_use_protection import StorageObjectInUseProtection
from clusters.admission.taint_nodes_by_condition import TaintNodesByCondition
from clusters.admission.validating_admission_policy import ValidatingAdmissionPolicy
from clusters.registry.attributes import Attributes

Step = Callable[[Attributes], None]
_Plan = tuple[tuple[Step, ...], tuple[Step, ...]]


class Chain:
    """Implements `registry.attributes.Admission` over plugins that are asked in order."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = tuple(plugins)
        self._plans: dict[tuple[str, str, str, str], _Plan] = {}

    def admit(self, attrs: Attributes) -> None:
        steps = self._plan(attrs)[0]
        for step in steps:
            step(attrs)
        if attrs.changed and attrs.again is not None:
            # What a policy added may lack what the plugins before it add: a container's token, its limits.
            for step in steps:
                step(attrs)

    def validate(self, attrs: Attributes) -> None:
        for step in self._plan(attrs)[1]:
            step(attrs)

    def _plan(self, attrs: Attributes) -> _Plan:
        resource = attrs.resource
        key = (attrs.operation, resource.group, resource.name, attrs.subresource)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._make(attrs)
        return plan

    def _make(self, attrs: Attributes) -> _Plan:
        concerned = [p for p in self.plugins if p.handles(attrs.operation, attrs.resource, attrs.subresource)]
        return (
            tuple(p.admit for p in concerned if type(p).admit is not Plugin.admit),
            tuple(p.validate for p in concerned if type(p).validate is not Plugin.validate),
        )


POLICIES: tuple[Plugin, ...] = (MutatingAdmissionPolicy(), ValidatingAdmissionPolicy())
"""Those of CEL; they look at every write, and find nothing to do where no policy is bound."""


def default_chain(*, policies: Sequence[Plugin] = POLICIES) -> Chain:
    """The plugins that a real server has on by default; `policies` stand behind all others but the quota."""
    return Chain(
        (
            NamespaceLifecycle(),
            LimitRanger(),
            ServiceAccount(),
            NodeRestriction(),
            TaintNodesByCondition(),
            PodSecurity(),
            Priority(),
            DefaultTolerationSeconds(),
            DefaultStorageClass(),
            StorageObjectInUseProtection(),
            PersistentVolumeClaimResize(),
            RuntimeClass(),
            CertificateApproval(),
            CertificateSigning(),
            CertificateSubjectRestriction(),
            DefaultIngressClass(),
            PodTopologyLabels(),
            *policies,
            ResourceQuota(),
        )
    )
