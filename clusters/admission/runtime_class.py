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
        if scheduling.get("tolerations"):
            own_tolerations = spec.get("tolerations") or ()
            spec["tolerations"] = _merged([*own_tolerations, *(dict(t) for t in scheduling["tolerations"])])

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


def _merged(tolerations: list[Obj]) -> list[Obj]:
    """Without those that another one includes; of equal ones the first stays."""
    merged: list[Obj] = []
    for i, each in enumerate(tolerations):
        if any(_includes(kept, each) for kept in merged):
            continue
        if not any(other != each and _includes(other, each) for other in tolerations[i + 1 :]):
            merged.append(each)
    return merged


def _includes(wide: Obj, narrow: Obj) -> bool:
    """Whether `wide` tolerates all that `narrow` does, and as long."""
    if wide == narrow:
        return True
    key, exists = wide.get("key") or "", wide.get("operator") == "Exists"
    if (narrow.get("key") or "") != key and (key or not exists):
        return False
    effect = wide.get("effect") or ""
    if effect and (narrow.get("effect") or "") != effect:
        return False
    limit, seconds = wide.get("tolerationSeconds"), narrow.get("tolerationSeconds")
    if effect == "NoExecute" and limit is not None and (seconds is None or seconds > limit):
        return False
    if exists:
        return True
    equal = wide.get("operator") in (None, "", "Equal") and narrow.get("operator") == "Equal"
    return equal and (narrow.get("value") or "") == (wide.get("value") or "")


def _same(one: Obj, other: Obj) -> bool:
    return one.keys() == other.keys() and all(quantity.of(one[k]) == quantity.of(other[k]) for k in one)
