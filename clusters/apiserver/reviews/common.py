"""What reviews share: reading the question, giving the answer."""

from __future__ import annotations

from clusters.apiserver import render
from clusters.apiserver.call import Call
from clusters.apiserver.decoding import read_object
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Response
from clusters.apiserver.negotiate import choose
from clusters.apiserver.params import WriteParams
from clusters.kernel.clock import rfc3339
from clusters.machinery.patch import managedfields
from clusters.machinery.types import Obj


def read_review(call: Call, endpoint: Endpoint) -> Obj:
    """The review sent. Raises BadRequest, Invalid."""
    params = WriteParams.parse(call.query, "CreateOptions") if call.request.query else WriteParams()
    obj = read_object(call, endpoint, validation=params.validation)
    entries = managedfields.track(
        None,
        obj,
        manager=params.manager or call.manager,
        operation="Update",
        api_version=endpoint.api_version,
        time=rfc3339(call.server.cluster.clock.now()),
        subresource="",
        type_=endpoint.type,
    )
    if entries:
        obj["metadata"]["managedFields"] = entries
    return obj


def review_answer(call: Call, endpoint: Endpoint, obj: Obj) -> Response:
    """201 with the review answered."""
    return render.answer(call, obj, choose(call.accept, tables=False), 201)
