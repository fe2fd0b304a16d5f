"""autoscaling/v1 from and to v2: one CPU target in a field, all else in annotations, as JSON.

Models: kubernetes, pkg/apis/autoscaling/v1/conversion.go.
"""

from __future__ import annotations

import json
from typing import Any

from clusters.machinery.types import Obj

METRICS = "autoscaling.alpha.kubernetes.io/metrics"
CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics"
CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
_ANNOTATIONS = (METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR)
V1, V2 = "autoscaling/v1", "autoscaling/v2"


def _loaded(annotations: Obj, name: str) -> Any:
    try:
        return json.loads(annotations[name]) if annotations.get(name) else None
    except ValueError:
        return None


def _dumped(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _with_annotations(obj: Obj, annotations: Obj) -> Obj:
    meta = dict(obj["metadata"])
    if annotations:
        meta["annotations"] = annotations
    else:
        meta.pop("annotations", None)
    return meta


def _is_cpu(metric: Obj) -> bool:
    resource = metric.get("resource") or {}
    target = resource.get("target") or resource.get("current") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return False
    return target.get("averageUtilization") is not None


def v1_to_v2(obj: Obj) -> Obj:
    """autoscaling/v1 as stored."""
    annotations = obj["metadata"].get("annotations") or {}
    spec = dict(obj.get("spec") or {})
    metrics = [_metric_to_v2(m, "target") for m in _loaded(annotations, METRICS) or ()]
    utilization = spec.pop("targetCPUUtilizationPercentage", None)
    if utilization is not None:
        target = {"type": "Utilization", "averageUtilization": utilization}
        metrics.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if metrics:
        spec["metrics"] = metrics
    behavior = _loaded(annotations, BEHAVIOR)
    if behavior is not None:
        spec["behavior"] = {key[0].lower() + key[1:]: value for key, value in behavior.items()}
    out = {**obj, "apiVersion": V2, "spec": spec}
    status = dict(obj.get("status") or {})
    current = [_metric_to_v2(m, "current") for m in _loaded(annotations, CURRENT_METRICS) or ()]
    used = status.pop("currentCPUUtilizationPercentage", None)
    if used is not None:
        resource = {"name": "cpu", "current": {"averageUtilization": used}}
        current.insert(0, {"type": "Resource", "resource": resource})
    status["currentMetrics"] = current or None
    conditions = _loaded(annotations, CONDITIONS)
    if conditions is not None:
        status["conditions"] = conditions
    out["status"] = status
    rest = {key: value for key, value in annotations.items() if key not in _ANNOTATIONS}
    out["metadata"] = _with_annotations(obj, rest)
    return out


def v2_to_v1(obj: Obj) -> Obj:
    """What is stored, as autoscaling/v1."""
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    annotations = dict(obj["metadata"].get("annotations") or {})
    metrics = spec.pop("metrics", None) or []
    cpu = next((m for m in metrics if _is_cpu(m)), None)
    if cpu is not None:
        spec["targetCPUUtilizationPercentage"] = cpu["resource"]["target"]["averageUtilization"]
    others = [_metric_to_v1(m, "target") for m in metrics if m is not cpu]
    if others:
        annotations[METRICS] = _dumped(others)
    behavior = spec.pop("behavior", None)
    if behavior is not None:
        annotations[BEHAVIOR] = _dumped({key[0].upper() + key[1:]: value for key, value in behavior.items()})
    current = status.pop("currentMetrics", None) or []
    cpu_now = next((m for m in current if _is_cpu(m)), None)
    if cpu_now is not None:
        status["currentCPUUtilizationPercentage"] = cpu_now["resource"]["current"]["averageUtilization"]
    if current:
        annotations[CURRENT_METRICS] = _dumped([_metric_to_v1(m, "current") for m in current])
    conditions = status.pop("conditions", None)
    if conditions:
        annotations[CONDITIONS] = _dumped(conditions)
    status.setdefault("currentReplicas", 0)
    status.setdefault("desiredReplicas", 0)
    meta = _with_annotations(obj, annotations)
    return {**obj, "apiVersion": V1, "metadata": meta, "spec": spec, "status": status}


_V1_NAMES = {
    ("target", "averageUtilization"): "targetAverageUtilization",
    ("target", "averageValue"): "targetAverageValue",
    ("target", "value"): "targetValue",
    ("current", "averageUtilization"): "currentAverageUtilization",
    ("current", "averageValue"): "currentAverageValue",
    ("current", "value"): "currentValue",
}
_TYPES = {"averageUtilization": "Utilization", "averageValue": "AverageValue", "value": "Value"}
_SOURCES = ("resource", "containerResource", "pods", "object", "external")


def _metric_to_v1(metric: Obj, side: str) -> Obj:
    """A metric of v2 as the annotation holds it: targets flat, metric names beside them."""
    out: Obj = {"type": metric.get("type", "")}
    for kind in _SOURCES:
        source = metric.get(kind)
        if source is None:
            continue
        flat = {key: value for key, value in source.items() if key not in ("metric", side, "describedObject")}
        identifier = source.get("metric")
        if identifier is not None:
            flat["metricName"] = identifier.get("name", "")
            if identifier.get("selector") is not None:
                flat["metricSelector" if kind == "external" else "selector"] = identifier["selector"]
        if source.get("describedObject") is not None:
            flat["target"] = source["describedObject"]
        for name, value in (source.get(side) or {}).items():
            old = _V1_NAMES.get((side, name))
            if old is not None:
                flat["averageValue" if kind == "object" and name == "averageValue" else old] = value
        out[kind] = flat
    return out


def _metric_to_v2(metric: Obj, side: str) -> Obj:
    out: Obj = {"type": metric.get("type", "")}
    for kind in _SOURCES:
        flat = metric.get(kind)
        if flat is None:
            continue
        source: Obj = {}
        numbers: Obj = {}
        for (of, name), old in _V1_NAMES.items():
            if of == side and old in flat:
                numbers[name] = flat[old]
        if kind == "object" and "averageValue" in flat:
            numbers["averageValue"] = flat["averageValue"]
        if side == "target":
            order = ("averageUtilization", "averageValue", "value")
            numbers = {"type": next((_TYPES[n] for n in order if n in numbers), "Value"), **numbers}
        source[side] = numbers
        for key in ("name", "container"):
            if key in flat:
                source[key] = flat[key]
        if "metricName" in flat:
            source["metric"] = {"name": flat["metricName"]}
            selector = flat.get("metricSelector", flat.get("selector"))
            if selector is not None:
                source["metric"]["selector"] = selector
        if kind == "object" and "target" in flat:
            source["describedObject"] = flat["target"]
        out[kind] = source
    return out
