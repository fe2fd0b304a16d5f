"""Kinds of resource.k8s.io (dynamic resource allocation): served, stored and checked; nothing allocates.

Models: kubernetes, registry/resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clusters.machinery.types import Obj
from clusters.resources.base import Column, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, field, selected
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.resource.device_class import DeviceClassStrategy
from clusters.resources.resource.resource_claim import ResourceClaimStrategy, ResourceClaimTemplateStrategy
from clusters.resources.resource.resource_slice import ResourceSliceStrategy

GROUP = "resource.k8s.io"


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
