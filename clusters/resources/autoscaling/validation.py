"""Rules of HorizontalPodAutoscalers. Models: kubernetes, autoscaling validation."""

from __future__ import annotations

from clusters.machinery import quantity
from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.names import path_segment_name
from clusters.machinery.types import Obj
from clusters.resources.common.checks import label, needed, nonnegative_quantity
from clusters.resources.common.quantities import container_resource_errors

METRIC_TYPES = frozenset({"Object", "Pods", "Resource", "ContainerResource", "External"})
TARGET_TYPES = ("Utilization", "Value", "AverageValue")
SELECT_POLICIES = frozenset({"Max", "Min", "Disabled"})
POLICY_TYPES = frozenset({"Pods", "Percent"})
MAX_WINDOW = 3600
MAX_PERIOD = 1800
_SOURCES = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
_TO_ZERO = "must specify at least one Object or External metric to support scaling to zero replicas"


def spec_errors(spec: Obj, path: Path, old: Obj | None = None) -> ErrorList:
    """What an `old` spec has (no replicas at all, a target without a group) may stay."""
    low, high = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    least = 0 if old is not None and old.get("minReplicas") == 0 else 1
    errors: ErrorList = []
    if low is not None and low < least:
        errors.append(invalid(path.child("minReplicas"), low, f"must be greater than or equal to {least}"))
    if high == 0:
        errors.append(required(path.child("maxReplicas"), "must be set and greater than 0"))
    elif high < 1:
        errors.append(invalid(path.child("maxReplicas"), high, "must be greater than 0"))
    if low is not None and high and high < low:
        errors.append(invalid(path.child("maxReplicas"), high, "must be greater than or equal to `minReplicas`"))
    target = spec.get("scaleTargetRef") or {}
    had = _version_problem((old or {}).get("scaleTargetRef") or {}, group_needed=True) if old is not None else ""
    errors += reference_errors(target, path.child("scaleTargetRef"), check_version=not had)
    errors += _metrics_errors(spec.get("metrics") or (), path.child("metrics"), low)
    behavior = spec.get("behavior")
    if behavior is not None:
        for name in ("scaleUp", "scaleDown"):
            if behavior.get(name) is not None:
                errors += _scaling_errors(behavior[name], path.child("behavior", name))
    return errors


def reference_errors(ref: Obj, path: Path, *, group_needed: bool = True, check_version: bool = True) -> ErrorList:
    """What is scaled, or measured."""
    errors: ErrorList = []
    for name in ("kind", "name"):
        value = ref.get(name, "")
        if value:
            errors += [invalid(path.child(name), value, text) for text in path_segment_name(value)]
        else:
            errors.append(required(path.child(name)))
    problem = _version_problem(ref, group_needed=group_needed) if check_version else ""
    if problem:
        errors.append(invalid(path.child("apiVersion"), ref.get("apiVersion", ""), problem))
    return errors


def _version_problem(ref: Obj, *, group_needed: bool) -> str:
    version = ref.get("apiVersion", "")
    if version.count("/") > 1:
        return f"unexpected GroupVersion string: {version}"
    if group_needed and "/" not in version and ref.get("kind") != "ReplicationController":
        return "apiVersion must specify API group"
    return ""


def _metrics_errors(metrics: list[Obj] | tuple[()], path: Path, low: int | None) -> ErrorList:
    errors: ErrorList = []
    for i, metric in enumerate(metrics):
        errors += _metric_errors(metric, path.index(i))
    if low == 0 and not any(m.get("type") in ("Object", "External") for m in metrics):
        errors.append(forbidden(path, _TO_ZERO))
    return errors


def _metric_errors(metric: Obj, path: Path) -> ErrorList:
    kind = metric.get("type", "")
    errors: ErrorList = []
    unsupported = not_supported(path.child("type"), kind, METRIC_TYPES)
    if not kind:
        errors.append(required(path.child("type"), "must specify a metric source type"))
    if kind not in METRIC_TYPES:
        errors.append(unsupported)
    present = [name for name in _SOURCES.values() if metric.get(name) is not None]
    if present:
        errors += _CHECKS[present[0]](metric[present[0]], path.child(present[0]))
    expected = _SOURCES.get(kind)
    if expected is None:
        errors.append(unsupported)
    elif expected not in present:
        why = "must populate information for the given metric source"
        errors.append(required(path.child(expected), why))
    if len(present) != 1:
        errors += [
            forbidden(path.child(name), "must populate the given metric source only")
            for name in sorted(present)
            if name != expected
        ]
    return errors


