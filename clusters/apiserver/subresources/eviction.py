"""`eviction`: delete a Pod unless a budget forbids it (the deed itself is `registry.eviction`).

Models: kubernetes, pkg/registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from clusters.apiserver import render
from clusters.apiserver.call import Call
from clusters.apiserver.decoding import check_namespace, read_object
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.handlers.delete import delete_options
from clusters.apiserver.http import Response
from clusters.apiserver.negotiate import choose
from clusters.apiserver.params import DeleteParams, WriteParams
from clusters.apiserver.routing import check_route
from clusters.machinery import schema
from clusters.machinery.errors import BadRequest
from clusters.registry import eviction
from clusters.registry.registry import WriteOptions


def create_eviction(call: Call, endpoint: Endpoint) -> Response:
    """POST to `pods/NAME/eviction`."""
    check_route(call, endpoint)
    form = choose(call.accept)
    info = call.info
    params = WriteParams.parse(call.query, "CreateOptions") if call.request.query else WriteParams()
    body = read_object(
        call,
        endpoint,
        validation=params.validation,
        type_=schema.definitions().type("io.k8s.api.policy.v1.Eviction"),
        api_version="policy/v1",
        kind="Eviction",
    )
    check_namespace(body, info.namespace)
    if body["metadata"].get("name", "") != info.name:
        raise BadRequest("name in URL does not match name in Eviction object")
    sent = DeleteParams.parse(call.query, body.get("deleteOptions") or {})
    opts = WriteOptions(
        user=call.user,
        dry_run=params.dry_run or sent.dry_run,
        warnings=call.warnings,
        annotations=call.annotations,
        options=sent.raw,
    )
    registry = call.server.cluster.registry
    eviction.evict(registry, info.namespace, info.name, delete_options(sent), opts, body)
    return render.answer(call, render.success(code=201), form if not form.kind else choose(""), 201)
