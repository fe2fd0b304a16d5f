"""`scale`: any workload's replicas, in a shape of its own (`autoscaling/v1 Scale`).

Models: kubernetes, pkg/registry/apps/*/storage ScaleREST; apiextensions, pkg/registry/customresource for custom
resources, whose scale is found by the paths that their definition names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clusters.apiserver.call import Call
from clusters.apiserver.decoding import check_name, read_object
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.handlers.patch import patch_type
from clusters.apiserver.handlers.read import shaped_response
from clusters.apiserver.handlers.write import write_options
from clusters.apiserver.http import Answer, Response
from clusters.apiserver.negotiate import choose
from clusters.apiserver.params import WriteParams
from clusters.apiserver.patching import APPLY, Patch
from clusters.apiserver.routing import check_route
from clusters.apiserver.subresources.scale_owners import owners_of_parent, owners_of_scale
from clusters.machinery import schema
from clusters.machinery.errors import BadRequest, Invalid, MethodNotAllowed, NotFound
from clusters.machinery.field import Path, invalid
from clusters.machinery.types import Obj
from clusters.registry import requests
from clusters.registry.item import Item
from clusters.registry.metadata import private_copy
from clusters.registry.registry import WriteOptions
from clusters.resources.base import Column, Resource, Strategy, Version
from clusters.resources.common.cells import field
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.scale import scale_of, with_replicas

_VERSION = Version(name="v1", schema="io.k8s.api.autoscaling.v1.Scale")
_COLUMNS = (
    replace(NAME, format=""),
    Column(
        name="Desired",
        type="integer",
        description="replicas is the desired number of instances for the scaled object.",
        value=field("spec", "replicas", default=0),
    ),
    Column(
        name="Available",
        type="integer",
        description="replicas is the actual number of observed instances of the scaled object.",
        value=field("status", "replicas", default=0),
    ),
    AGE,
)
SCALE = Endpoint(
    Resource(
        group="autoscaling",
        name="scales",
        kind="Scale",
        versions=(_VERSION,),
        strategy=Strategy(),
        columns=_COLUMNS,
    ),
    _VERSION,
)
"""How Scale objects are decoded and patched."""


def read_scale(endpoint: Endpoint, obj: Obj) -> Obj:
    """The Scale of an object."""
    make = getattr(endpoint.resource.strategy, "scale_of", None)
    found: Obj = make(obj) if make is not None else scale_of(obj)
    return found


def _replaced(endpoint: Endpoint, obj: Obj, scale: Obj) -> Obj:
    make = getattr(endpoint.resource.strategy, "with_scale", None)
    found: Obj = make(obj, scale) if make is not None else with_replicas(obj, scale)
    return found


def _path(endpoint: Endpoint, obj: Obj) -> tuple[str, ...]:
    find = getattr(endpoint.resource.strategy, "scale_path", None)
    return find(obj) if find is not None else ("spec", "replicas")


def serve(call: Call, endpoint: Endpoint) -> Answer:
    """get, update or patch."""
    check_route(call, endpoint)
    verb = call.info.verb
    if verb == "update":
        return _update(call, endpoint)
    if verb == "patch":
        return _patch(call, endpoint)
    if verb != "get":
        raise MethodNotAllowed
    item = call.server.cluster.registry.get(endpoint.resource, call.info.namespace, call.info.name)
    return _answer(call, endpoint, item)


def _answer(call: Call, endpoint: Endpoint, item: Item) -> Response:
    wire = item.wire if item.rev else item.obj
    scale = read_scale(endpoint, endpoint.outgoing(wire, None))
    return shaped_response(call, SCALE, scale, choose(call.accept))


def _update(call: Call, endpoint: Endpoint) -> Response:
    params = WriteParams.parse(call.query, "UpdateOptions") if call.request.query else WriteParams()
    sent = read_object(call, SCALE, validation=params.validation)
    check_name(sent, call.info.name, call.info.namespace)
    return _write(call, endpoint, params, lambda _current: sent)


def _patch(call: Call, endpoint: Endpoint) -> Response:
    media = patch_type(call, endpoint)
    params = WriteParams.parse(call.query, "PatchOptions", apply=media == APPLY)
    patching = Patch(
        media,
        call.request.body,
        SCALE,
        validation=params.validation or "Warn",
        manager=params.manager,
        force=bool(params.force),
        now=call.server.cluster.clock.now(),
        subresource="scale",
    )

    def apply(current: Obj) -> Obj:
        out = patching.apply(current)
        out.setdefault("metadata", {})
        check_name(out, call.info.name, call.info.namespace)
        call.warnings[:] = [*call.warnings, *(w for w in patching.warnings if w not in call.warnings)]
        return out

    return _write(call, endpoint, params, apply, operation="Apply" if media == APPLY else "Update")


def _admit(call: Call, endpoint: Endpoint, scale: Obj, before: Obj, opts: WriteOptions) -> None:
    """Admission sees Scales, not what is scaled; it may change the new one."""
    registry, resource, key = call.server.cluster.registry, endpoint.resource, (call.info.namespace, call.info.name)
    attrs = requests.admit(
        registry, resource, "scale", key, scale, opts, kind=requests.SCALE, operation="UPDATE", old=before
    )
    requests.validate(registry, attrs, opts)


def _write(call: Call, endpoint: Endpoint, params: WriteParams, change: Any, *, operation: str = "Update") -> Response:
    """Write what `change` makes of the current Scale into the object. Who owns the replicas is tracked with the
    object, unless the operation is to work it out by itself (`Apply`)."""
    info = call.info

    def transform(current: Obj) -> Obj:
        served = endpoint.outgoing(current, None)
        before = read_scale(endpoint, served)
        owners = served["metadata"].get("managedFields")
        if operation == "Apply":
            before["metadata"]["managedFields"] = owners_of_scale(owners, _path(endpoint, served))
        scale = change(private_copy(before))
        _admit(call, endpoint, scale, before, opts)
        replicas = (scale.get("spec") or {}).get("replicas", 0)
        if not endpoint.custom and (not isinstance(replicas, int) or replicas < 0):
            error = invalid(Path("spec").child("replicas"), replicas, "must be greater than or equal to 0")
            raise Invalid.of("autoscaling", "Scale", info.name, [error])
        out = _replaced(endpoint, served, scale)
        out["metadata"] = dict(out["metadata"])
        if uid := scale["metadata"].get("uid"):
            out["metadata"]["uid"] = uid
        if operation == "Apply":
            named = scale["metadata"].get("managedFields")
            out["metadata"]["managedFields"] = owners_of_parent(
                owners, named, _path(endpoint, served), endpoint.api_version
            )
        rev = scale["metadata"].get("resourceVersion")
        out["metadata"]["resourceVersion"] = rev or current["metadata"]["resourceVersion"]
        if not rev:
            out["metadata"].pop("resourceVersion")
        return endpoint.incoming(out)

    opts = replace(write_options(call, endpoint, params, operation=operation), admitted=True)
    registry = call.server.cluster.registry
    try:
        item = registry.update(
            endpoint.resource,
            info.namespace,
            info.name,
            transform,
            opts,
            subresource="scale",
            patch=info.verb == "patch",
        )
    except NotFound as error:
        if endpoint.custom or registry.cache.get(endpoint.resource.key(info.namespace, info.name)) is not None:
            raise
        raise NotFound.of(endpoint.group, f"{endpoint.name}/scale", info.name) from error
    return _answer(call, endpoint, item)


__all__ = ["SCALE", "BadRequest", "read_scale", "schema", "serve"]
