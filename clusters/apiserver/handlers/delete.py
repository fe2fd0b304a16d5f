"""delete and deletecollection. Models: apiserver, pkg/endpoints/handlers/delete.go."""

from __future__ import annotations

from typing import Any

from clusters.apiserver import render
from clusters.apiserver.call import Call
from clusters.apiserver.decoding import plain_body
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.handlers.read import find, items_response, object_response
from clusters.apiserver.http import Response
from clusters.apiserver.negotiate import choose
from clusters.apiserver.params import DeleteParams, ListOptions, WriteParams
from clusters.apiserver.selection import check_fields
from clusters.machinery import decode, schema
from clusters.machinery.types import Obj
from clusters.registry import deletion
from clusters.registry.registry import WriteOptions

# Kinds whose delete answers with the object although it is gone (ReturnDeletedObject).
RETURNED = frozenset(
    (
        "pods",
        "podtemplates",
        "persistentvolumes",
        "persistentvolumeclaims",
        "resourcequotas",
        "serviceaccounts",
        "services",
        "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io",
        "storageclasses.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
    )
)


def _params(call: Call) -> DeleteParams:
    body: dict[str, Any] | None = None
    if call.request.body:
        type_ = schema.definitions().type("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")
        sent, media = plain_body(call, type_)
        body = decode.decode_options(sent, media, type_)
    return DeleteParams.parse(call.query, body)


def delete_options(params: DeleteParams, default: str = "") -> deletion.DeleteOptions:
    """The registry's form of DeleteOptions."""
    raw = params.raw
    propagation = raw.get("propagationPolicy") or ""
    orphan = raw.get("orphanDependents")
    if orphan is not None:
        propagation = "Orphan" if orphan else "Background"
    preconditions = raw.get("preconditions") or {}
    grace = raw.get("gracePeriodSeconds")
    return deletion.DeleteOptions(
        grace_seconds=1 if grace is not None and grace < 0 else grace,
        propagation=propagation or default,
        uid=preconditions.get("uid") or "",
        resource_version=preconditions.get("resourceVersion") or "",
    )


def _write_options(call: Call, endpoint: Endpoint, params: DeleteParams) -> WriteOptions:
    return WriteOptions(
        user=call.user,
        dry_run=params.dry_run,
        version=endpoint.version.name,
        warnings=call.warnings,
        annotations=call.annotations,
        options={"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", **params.raw},
    )


def delete(call: Call, endpoint: Endpoint) -> Response:
    """DELETE of an object: a Status if it is gone, the object if it goes on for a while."""
    info = call.info
    form = choose(call.accept)
    params = _params(call)
    done = deletion.delete(
        call.server.cluster.registry,
        endpoint.resource,
        info.namespace,
        info.name,
        delete_options(params),
        _write_options(call, endpoint, params),
    )
    returns_object = not done.gone or endpoint.resource.qualified in RETURNED
    if returns_object:
        status = 200
        if not done.gone and params.raw.get("orphanDependents") is False:
            status = 202
        return object_response(call, endpoint, done.item, form, status)
    details: Obj = {"name": info.name}
    if endpoint.group:
        details["group"] = endpoint.group
    details["kind"] = endpoint.name
    details["uid"] = done.item.obj["metadata"].get("uid", "")
    return render.answer(call, render.success(details), form if not form.kind else choose(""))


def delete_collection(call: Call, endpoint: Endpoint) -> Response:
    """DELETE of a collection: the list of what was deleted."""
    form = choose(call.accept)
    opts = ListOptions.parse(call.query)
    check_fields(endpoint, opts.fields)
    params = _params(call)
    listing, _ = find(call, endpoint, opts)
    done = deletion.delete_collection(
        call.server.cluster.registry,
        endpoint.resource,
        call.info.namespace,
        listing.items,
        delete_options(params),
        _write_options(call, endpoint, params),
    )
    meta = {"resourceVersion": str(call.server.cluster.registry.cache.rev)}
    return items_response(call, endpoint, [d.item for d in done], meta, form)


__all__ = ["WriteParams", "delete", "delete_collection", "delete_options"]