def _target_errors(target: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    kind = target.get("type", "")
    if not kind:
        errors.append(required(path.child("type"), "must specify a metric target type"))
    if kind not in TARGET_TYPES:
        errors.append(invalid(path.child("type"), kind, "must be either Utilization, Value, or AverageValue"))
    for name in ("value", "averageValue"):
        amount = target.get(name)
        if amount is not None and quantity.of(amount).sign() != 1:
            errors.append(invalid(path.child(name), quantity.canonical(amount), "must be positive"))
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        errors.append(invalid(path.child("averageUtilization"), utilization, "must be greater than 0"))
    return errors


def _identifier_errors(identifier: Obj, path: Path) -> ErrorList:
    name = identifier.get("name", "")
    if not name:
        return [required(path.child("name"), "must specify a metric name")]
    return [invalid(path.child("name"), name, text) for text in path_segment_name(name)]


def _object_errors(source: Obj, path: Path) -> ErrorList:
    described = source.get("describedObject") or {}
    errors = reference_errors(described, path.child("describedObject"), group_needed=False)
    errors += _identifier_errors(source.get("metric") or {}, path.child("metric"))
    target = source.get("target") or {}
    errors += _target_errors(target, path.child("target"))
    if target.get("value") is None and target.get("averageValue") is None:
        why = "must set either a target value or averageValue"
        errors.append(required(path.child("target", "averageValue"), why))
    return errors


def _external_errors(source: Obj, path: Path) -> ErrorList:
    errors = _identifier_errors(source.get("metric") or {}, path.child("metric"))
    target = source.get("target") or {}
    errors += _target_errors(target, path.child("target"))
    value, average = target.get("value"), target.get("averageValue")
    if value is None and average is None:
        why = "must set either a target value for metric or a per-pod target"
        errors.append(required(path.child("target", "averageValue"), why))
    if value is not None and average is not None:
        why = "may not set both a target value for metric and a per-pod target"
        errors.append(forbidden(path.child("target", "value"), why))
    return errors


def _pods_errors(source: Obj, path: Path) -> ErrorList:
    errors = _identifier_errors(source.get("metric") or {}, path.child("metric"))
    target = source.get("target") or {}
    errors += _target_errors(target, path.child("target"))
    average = target.get("averageValue")
    if average is None or quantity.of(average).sign() != 1:
        why = "must specify a positive target averageValue"
        errors.append(required(path.child("target", "averageValue"), why))
    return errors


def _resource_errors(source: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    if not source.get("name"):
        errors.append(required(path.child("name"), "must specify a resource name"))
    return errors + _utilization_errors(source, path)


def _container_errors(source: Obj, path: Path) -> ErrorList:
    name, container = source.get("name", ""), source.get("container", "")
    errors = needed(source, "name", path, "must specify a resource name")
    if name:
        errors += container_resource_errors(name, path.child("name"))
    errors += needed(source, "container", path, "must specify a container")
    if container:
        errors += label(container, path.child("container"))
    return errors + _utilization_errors(source, path)


def _utilization_errors(source: Obj, path: Path) -> ErrorList:
    target = source.get("target") or {}
    errors = _target_errors(target, path.child("target"))
    utilization, average = target.get("averageUtilization"), target.get("averageValue")
    if utilization is None and average is None:
        why = "must set either a target raw value or a target utilization"
        errors.append(required(path.child("target", "averageUtilization"), why))
    if utilization is not None and average is not None:
        why = "may not set both a target raw value and a target utilization"
        errors.append(forbidden(path.child("target", "averageValue"), why))
    return errors


_CHECKS = {
    "object": _object_errors,
    "external": _external_errors,
    "pods": _pods_errors,
    "resource": _resource_errors,
    "containerResource": _container_errors,
}


def _scaling_errors(rules: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    window, at = rules.get("stabilizationWindowSeconds"), path.child("stabilizationWindowSeconds")
    if window is not None and window < 0:
        errors.append(invalid(at, window, "must be greater than or equal to zero"))
    if window is not None and window > MAX_WINDOW:
        errors.append(invalid(at, window, f"must be less than or equal to {MAX_WINDOW}"))
    chosen = rules.get("selectPolicy")
    if chosen is not None and chosen not in SELECT_POLICIES:
        errors.append(not_supported(path.child("selectPolicy"), chosen, SELECT_POLICIES))
    policies = rules.get("policies") or ()
    if not policies:
        errors.append(required(path.child("policies"), "must specify at least one Policy"))
    for i, policy in enumerate(policies):
        at = path.child("policies").index(i)
        if policy.get("type") not in POLICY_TYPES:
            errors.append(not_supported(at.child("type"), policy.get("type", ""), POLICY_TYPES))
        value, period = policy.get("value", 0), policy.get("periodSeconds", 0)
        if value <= 0:
            errors.append(invalid(at.child("value"), value, "must be greater than zero"))
        if period <= 0:
            errors.append(invalid(at.child("periodSeconds"), period, "must be greater than zero"))
        if period > MAX_PERIOD:
            errors.append(invalid(at.child("periodSeconds"), period, f"must be less than or equal to {MAX_PERIOD}"))
    if rules.get("tolerance") is not None:
        errors += nonnegative_quantity(rules["tolerance"], path.child("tolerance"))
    return errors
