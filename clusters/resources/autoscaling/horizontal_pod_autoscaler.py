"""HorizontalPodAutoscaler: how many replicas, by what is measured. Stored as v2; v1 is a narrower view of it.

Models: kubernetes, registry/autoscaling, autoscaling/v2 defaults.
"""

from __future__ import annotations

from typing import Any

from clusters.machinery.field import ErrorList, Path
from clusters.machinery.types import Obj
from clusters.resources.autoscaling.conversion import v1_to_v2, v2_to_v1, without_annotations
from clusters.resources.autoscaling.validation import spec_errors
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.checks import nonnegative
from clusters.resources.common.columns import AGE, NAME, NONE

SHOWN_METRICS = 2

_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": (
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ),
}
_DOWN = {
    "selectPolicy": "Max",
    "policies": ({"type": "Percent", "value": 100, "periodSeconds": 15},),
}


class HorizontalPodAutoscalerStrategy(Strategy):
    def default(self, obj: Obj) -> None:
        obj["metadata"] = without_annotations(obj)
        spec = obj.setdefault("spec", {})
        if spec.get("minReplicas") is None:
            spec["minReplicas"] = 1
        if not spec.get("metrics"):
            target = {"type": "Utilization", "averageUtilization": 80}
            spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
        behavior = spec.get("behavior")
        if behavior:
            for name, defaults in (("scaleUp", _UP), ("scaleDown", _DOWN)):
                if behavior.get(name) is None:
                    behavior[name] = {}
                for key, value in defaults.items():
                    if behavior[name].get(key) is None:
                        behavior[name][key] = [dict(p) for p in value] if isinstance(value, tuple) else value

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {"desiredReplicas": 0, "currentMetrics": None}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return spec_errors(obj["spec"], Path("spec"))

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return spec_errors(new["spec"], Path("spec"), old["spec"])

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        status = new.get("status") or {}
        names = ("currentReplicas", "desiredReplicas")
        return [e for name in names for e in nonnegative(status.get(name), Path("status").child(name))]


def _reference(obj: Obj, now: int) -> str:
    ref = at(obj, "spec", "scaleTargetRef") or {}
    return f"{ref.get('kind', '')}/{ref.get('name', '')}"


_SOURCES = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _metric(spec: Obj, status: Obj) -> str:
    name = _SOURCES.get(spec.get("type", ""))
    if name is None:
        return "<unknown type>"
    source = spec.get(name) or {}
    target, current = source.get("target") or {}, (status.get(name) or {}).get("current") or {}
    average = target.get("averageValue")
    if name in ("resource", "containerResource"):
        prefix = f"{source.get('name', '')}: "
        if average is not None:
            return f"{prefix}{current.get('averageValue', '<unknown>')}/{average}"
        used, wanted = current.get("averageUtilization"), target.get("averageUtilization")
        return f"{prefix}{_percent(used, '<unknown>')}/{_percent(wanted, '<auto>')}"
    if average is not None:
        suffix = "" if name == "pods" else " (avg)"
        return f"{current.get('averageValue', '<unknown>')}/{average}{suffix}"
    return f"{current.get('value', '<unknown>')}/{target.get('value', '<unknown>')}"


def _percent(value: Any, missing: str) -> str:
    return missing if value is None else f"{value}%"


def _metrics(obj: Obj, now: int) -> str:
    specs, statuses = at(obj, "spec", "metrics") or [], at(obj, "status", "currentMetrics") or []
    if not specs:
        return NONE
    words = [_metric(s, statuses[i] if i < len(statuses) else {}) for i, s in enumerate(specs)]
    shown = ", ".join(words[:SHOWN_METRICS])
    return f"{shown} + {len(words) - SHOWN_METRICS} more..." if len(words) > SHOWN_METRICS else shown


def _minimum(obj: Obj, now: int) -> str:
    value = at(obj, "spec", "minReplicas")
    return "<unset>" if value is None else str(value)


RESOURCE = Resource(
    group="autoscaling",
    name="horizontalpodautoscalers",
    kind="HorizontalPodAutoscaler",
    singular="horizontalpodautoscaler",
    versions=(
        Version(name="v2", schema="io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler"),
        Version(
            name="v1",
            schema="io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
            to_storage=v1_to_v2,
            from_storage=v2_to_v1,
        ),
    ),
    short_names=("hpa",),
    categories=("all",),
    subresources=(Subresource(name="status"),),
    strategy=HorizontalPodAutoscalerStrategy(),
    columns=(
        NAME,
        Column(
            name="Reference",
            description="scaleTargetRef points to the target resource to scale, and is used to the pods for which"
            " metrics should be collected, as well as to actually change the replica count.",
            value=_reference,
        ),
        Column(
            name="Targets",
            description="metrics contains the specifications for which to use to calculate the desired replica count.",
            value=_metrics,
        ),
        Column(
            name="MinPods",
            description="minReplicas is the lower limit for the number of replicas to which the autoscaler can scale"
            " down. It defaults to 1 pod.",
            value=_minimum,
        ),
        Column(
            name="MaxPods",
            description="maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale"
            " up. It cannot be less that minReplicas.",
            value=field("spec", "maxReplicas", default=0),
        ),
        Column(
            name="Replicas",
            description="currentReplicas is current number of replicas of pods managed by this autoscaler, as last seen"
            " by the autoscaler.",
            value=field("status", "currentReplicas", default=0),
        ),
        AGE,
    ),
)
