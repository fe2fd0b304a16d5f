"""Priority: a Pod's class becomes its number. Models: kubernetes, plugin/pkg/admission/priority."""

from __future__ import annotations

from clusters.admission.plugin import CREATE, UPDATE, Plugin, forbidden, obj_of
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

CLASSES = "priorityclasses.scheduling.k8s.io"
GROUP = "scheduling.k8s.io"


class Priority(Plugin):
    name = "Priority"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        if subresource or operation not in (CREATE, UPDATE):
            return False
        return (resource.group, resource.name) in (("", "pods"), (GROUP, "priorityclasses"))

    def admit(self, attrs: Attributes) -> None:
        if attrs.resource.group:
            return
        spec: Obj = obj_of(attrs).setdefault("spec", {})
        if attrs.operation == UPDATE:
            before = (attrs.old or {}).get("spec") or {}
            for name in ("priority", "preemptionPolicy"):
                if spec.get(name) is None and before.get(name) is not None:
                    spec[name] = before[name]
            return
        class_name = spec.get("priorityClassName")
        if class_name:
            chosen = attrs.lookup.get(CLASSES, "", class_name)
            if chosen is None:
                raise forbidden(attrs, f"no PriorityClass with name {class_name} was found")
        else:
            chosen = default_class(attrs)
            if chosen is not None:
                spec["priorityClassName"] = chosen["metadata"]["name"]
        value = chosen.get("value", 0) if chosen is not None else 0
        policy = chosen.get("preemptionPolicy") if chosen is not None else "PreemptLowerPriority"
        given = spec.get("priority")
        if given is not None and given != value:
            raise forbidden(
                attrs,
                f"the integer value of priority ({given}) must not be provided in pod spec; priority admission"
                f" controller computed {value} from the given PriorityClass name",
            )
        spec["priority"] = value
        if policy is None:
            return
        given = spec.get("preemptionPolicy")
        if given is not None and given != policy:
            raise forbidden(
                attrs,
                f"the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission"
                f" controller computed {policy} from the given PriorityClass name",
            )
        spec["preemptionPolicy"] = policy

    def validate(self, attrs: Attributes) -> None:
        if not attrs.resource.group:
            return
        obj = obj_of(attrs)
        if not obj.get("globalDefault"):
            return
        current = default_class(attrs)
        if current is None:
            return
        name = current["metadata"]["name"]
        if attrs.operation == CREATE or name != obj["metadata"]["name"]:
            raise forbidden(
                attrs, f"PriorityClass {name} is already marked as globalDefault. Only one default can exist"
            )


def default_class(attrs: Attributes) -> Obj | None:
    """The global default; the lowest, should there be several."""
    found: Obj | None = None
    for candidate in attrs.lookup.list(CLASSES):
        if candidate.get("globalDefault"):
            if found is None or candidate.get("value", 0) < found.get("value", 0):
                found = candidate
    return found
