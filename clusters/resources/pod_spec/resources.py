"""Requests and limits of containers and of whole Pods.

Models: kubernetes, core validation (validateResourceRequirements, validatePodResources).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from clusters.machinery import quantity
from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)
from clusters.machinery.types import Obj
from clusters.resources.common.checks import label
from clusters.resources.common.quantities import (
    amount_errors,
    container_resource_errors,
    hugepages_divide,
    is_hugepages,
    overcommits,
    resource_name_errors,
)
from clusters.resources.pod_spec.totals import container_limits, container_requests

_POD_LEVEL = frozenset({"cpu", "memory", "hugepages-"})
_RESIZE_RESOURCES = frozenset({"cpu", "memory"})
_RESIZE_POLICIES = frozenset({"NotRequired", "RestartContainer"})


def container_requirement_errors(resources: Obj, claims: Collection[str], path: Path) -> ErrorList:
    return _requirement_errors(resources, container_resource_errors, claims, path)


def _pod_resource_errors(name: str, path: Path) -> ErrorList:
    errors = resource_name_errors(name, path)
    if not errors and name not in _POD_LEVEL and not is_hugepages(name):
        errors.append(not_supported(path, name, _POD_LEVEL))
    return errors


def _requirement_errors(
    resources: Obj, name_errors: Callable[[str, Path], ErrorList], claims: Collection[str], path: Path
) -> ErrorList:
    errors: ErrorList = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    compute = hugepages = False
    at = path.child("limits")
    for name, value in limits.items():
        errors += name_errors(name, at.key(name)) + _value_errors(name, value, at.key(name))
        hugepages |= is_hugepages(name)
        compute |= name in ("cpu", "memory")
    of = path.child("requests")
    for name, value in requests.items():
        errors += name_errors(name, of.key(name)) + amount_errors(name, value, of.key(name))
        amount = quantity.of(value)
        if name in limits:
            limit = quantity.of(limits[name])
            text = f"{name} limit of {limit.canonical()}"
            if amount != limit and not overcommits(name):
                errors.append(invalid(of, amount.canonical(), f"must be equal to {text}"))
            elif amount > limit:
                errors.append(invalid(of, amount.canonical(), f"must be less than or equal to {text}"))
        elif not overcommits(name):
            errors.append(required(at, "Limit must be set for non overcommitable resources"))
        if is_hugepages(name):
            hugepages = True
            errors += _hugepages_errors(name, value, of.key(name))
        compute |= name in ("cpu", "memory")
    if hugepages and not compute:
        errors.append(forbidden(path, "HugePages require cpu or memory"))
    if resources.get("claims"):
        errors += _claim_errors(resources["claims"], claims, path.child("claims"))
    return errors


def _value_errors(name: str, value: object, path: Path) -> ErrorList:
    errors = amount_errors(name, value, path)
    return errors + _hugepages_errors(name, value, path) if is_hugepages(name) else errors


def _hugepages_errors(name: str, value: object, path: Path) -> ErrorList:
    if hugepages_divide(name, value):
        return []
    shown = quantity.canonical(value)  # type: ignore[arg-type]
    return [invalid(path, shown, f"{shown} is not positive integer multiple of {name}")]


def _claim_errors(claims: Sequence[Obj], names: Collection[str], path: Path) -> ErrorList:
    """References to `spec.resourceClaims`, whole or one request of them."""
    errors: ErrorList = []
    seen: list[str] = []
    for i, claim in enumerate(claims):
        at, name, request = path.index(i), claim.get("name", ""), claim.get("request")
        if not name:
            errors.append(required(at))
            continue
        if name in seen:
            errors.append(duplicate(at, name))
        else:
            key = f"{name}/{request}" if request else name
            if request:
                errors += label(request, at.child("request"))
            if key in seen:
                errors.append(duplicate(at, key))
            elif not request:
                errors += [duplicate(at, name) for other in seen if other.startswith(f"{name}/")]
            seen.append(key)
        if name not in names:
            detail = "must be one of the names in pod.spec.resourceClaims"
            detail += ": " + ", ".join(sorted(names)) if names else " which is empty"
            errors.append(replace(not_found(at, name), detail=detail))
    return errors


def pod_requirement_errors(spec: Obj, claims: Collection[str], path: Path) -> ErrorList:
    """Resources of the whole Pod, and that the containers' fit into them."""
    resources = spec.get("resources")
    if resources is None:
        return []
    at = path.child("resources")
    if (spec.get("os") or {}).get("name") == "windows":
        return [forbidden(at, "may not be set for a windows pod")]
    errors: ErrorList = []
    if resources.get("claims") is not None:
        errors.append(forbidden(at.child("claims"), "claims may not be set for Resources at pod-level"))
    errors += _requirement_errors(resources, _pod_resource_errors, claims, at)
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for name, total in container_requests(spec).items():
        if name in requests and total > quantity.of(requests[name]):
            text = f"must be greater than or equal to aggregate container requests of {total.canonical()}"
            errors.append(invalid(at.child("requests").key(name), quantity.canonical(requests[name]), text))
    for name, total in container_limits(spec).items():
        if is_hugepages(name) and name in limits and total > quantity.of(limits[name]):
            text = f"must be greater than or equal to aggregate container limits of {total.canonical()}"
            errors.append(invalid(at.child("limits").key(name), quantity.canonical(limits[name]), text))
    for i, container in enumerate(spec.get("containers") or ()):
        for name, value in ((container.get("resources") or {}).get("limits") or {}).items():
            if name in limits and quantity.of(value) > quantity.of(limits[name]):
                where = at.child("containers").index(i).key(name).child("limits")
                text = f"must be less than or equal to pod limits of {quantity.canonical(limits[name])}"
                errors.append(invalid(where, quantity.canonical(value), text))
    return errors


def resize_policy_errors(policies: Sequence[Obj], path: Path, restart_policy: str) -> ErrorList:
    errors: ErrorList = []
    seen: set[str] = set()
    for i, policy in enumerate(policies):
        name, restart = policy.get("resourceName", ""), policy.get("restartPolicy", "")
        if name in seen:
            errors.append(duplicate(path.index(i), name))
        seen.add(name)
        for value, supported in ((name, _RESIZE_RESOURCES), (restart, _RESIZE_POLICIES)):
            if not value:
                errors.append(required(path))
            elif value not in supported:
                errors.append(not_supported(path, value, supported))
        if restart_policy == "Never" and restart != "NotRequired":
            text = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            errors.append(invalid(path, restart, text))
    return errors
