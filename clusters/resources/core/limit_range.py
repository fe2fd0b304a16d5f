"""LimitRange: defaults and bounds for what Pods and claims of a Namespace ask for.

Models: kubernetes, registry/core/limitrange, core defaults and validation.
"""

from __future__ import annotations

from clusters.machinery import quantity
from clusters.machinery.field import ErrorList, Path, duplicate, forbidden, invalid, required
from clusters.machinery.names import qualified_name
from clusters.machinery.quantity import Quantity
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Resource, Strategy, Version
from clusters.resources.common.quantities import (
    container_resource_errors,
    overcommits,
    resource_name_errors,
)

TYPES = ("Pod", "Container", "PersistentVolumeClaim")
_Amounts = dict[str, Quantity]
_MAX_MILLI = (2**63 - 1) // 1000
"""From here on the server does not count in thousandths."""
_NOT_FOR_PODS = "may not be specified when `type` is 'Pod'"


class LimitRangeStrategy(Strategy):
    allow_create_on_update = True
    validates_whole_update = True

    def default(self, obj: Obj) -> None:
        for limit in obj.setdefault("spec", {}).get("limits") or ():
            if limit.get("type") != "Container":
                continue
            limits = {**(limit.get("max") or {}), **(limit.get("default") or {})}
            requests = {**(limit.get("min") or {}), **limits, **(limit.get("defaultRequest") or {})}
            if limits:
                limit["default"] = limits
            if requests:
                limit["defaultRequest"] = requests

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors: ErrorList = []
        seen: set[str] = set()
        for i, limit in enumerate(obj["spec"].get("limits") or ()):
            path = Path("spec").child("limits").index(i)
            kind = limit.get("type", "")
            errors += _type_errors(kind, path.child("type"))
            if kind in seen:
                errors.append(duplicate(path.child("type"), kind))
            seen.add(kind)
            errors += _limit_errors(limit, kind, path)
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)


def _type_errors(kind: str, path: Path) -> ErrorList:
    errors: ErrorList = [invalid(path, kind, text) for text in qualified_name(kind)]
    if not errors and "/" not in kind and kind not in TYPES:
        errors.append(invalid(path, kind, "must be a standard limit type or fully qualified"))
    return errors


def _limit_errors(limit: Obj, kind: str, path: Path) -> ErrorList:
    errors: ErrorList = []
    check = container_resource_errors if kind in ("Pod", "Container") else resource_name_errors
    amounts: dict[str, _Amounts] = {}

    def take(name: str) -> None:
        given = limit.get(name) or {}
        for resource in given:
            errors.extend(check(resource, path.child(name).key(resource)))
        amounts[name] = {resource: quantity.of(value) for resource, value in given.items()}

    take("max")
    take("min")
    if kind == "Pod":
        errors += [forbidden(path.child(n), _NOT_FOR_PODS) for n in ("default", "defaultRequest") if limit.get(n)]
    else:
        take("default")
        take("defaultRequest")
    if kind == "PersistentVolumeClaim" and "storage" not in amounts["min"] and "storage" not in amounts["max"]:
        why = "either minimum or maximum storage value is required, but neither was provided"
        errors.append(required(path.child("limits"), why))
    take("maxLimitRequestRatio")
    for resource in sorted({name for known in amounts.values() for name in known}):
        errors += _bound_errors(resource, amounts, path)
    return errors


def _bound_errors(resource: str, amounts: dict[str, _Amounts], path: Path) -> ErrorList:
    low, high = amounts["min"].get(resource), amounts["max"].get(resource)
    limit = amounts.get("default", {}).get(resource)
    request = amounts.get("defaultRequest", {}).get(resource)
    ratio = amounts["maxLimitRequestRatio"].get(resource)
    errors: ErrorList = []

    def wrong(field: str, value: Quantity, text: str) -> None:
        errors.append(invalid(path.child(field).key(resource), value.canonical(), text))

    if low is not None and high is not None and low > high:
        wrong("min", low, f"min value {low.canonical()} is greater than max value {high.canonical()}")
    if request is not None:
        shown = request.canonical()
        if low is not None and low > request:
            wrong(
                "defaultRequest",
                request,
                f"min value {low.canonical()} is greater than default request value {shown}",
            )
        if high is not None and request > high:
            wrong(
                "defaultRequest",
                request,
                f"default request value {shown} is greater than max value {high.canonical()}",
            )
        if limit is not None and request > limit:
            wrong(
                "defaultRequest",
                request,
                f"default request value {shown} is greater than default limit value {limit.canonical()}",
            )
    if limit is not None:
        shown = limit.canonical()
        if low is not None and low > limit:
            wrong("default", low, f"min value {low.canonical()} is greater than default value {shown}")
        if high is not None and limit > high:
            wrong("default", high, f"default value {shown} is greater than max value {high.canonical()}")
    if ratio is not None:
        if ratio < Quantity(1):
            wrong("maxLimitRequestRatio", ratio, f"ratio {ratio.canonical()} is less than 1")
        if low is not None and high is not None and low.value():
            fine = max(ratio.value(), low.value(), high.value()) < _MAX_MILLI
            most = high.milli() / low.milli() if fine else high.value() / low.value()
            if (ratio.milli() / 1000 if fine else ratio.value()) > most:
                wrong(
                    "maxLimitRequestRatio",
                    ratio,
                    f"ratio {ratio.canonical()} is greater than max/min = {most:f}",
                )
    if not overcommits(resource) and limit is not None and request is not None and limit != request:
        wrong(
            "defaultRequest",
            request,
            f"default value {limit.canonical()} must equal to defaultRequest value {request.canonical()} in {resource}",
        )
    return errors


RESOURCE = Resource(
    group="",
    name="limitranges",
    kind="LimitRange",
    singular="limitrange",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.LimitRange"),),
    short_names=("limits",),
    strategy=LimitRangeStrategy(),
)
