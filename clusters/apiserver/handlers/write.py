"""create and update: decode, hand to the registry, answer with what was stored.

Models: apiserver, pkg/endpoints/handlers/create.go and update.go.
"""

from __future__ import annotations

from clusters.apiserver.authz.escalation import guard_write
from clusters.apiserver.call import Call
from clusters.apiserver.decoding import check_name, check_namespace, read_object
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.handlers.read import object_response
from clusters.apiserver.http import Response
from clusters.apiserver.negotiate import choose
from clusters.apiserver.params import WriteParams
from clusters.machinery.types import Obj
from clusters.registry.metadata import private_copy
from clusters.registry.registry import WriteOptions


def write_options(call: Call, endpoint: Endpoint, params: WriteParams, *, operation: str = "Update") -> WriteOptions:
    """How the registry shall write for this request."""
    return WriteOptions(
        user=call.user,
        manager=params.manager or call.manager,
        operation=operation,
        dry_run=params.dry_run,
        version=endpoint.version.name,
        warnings=call.warnings,
        annotations=call.annotations,
        options=params.raw,
    )


def create(call: Call, endpoint: Endpoint) -> Response:
    """POST to a collection."""
    info = call.info
    form = choose(call.accept)
    params = WriteParams.parse(call.query, "CreateOptions") if call.request.query else WriteParams()
    obj = read_object(call, endpoint, validation=params.validation)
    if endpoint.namespaced:
        check_namespace(obj, info.namespace)
    dedup_owners(call, obj)
    registry = call.server.cluster.registry
    opts = write_options(call, endpoint, params)
    guard_write(call, endpoint.resource.qualified, obj, None)
    stored = registry.create(endpoint.resource, info.namespace, endpoint.incoming(obj), opts)
    return object_response(call, endpoint, stored, form, 201)


def update(call: Call, endpoint: Endpoint) -> Response:
    """PUT of an object."""
    return put(call, endpoint, "")


def put(call: Call, endpoint: Endpoint, subresource: str) -> Response:
    """PUT of an object or of a subresource that has the object's own shape."""
    info = call.info
    form = choose(call.accept)
    params = WriteParams.parse(call.query, "UpdateOptions") if call.request.query else WriteParams()
    obj = read_object(call, endpoint, validation=params.validation)
    check_name(obj, info.name, info.namespace if endpoint.namespaced else "")
    dedup_owners(call, obj)
    incoming = endpoint.incoming(obj)
    registry = call.server.cluster.registry
    opts = write_options(call, endpoint, params)
    created: list[bool] = []

    def make() -> Obj:
        call.server.authorizer.require_create(call)
        created.append(True)
        guard_write(call, endpoint.resource.qualified, incoming, None)
        return incoming

    def replace(current: Obj) -> Obj:
        guard_write(call, endpoint.resource.qualified, incoming, current)
        return private_copy(incoming)

    stored = registry.update(
        endpoint.resource,
        info.namespace,
        info.name,
        replace,
        opts,
        subresource=subresource,
        uid=str(incoming["metadata"].get("uid") or ""),
        create=make if endpoint.resource.strategy.allow_create_on_update and not subresource else None,
    )
    return object_response(call, endpoint, stored, form, 201 if created else 200)


def dedup_owners(call: Call, obj: Obj) -> None:
    """The same owner named twice is kept once, with a warning."""
    owners = obj["metadata"].get("ownerReferences")
    if not owners or len(owners) < 2:
        return
    seen: set[str] = set()
    kept: list[Obj] = []
    doubled: list[str] = []
    for owner in owners:
        if owner in kept:
            uid = str(owner.get("uid", ""))
            if uid not in seen:
                doubled.append(uid)
                seen.add(uid)
        else:
            kept.append(owner)
    if doubled:
        obj["metadata"]["ownerReferences"] = kept
        call.warnings.append(
            f".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, "
            f"and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
            f"{', '.join(doubled)}"
        )
