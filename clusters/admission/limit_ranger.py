"""LimitRanger: what a Namespace's LimitRanges fill in, and what they refuse.

Models: kubernetes, plugin/pkg/admission/limitranger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusters.admission.plugin import CREATE, UPDATE, Plugin, forbidden, obj_of
from clusters.machinery import quantity
from clusters.machinery.quantity import Quantity
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource
from clusters.resources.core.pod_totals import pod_limits, pod_requests

ANNOTATION = "kubernetes.io/limit-ranger"
Amounts = Mapping[str, Quantity]


class LimitRanger(Plugin):
    name = "LimitRanger"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        if resource.group:
            return False
        if resource.name == "pods":
            return (operation, subresource) in ((CREATE, ""), (UPDATE, "resize"))
        return resource.name == "persistentvolumeclaims" and not subresource and operation in (CREATE, UPDATE)

    def admit(self, attrs: Attributes) -> None:
        if attrs.resource.name != "pods" or _deleting(attrs):
            return
        for limit_range in attrs.lookup.list("limitranges", attrs.namespace):
            _fill_in(obj_of(attrs), limit_range)

    def validate(self, attrs: Attributes) -> None:
        if _deleting(attrs):
            return
        check = pod_problems if attrs.resource.name == "pods" else claim_problems
        for limit_range in attrs.lookup.list("limitranges", attrs.namespace):
            problems = list(dict.fromkeys(check(_limits(limit_range), obj_of(attrs))))
            if problems:
                raise forbidden(attrs, problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")


def _deleting(attrs: Attributes) -> bool:
    return attrs.old is not None and "deletionTimestamp" in attrs.old["metadata"]


def _limits(limit_range: Obj) -> Sequence[Obj]:
    return (limit_range.get("spec") or {}).get("limits") or ()


# defaults


def _fill_in(pod: Obj, limit_range: Obj) -> None:
    requests: Obj = {}
    limits: Obj = {}
    for limit in _limits(limit_range):
        if limit.get("type") == "Container":
            requests.update(limit.get("defaultRequest") or {})
            limits.update(limit.get("default") or {})
    if not requests and not limits:
        return
    spec = pod.get("spec") or {}
    told: list[str] = []
    for field, word in (("containers", "container"), ("initContainers", "init container")):
        for container in spec.get(field) or ():
            for kind, defaults in (("request", requests), ("limit", limits)):
                filled = _fill_container(container, f"{kind}s", defaults)
                if filled:
                    told.append(f"{', '.join(filled)} {kind} for {word} {container.get('name', '')}")
    if told:
        annotations = pod["metadata"].get("annotations") or {}
        text = "LimitRanger plugin set: " + "; ".join(told)
        pod["metadata"]["annotations"] = {**annotations, ANNOTATION: text}


def _fill_container(container: Obj, kind: str, defaults: Obj) -> list[str]:
    resources = container.get("resources") or {}
    own = resources.get(kind) or {}
    missing = sorted(name for name in defaults if name not in own)
    if missing:
        container["resources"] = {**resources, kind: {**own, **{name: defaults[name] for name in missing}}}
    return missing


# rules


def pod_problems(limits: Sequence[Obj], pod: Obj) -> list[str]:
    """What the limits refuse of a Pod."""
    problems: list[str] = []
    spec = pod.get("spec") or {}
    for limit in limits:
        kind = limit.get("type", "")
        if kind == "Container":
            for field in ("containers", "initContainers"):
                for container in spec.get(field) or ():
                    resources = container.get("resources") or {}
                    problems += _problems(
                        limit, kind, _amounts(resources.get("requests")), _amounts(resources.get("limits"))
                    )
        elif kind == "Pod":
            problems += _problems(limit, kind, pod_requests(spec, overhead=False), pod_limits(spec, overhead=False))
    return problems


def claim_problems(limits: Sequence[Obj], claim: Obj) -> list[str]:
    """What the limits refuse of a PersistentVolumeClaim."""
    problems: list[str] = []
    requests = _amounts(((claim.get("spec") or {}).get("resources") or {}).get("requests"))
    for limit in limits:
        kind = limit.get("type", "")
        if kind != "PersistentVolumeClaim":
            continue
        for name, bound in sorted((limit.get("min") or {}).items()):
            problems += _below(kind, name, quantity.of(bound), requests, {})
        for name, bound in sorted((limit.get("max") or {}).items()):
            amount = quantity.of(bound)
            problems += _above(kind, name, amount, requests, requests, missing="request", over="request")
    return problems


def _amounts(resources: Obj | None) -> Amounts:
    return {name: quantity.of(value) for name, value in (resources or {}).items()}


def _problems(limit: Obj, kind: str, requests: Amounts, limits: Amounts) -> list[str]:
    problems: list[str] = []
    for name, bound in sorted((limit.get("min") or {}).items()):
        problems += _below(kind, name, quantity.of(bound), requests, limits)
    for name, bound in sorted((limit.get("max") or {}).items()):
        problems += _above(kind, name, quantity.of(bound), requests, limits)
    for name, bound in sorted((limit.get("maxLimitRequestRatio") or {}).items()):
        problems += _ratio(kind, name, quantity.of(bound), requests, limits)
    return problems


def _below(kind: str, name: str, bound: Quantity, requests: Amounts, limits: Amounts) -> list[str]:
    said = f"minimum {name} usage per {kind} is {bound.canonical()}"
    if name not in requests:
        return [f"{said}.  No request is specified"]
    if requests[name] < bound:
        return [f"{said}, but request is {requests[name].canonical()}"]
    if name in limits and limits[name] < bound:
        return [f"{said}, but limit is {limits[name].canonical()}"]
    return []


def _above(
    kind: str,
    name: str,
    bound: Quantity,
    requests: Amounts,
    limits: Amounts,
    *,
    missing: str = "limit",
    over: str = "limit",
) -> list[str]:
    said = f"maximum {name} usage per {kind} is {bound.canonical()}"
    if name not in limits:
        return [f"{said}.  No {missing} is specified"]
    if limits[name] > bound:
        return [f"{said}, but {over} is {limits[name].canonical()}"]
    if name in requests and requests[name] > bound:
        return [f"{said}, but request is {requests[name].canonical()}"]
    return []


def _ratio(kind: str, name: str, bound: Quantity, requests: Amounts, limits: Amounts) -> list[str]:
    said = f"{name} max limit to request ratio per {kind} is {bound.canonical()}"
    if not requests.get(name):
        return [f"{said}, but no request is specified or request is 0"]
    if not limits.get(name):
        return [f"{said}, but no limit is specified or limit is 0"]
    observed = limits[name].milli() / requests[name].milli()
    if observed * 1000 > bound.milli():
        return [f"{said}, but provided ratio is {observed:f}"]
    return []
