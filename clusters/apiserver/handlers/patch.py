"""PATCH: JSON, merge, strategic merge and server-side apply, on the served version of the current object.

The patch is applied anew whenever somebody else was faster. Models: apiserver, pkg/endpoints/handlers/patch.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clusters.apiserver.authz.escalation import guard_write
from clusters.apiserver.call import Call
from clusters.apiserver.decoding import check_name
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.handlers.read import object_response
from clusters.apiserver.handlers.write import dedup_owners, write_options
from clusters.apiserver.http import Response
from clusters.apiserver.negotiate import choose
from clusters.apiserver.params import WriteParams
from clusters.apiserver.patching import APPLY, Patch
from clusters.apiserver.routing import patch_types
from clusters.machinery.errors import Conflict, UnsupportedMediaType
from clusters.machinery.types import Obj


def patch_type(call: Call, endpoint: Endpoint) -> str:
    """The kind of patch that the Content-Type names. Raises UnsupportedMediaType."""
    media = call.request.header("content-type").partition(";")[0].strip()
    supported = patch_types(endpoint)
    if media not in supported:
        raise UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: " + ", ".join(supported)
        )
    return media


def patch(call: Call, endpoint: Endpoint) -> Response:
    """PATCH of an object."""
    return patch_object(call, endpoint, "")


def patch_object(call: Call, endpoint: Endpoint, subresource: str) -> Response:
    """PATCH of an object or of a subresource that has the object's own shape."""
    info = call.info
    media = patch_type(call, endpoint)
    form = choose(call.accept)
    apply = media == APPLY
    params = WriteParams.parse(call.query, "PatchOptions", apply=apply)
    server = call.server
    patching = Patch(
        media,
        call.request.body,
        endpoint,
        validation=params.validation or "Warn",
        manager=params.manager,
        force=bool(params.force),
        now=server.cluster.clock.now(),
        subresource=subresource,
    )

    def finish(obj: Obj) -> Obj:
        obj.setdefault("metadata", {})
        check_name(obj, info.name, info.namespace if endpoint.namespaced else "")
        dedup_owners(call, obj)
        call.warnings[:] = [*call.warnings, *(w for w in patching.warnings if w not in call.warnings)]
        return endpoint.incoming(obj)

    def transform(current: Obj) -> Obj:
        obj = finish(patching.apply(endpoint.outgoing(current, None)))
        guard_write(call, endpoint.resource.qualified, obj, current)
        return obj

    created: list[bool] = []

    def make() -> Obj:
        obj = patching.create()
        uid = (obj.get("metadata") or {}).get("uid")
        if uid:
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise Conflict.of(endpoint.group, endpoint.name, info.name, why)
        server.authorizer.require_create(call)
        created.append(True)
        obj = finish(obj)
        guard_write(call, endpoint.resource.qualified, obj, None)
        return obj

    factory: Callable[[], Any] | None = make if apply and not subresource else None
    stored = server.cluster.registry.update(
        endpoint.resource,
        info.namespace,
        info.name,
        transform,
        write_options(call, endpoint, params, operation="Apply" if apply else "Update"),
        subresource=subresource,
        create=factory,
        patch=True,
    )
    return object_response(call, endpoint, stored, form, 201 if created else 200)
