"""TaintNodesByCondition: a new Node takes no Pods before the node lifecycle controller has seen it ready.

Models: kubernetes, plugin/pkg/admission/nodetaint.
"""

from __future__ import annotations

from clusters.admission.plugin import CREATE, Plugin, obj_of
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

NOT_READY = "node.kubernetes.io/not-ready"


class TaintNodesByCondition(Plugin):
    name = "TaintNodesByCondition"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return not resource.group and resource.name == "nodes" and not subresource and operation == CREATE

    def admit(self, attrs: Attributes) -> None:
        spec: Obj = obj_of(attrs).setdefault("spec", {})
        taints = spec.get("taints") or []
        if not any(t.get("key") == NOT_READY and t.get("effect") == "NoSchedule" for t in taints):
            spec["taints"] = [*taints, {"key": NOT_READY, "effect": "NoSchedule"}]
