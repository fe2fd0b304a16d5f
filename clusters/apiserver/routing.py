"""What the router checks before a handler runs: that the body's media type is read, and that some form of the
answer is accepted. Models: go-restful, CurlyRouter and RouterJSR311 detectRoute.
"""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import TEXT, Response
from clusters.apiserver.negotiate import OBJECT_TYPES, PATCH_TYPES, STREAM_TYPES, clauses
from clusters.machinery.errors import NotAcceptable, NotFound, UnsupportedMediaType

_WITH_BODY = ("POST", "PUT", "PATCH")


def patch_types(endpoint: Endpoint) -> list[str]:
    """The kinds of patch that an endpoint takes."""
    types = [t for t in PATCH_TYPES if not t.endswith("cbor")]
    return [t for t in types if not (endpoint.custom and "strategic" in t)]


def check_route(call: Call, endpoint: Endpoint | None = None, *, watchable: bool = False) -> None:
    """Raises UnsupportedMediaType and NotAcceptable."""
    request = call.request
    if request.method == "PATCH" and endpoint is not None:
        media = request.header("content-type").partition(";")[0].strip()
        if media not in patch_types(endpoint) and request.body:
            raise UnsupportedMediaType("415: Unsupported Media Type", details={})
    if accepts(call.accept):
        return
    shown = ", ".join(OBJECT_TYPES + (STREAM_TYPES if watchable else ()))
    if request.method in _WITH_BODY and not request.body:
        raise UnsupportedMediaType(f"415: Unsupported Media Type\n\nAvailable representations: {shown}", details={})
    raise NotAcceptable(f"406: Not Acceptable\n\nAvailable representations: {shown}", details={})


def not_found(call: Call, *, builtin: bool) -> Response:
    """404: a Status where one of Kubernetes' own groups (or `/api`, `/version`) has a router, else the mux's text."""
    if builtin:
        raise NotFound.path()
    headers = [("X-Content-Type-Options", "nosniff")]
    return Response(404, b"404 page not found\n", TEXT, headers)


def accepts(header: str) -> bool:
    """Whether one of the types named is produced; the router knows no wildcard but `*/*`."""
    return not header or any(media in ("*/*", "", *OBJECT_TYPES) for media, _ in clauses(header))
