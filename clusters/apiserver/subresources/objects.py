"""Subresources with the object's own shape: status, approval, finalize, ephemeralcontainers, resize.

They are read and written like the object; which fields a write may change is the strategy's business, which
sees the subresource in its context.
"""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.handlers.patch import patch_object
from clusters.apiserver.handlers.read import get
from clusters.apiserver.handlers.write import put
from clusters.apiserver.http import Answer
from clusters.apiserver.routing import check_route
from clusters.machinery.errors import MethodNotAllowed


def serve(call: Call, endpoint: Endpoint) -> Answer:
    """get, update or patch."""
    check_route(call, endpoint)
    verb, name = call.info.verb, call.info.subresource
    if verb in ("get", "watch"):
        return get(call, endpoint)
    if verb == "update":
        return put(call, endpoint, name)
    if verb == "patch":
        return patch_object(call, endpoint, name)
    raise MethodNotAllowed
