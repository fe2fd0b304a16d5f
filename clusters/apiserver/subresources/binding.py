"""`binding`: put a Pod on a node (the deed itself is `registry.pods.bind`).

Models: kubernetes, pkg/registry/core/pod/storage (BindingREST).
"""

from __future__ import annotations

from clusters.apiserver import render
from clusters.apiserver.call import Call
from clusters.apiserver.decoding import check_namespace, read_object
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Response
from clusters.apiserver.negotiate import choose
from clusters.apiserver.params import WriteParams
from clusters.apiserver.routing import check_route
from clusters.machinery import schema
from clusters.machinery.errors import BadRequest, MethodNotAllowed
from clusters.registry import pods
from clusters.registry.registry import WriteOptions


def create_binding(call: Call, endpoint: Endpoint) -> Response:
    """POST to `pods/NAME/binding`, or to the old `bindings`."""
    info = call.info
    if info.verb != "create":
        raise MethodNotAllowed
    check_route(call, endpoint)
    form = choose(call.accept)
    params = WriteParams.parse(call.query, "CreateOptions") if call.request.query else WriteParams()
    binding = read_object(
        call,
        endpoint,
        validation=params.validation,
        type_=schema.definitions().type("io.k8s.api.core.v1.Binding"),
        api_version="v1",
        kind="Binding",
    )
    check_namespace(binding, info.namespace)
    name = binding["metadata"].get("name", "")
    if info.name and info.name != name:
        raise BadRequest("name in URL does not match name in Binding object")
    opts = WriteOptions(
        user=call.user,
        manager=params.manager or call.manager,
        dry_run=params.dry_run,
        warnings=call.warnings,
        annotations=call.annotations,
        options=params.raw,
    )
    pods.bind(call.server.cluster.registry, info.namespace, name, binding, opts)
    return render.answer(call, render.success(code=201), form if not form.kind else choose(""), 201)
