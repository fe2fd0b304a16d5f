"""RuntimeClass: a Pod takes the overhead and the scheduling of the class it names.

Models: kubernetes, plugin/pkg/admission/runtimeclass.
"""

from __future__ import annotations

from clusters.admission.plugin import CREATE, Plugin, forbidden, obj_of
from clusters.machinery import quantity
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

CLASSES = "runtimeclasses.node.k8s.io"


class RuntimeClass(Plugin):
    name = "RuntimeClass"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return not resource.group and resource.name == "pods" and not subresource and operation == CREATE

    def admit(self, attrs: Attributes) -> None:
        spec: Obj = obj_of(attrs).get("spec") or {}
        chosen = _class_of(attrs, spec)
        if chosen is None:
            return
        overhead = (chosen.get("overhead") or {}).get("podFixed")
        if overhead:
            given = spec.get("overhead")
            if given and not _same(given, overhead):
                raise forbidden(attrs, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
            spec["overhead"] = dict(overhead)
        scheduling = chosen.get("scheduling") or {}
        selector = scheduling.get("nodeSelector") or {}
        own = spec.get("nodeSelector") or {}
        for key, value in selector.items():
            if key in own and own[key] != value:
                raise forbidden(
                    attrs,
                    f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] ="
                    f" {own[key]}",
                )
        if selector:
            spec["nodeSelector"] = {**own, **selector}
        tolerations = spec.get("tolerations") or []
        more = [dict(t) for t in scheduling.get("tolerations") or () if t not in tolerations]
        if more:
            spec["tolerations"] = [*tolerations, *more]

    def validate(self, attrs: Attributes) -> None:
        spec: Obj = obj_of(attrs).get("spec") or {}
        if not spec.get("overhead") and not spec.get("runtimeClassName"):
            return
        chosen = _class_of(attrs, spec)
        if chosen is None:
            if spec.get("overhead"):
                raise forbidden(
                    attrs, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
                )
            return
        overhead = (chosen.get("overhead") or {}).get("podFixed") or {}
        given = spec.get("overhead") or {}
        if overhead and not given:
            raise forbidden(attrs, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
        if given and not _same(given, overhead):
            why = "Pod Overhead set without corresponding RuntimeClass defined Overhead"
            if overhead:
                why = "Pod's Overhead doesn't match RuntimeClass's defined Overhead"
            raise forbidden(attrs, f"pod rejected: {why}")


def _class_of(attrs: Attributes, spec: Obj) -> Obj | None:
    name = spec.get("runtimeClassName")
    if not name:
        return None
    chosen = attrs.lookup.get(CLASSES, "", name)
    if chosen is None:
        raise forbidden(attrs, f'pod rejected: RuntimeClass "{name}" not found')
    return chosen


def _same(one: Obj, other: Obj) -> bool:
    return one.keys() == other.keys() and all(quantity.of(one[k]) == quantity.of(other[k]) for k in one)
