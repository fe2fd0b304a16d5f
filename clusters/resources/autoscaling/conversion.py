"""autoscaling/v1 from and to v2: one CPU target in a field, all else in annotations, as Go writes JSON.

Models: kubernetes, pkg/apis/autoscaling/v1/conversion.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from clusters.machinery.types import Obj

METRICS = "autoscaling.alpha.kubernetes.io/metrics"
CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics"
CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
ANNOTATIONS = (METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR)
V1, V2 = "autoscaling/v1", "autoscaling/v2"
DEFAULT_UTILIZATION = 80


def without_annotations(obj: Obj) -> Obj:
    """The metadata without the annotations that stand for fields of v2."""
    meta = dict(obj.get("metadata") or {})
    annotations = meta.get("annotations") or {}
    if any(name in annotations for name in ANNOTATIONS):
        meta["annotations"] = {k: v for k, v in annotations.items() if k not in ANNOTATIONS}
        if not meta["annotations"]:
            del meta["annotations"]
    return meta


def v1_to_v2(obj: Obj) -> Obj:
    """autoscaling/v1 as stored."""
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    metrics = [_metric_to_v2(m, "target") for m in _loaded(annotations, METRICS, list) or ()]
    utilization = spec.pop("targetCPUUtilizationPercentage", None)
    if utilization is None and not metrics:
        utilization = DEFAULT_UTILIZATION
    if utilization is not None:
        target = {"type": "Utilization", "averageUtilization": utilization}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    spec["metrics"] = metrics
    behavior = _loaded(annotations, BEHAVIOR, dict)
    if behavior is not None:
        spec["behavior"] = _from_go(behavior)
    used = status.pop("currentCPUUtilizationPercentage", None)
    current = _loaded(annotations, CURRENT_METRICS, list)
    if current is not None:
        status["currentMetrics"] = [_metric_to_v2(m, "current") for m in current]
    elif used is not None:
        resource = {"name": "cpu", "current": {"averageUtilization": used}}
        status["currentMetrics"] = [{"type": "Resource", "resource": resource}]
    else:
        status["currentMetrics"] = None
    conditions = _loaded(annotations, CONDITIONS, list)
    if conditions is not None:
        status["conditions"] = conditions
    return {**obj, "apiVersion": V2, "metadata": without_annotations(obj), "spec": spec, "status": status}


def v2_to_v1(obj: Obj) -> Obj:
    """What is stored, as autoscaling/v1."""
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    meta = without_annotations(obj)
    annotations = dict(meta.get("annotations") or {})
    metrics = spec.pop("metrics", None) or []
    first = next((m for m in metrics if _of_cpu(m)), None)
    if first is not None and (utilization := _utilization(first, "target")) is not None:
        spec["targetCPUUtilizationPercentage"] = utilization
    others = [m for m in metrics if not _of_cpu(m) or _utilization(m, "target") is None]
    if others:
        annotations[METRICS] = _dumped([_metric_to_v1(m, "target") for m in others])
    behavior = spec.pop("behavior", None)
    if behavior is not None:
        annotations[BEHAVIOR] = _dumped(_to_go(behavior))
    current = status.pop("currentMetrics", None) or []
    for metric in current:
        if _of_cpu(metric) and (used := _utilization(metric, "current")) is not None:
            status["currentCPUUtilizationPercentage"] = used
    if current:
        annotations[CURRENT_METRICS] = _dumped([_metric_to_v1(m, "current") for m in current])
    conditions = status.pop("conditions", None)
    if conditions:
        annotations[CONDITIONS] = _dumped([_ordered(c, _CONDITION) for c in conditions])
    status.setdefault("currentReplicas", 0)
    status.setdefault("desiredReplicas", 0)
    if annotations:
        meta["annotations"] = annotations
    return {**obj, "apiVersion": V1, "metadata": meta, "spec": spec, "status": status}


def _loaded(annotations: Obj, name: str, kind: type) -> Any:
    """What an annotation holds; None if that is not what it should be."""
    try:
        value = json.loads(annotations[name]) if annotations.get(name) else None
    except ValueError:
        return None
    return value if isinstance(value, kind) else None


def _dumped(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _of_cpu(metric: Obj) -> bool:
    return metric.get("type") == "Resource" and (metric.get("resource") or {}).get("name") == "cpu"


def _utilization(metric: Obj, side: str) -> int | None:
    found: int | None = (metric["resource"].get(side) or {}).get("averageUtilization")
    return found


def _ordered(obj: Obj, names: tuple[str, ...]) -> Obj:
    return {name: obj[name] for name in names if obj.get(name) is not None}


_CONDITION = ("type", "status", "lastTransitionTime", "reason", "message")

# Behaviours are written as Go's own type is, which names no JSON fields: capital letters, and all that is not set.

_POLICY = {"type": "", "value": 0, "periodSeconds": 0}
_RULES = ("stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance")


def _to_go(behavior: Obj) -> Obj:
    return {_capital(side): _rules_to_go(behavior.get(side)) for side in ("scaleUp", "scaleDown")}


def _rules_to_go(rules: Obj | None) -> Obj | None:
    if rules is None:
        return None
    out: Obj = {_capital(name): rules.get(name) for name in _RULES}
    if out["Policies"] is not None:
        out["Policies"] = [{_capital(k): p.get(k, zero) for k, zero in _POLICY.items()} for p in out["Policies"]]
    return out


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _from_go(value: Any) -> Any:
    if isinstance(value, list):
        return [_from_go(each) for each in value]
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _from_go(each) for key, each in value.items() if each is not None}
    return value


# Metrics are flat in v1: targets and values have names of their own, beside the metric's.

_REFERENCE = ("kind", "name", "apiVersion")
_Names = Mapping[str, Callable[[Obj, str], Any]]


def _number(name: str, zero: str | None = None) -> Callable[[Obj, str], Any]:
    def find(source: Obj, side: str) -> Any:
        found = (source.get(side) or {}).get(name)
        return zero if found is None else found

    return find


def _of(*path: str) -> Callable[[Obj, str], Any]:
    def find(source: Obj, side: str) -> Any:
        found: Any = source
        for name in path:
            found = (found or {}).get(name)
        return found

    return find


def _described(source: Obj, side: str) -> Obj:
    ref = source.get("describedObject") or {}
    out = {"kind": ref.get("kind", ""), "name": ref.get("name", "")}
    return {**out, "apiVersion": ref["apiVersion"]} if ref.get("apiVersion") else out


_NAME, _METRIC, _SELECTOR = _of("name"), _of("metric", "name"), _of("metric", "selector")
_RESOURCE: dict[str, _Names] = {
    "target": {
        "name": _NAME,
        "targetAverageUtilization": _number("averageUtilization"),
        "targetAverageValue": _number("averageValue"),
    },
    "current": {
        "name": _NAME,
        "currentAverageUtilization": _number("averageUtilization"),
        "currentAverageValue": _number("averageValue", "0"),
    },
}
_FIELDS: dict[str, dict[str, _Names]] = {
    "object": {
        side: {
            "target": _described,
            "metricName": _METRIC,
            f"{side}Value": _number("value", "0"),
            "selector": _SELECTOR,
            "averageValue": _number("averageValue"),
        }
        for side in ("target", "current")
    },
    "pods": {
        side: {"metricName": _METRIC, f"{side}AverageValue": _number("averageValue", "0"), "selector": _SELECTOR}
        for side in ("target", "current")
    },
    "resource": _RESOURCE,
    "containerResource": {side: {**fields, "container": _of("container")} for side, fields in _RESOURCE.items()},
    "external": {
        side: {
            "metricName": _METRIC,
            "metricSelector": _SELECTOR,
            f"{side}Value": _number("value", "0" if side == "current" else None),
            f"{side}AverageValue": _number("averageValue"),
        }
        for side in ("target", "current")
    },
}


def _metric_to_v1(metric: Obj, side: str) -> Obj:
    out: Obj = {"type": metric.get("type", "")}
    for kind, fields in _FIELDS.items():
        source = metric.get(kind)
        if source is not None:
            found = {name: get(source, side) for name, get in fields[side].items()}
            out[kind] = {name: value for name, value in found.items() if value is not None}
    return out


_ALWAYS = {
    ("object", "target"): "value",
    ("object", "current"): "value",
    ("pods", "target"): "averageValue",
    ("pods", "current"): "averageValue",
    ("resource", "current"): "averageValue",
    ("containerResource", "current"): "averageValue",
    ("external", "current"): "value",
}
"""What is a plain number in v1, so v2 has it even if it was not given."""


def _metric_to_v2(metric: Any, side: str) -> Obj:
    metric = metric if isinstance(metric, dict) else {}
    out: Obj = {"type": metric.get("type", "")}
    for kind in _FIELDS:
        flat = metric.get(kind)
        if isinstance(flat, dict):
            out[kind] = _source_to_v2(kind, flat, side)
    return out


def _source_to_v2(kind: str, flat: Obj, side: str) -> Obj:
    numbers: Obj = {
        "value": flat.get(f"{side}Value"),
        "averageValue": flat.get("averageValue" if kind == "object" else f"{side}AverageValue"),
        "averageUtilization": flat.get(f"{side}AverageUtilization"),
    }
    always = _ALWAYS.get((kind, side))
    if (kind, side) == ("object", "target") and numbers["averageValue"] is not None:
        numbers["value"] = None
    elif always is not None and numbers[always] is None:
        numbers[always] = "0"
    kept = {name: value for name, value in numbers.items() if value is not None}
    if side == "target":
        kept = {"type": _target_type(kind, numbers), **kept}
    out: Obj = {}
    if kind in ("resource", "containerResource"):
        out["name"] = flat.get("name", "")
        if kind == "containerResource":
            out["container"] = flat.get("container", "")
    else:
        out["metric"] = {"name": flat.get("metricName", "")}
        selector = flat.get("metricSelector" if kind == "external" else "selector")
        if selector is not None:
            out["metric"]["selector"] = selector
        if kind == "object":
            out["describedObject"] = {k: v for k, v in (flat.get("target") or {}).items() if k in _REFERENCE}
    out[side] = kept
    return out


def _target_type(kind: str, numbers: Obj) -> str:
    match kind:
        case "pods":
            return "AverageValue"
        case "object":
            return "Value" if numbers["averageValue"] is None else "AverageValue"
        case "external":
            return "AverageValue" if numbers["value"] is None else "Value"
    return "AverageValue" if numbers["averageUtilization"] is None else "Utilization"
