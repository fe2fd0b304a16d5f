"""Kinds of resource.k8s.io (dynamic resource allocation): served and stored; nothing allocates.

Their rules are light: what a client must give, and what may not change.
Models: kubernetes, registry/resource and its validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clusters.machinery.field import ErrorList, Path, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, field, selected
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import immutable_errors

GROUP = "resource.k8s.io"
_SPEC = Path("spec")


class DeviceClassStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})


class ResourceClaimStrategy(Strategy):
    """A claim's spec is fixed: what it asks for is decided once."""

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})
        obj.setdefault("status", {})
        _default_requests(obj["spec"])

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _request_errors(obj["spec"], _SPEC)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return immutable_errors(new["spec"], old["spec"], _SPEC)


class ResourceClaimTemplateStrategy(Strategy):
    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        _default_requests(spec.setdefault("spec", {}))

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _request_errors(obj["spec"].get("spec") or {}, _SPEC.child("spec"))

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return immutable_errors(new["spec"], old["spec"], _SPEC)


class ResourceSliceStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        errors: ErrorList = []
        if not spec.get("driver"):
            errors.append(required(_SPEC.child("driver")))
        if not (spec.get("pool") or {}).get("name"):
            errors.append(required(_SPEC.child("pool", "name")))
        chosen = [name for name in ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection") if spec.get(name)]
        if not chosen:
            why = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
            errors.append(required(_SPEC, why))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = self.validate_create(new, ctx)
        for names in (("driver",), ("pool", "name"), ("nodeName",)):
            errors += immutable_errors(at(new["spec"], *names), at(old["spec"], *names), _SPEC.child(*names))
        return errors


def _default_requests(spec: Obj) -> None:
    for request in (spec.get("devices") or {}).get("requests") or ():
        exactly = request.get("exactly")
        for each in [exactly] if exactly is not None else request.get("firstAvailable") or ():
            if not each.get("allocationMode"):
                each["allocationMode"] = "ExactCount"
            if each["allocationMode"] == "ExactCount" and not each.get("count"):
                each["count"] = 1


def _request_errors(spec: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    for i, request in enumerate((spec.get("devices") or {}).get("requests") or ()):
        where = path.child("devices", "requests").index(i)
        if not request.get("name"):
            errors.append(required(where.child("name")))
        exactly, first = request.get("exactly"), request.get("firstAvailable")
        if (exactly is None) == (not first):
            errors.append(required(where, "exactly one of `exactly` or `firstAvailable` is required"))
        if exactly is not None and not exactly.get("deviceClassName"):
            errors.append(required(where.child("exactly", "deviceClassName")))
    return errors


def _state(obj: Obj, now: int) -> str:
    words = ["deleted"] if "deletionTimestamp" in obj["metadata"] else []
    if at(obj, "status", "allocation") is not None:
        words.append("allocated")
        if at(obj, "status", "reservedFor"):
            words.append("reserved")
    elif not words:
        words.append("pending")
    return ",".join(words)


def _resource(
    name: str,
    kind: str,
    strategy: Strategy,
    *columns: Column,
    namespaced: bool = True,
    status: bool = False,
    fields: Mapping[str, Callable[[Obj], str]] | None = None,
) -> Resource:
    return Resource(
        group=GROUP,
        name=name,
        kind=kind,
        singular=kind.lower(),
        namespaced=namespaced,
        versions=(Version(name="v1", schema=f"io.k8s.api.resource.v1.{kind}"),),
        subresources=(Subresource(name="status"),) if status else (),
        strategy=strategy,
        columns=(NAME, *columns, AGE),
        fields=fields or {},
    )


RESOURCES = (
    _resource("deviceclasses", "DeviceClass", DeviceClassStrategy(), namespaced=False),
    _resource(
        "resourceclaims",
        "ResourceClaim",
        ResourceClaimStrategy(),
        Column(
            name="State",
            description="A summary of the current state (allocated, pending, reserved, etc.).",
            value=_state,
        ),
        status=True,
    ),
    _resource("resourceclaimtemplates", "ResourceClaimTemplate", ResourceClaimTemplateStrategy()),
    _resource(
        "resourceslices",
        "ResourceSlice",
        ResourceSliceStrategy(),
        Column(
            name="Node",
            description="NodeName identifies the node which provides the resources in this pool.",
            value=field("spec", "nodeName"),
        ),
        Column(
            name="Driver",
            description="Driver identifies the DRA driver providing the capacity information.",
            value=field("spec", "driver"),
        ),
        Column(
            name="Pool",
            description="Name is used to identify the pool.",
            value=field("spec", "pool", "name"),
        ),
        namespaced=False,
        fields={
            "spec.nodeName": selected("spec", "nodeName"),
            "spec.driver": selected("spec", "driver"),
        },
    ),
)
