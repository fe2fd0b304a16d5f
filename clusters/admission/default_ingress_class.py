"""DefaultIngressClass: an Ingress without a class gets the default one, if there is one.

Models: kubernetes, plugin/pkg/admission/network/defaultingressclass.
"""

from __future__ import annotations

from clusters.admission.plugin import CREATE, Plugin, obj_of
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

CLASSES = "ingressclasses.networking.k8s.io"
MARK = "ingressclass.kubernetes.io/is-default-class"
OLD_CLASS = "kubernetes.io/ingress.class"


class DefaultIngressClass(Plugin):
    name = "DefaultIngressClass"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return (
            resource.group == "networking.k8s.io"
            and resource.name == "ingresses"
            and not subresource
            and operation == CREATE
        )

    def admit(self, attrs: Attributes) -> None:
        ingress = obj_of(attrs)
        spec: Obj = ingress.setdefault("spec", {})
        if spec.get("ingressClassName") is not None:
            return
        if OLD_CLASS in (ingress["metadata"].get("annotations") or {}):
            return
        found = [c for c in attrs.lookup.list(CLASSES) if (c["metadata"].get("annotations") or {}).get(MARK) == "true"]
        if found:
            found.sort(key=lambda c: c["metadata"]["name"])
            found.sort(key=lambda c: c["metadata"].get("creationTimestamp", ""), reverse=True)
            spec["ingressClassName"] = found[0]["metadata"]["name"]
