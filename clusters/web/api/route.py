"""From request to answer: who asks, what may they reach, what did they send.

    bearer token or session (+ CSRF for writes) → cluster and role → query and body → handler → JSON or problem

A handler is a plain function `Call -> answer`; everything it needs is on the call, parsed and bounded. No
exception leaves here as anything but a problem object.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt

from clusters.machinery.errors import ApiError
from clusters.models import Cluster
from clusters.models.access import Reach, Refused, policy
from clusters.runtime.settings import BadInput
from clusters.web.api.fields import Param, object_schema, parse
from clusters.web.api.problems import Problem

logger = logging.getLogger(__name__)

BODY_LIMIT = 64 * 1024
SNAPSHOT_LIMIT = 64 * 1024 * 1024
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Need = Literal["nothing", "read", "write", "own"]
"""What a route asks of the caller's role in the cluster it names (`nothing`: it names none)."""


@dataclass(slots=True)
class Call:
    """One request, understood."""

    request: HttpRequest
    user: Any
    path: dict[str, str]
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    _cluster: Cluster | None = None
    _reach: Reach | None = None

    @property
    def cluster(self) -> Cluster:
        assert self._cluster is not None
        return self._cluster

    @property
    def reach(self) -> Reach:
        assert self._reach is not None
        return self._reach


@dataclass(frozen=True, slots=True)
class Answer:
    """A handler's answer beside plain JSON of status 200."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    method: str
    path: str
    """`clusters/{name}/clock`; `{name}` is the cluster."""
    handler: Handler
    summary: str
    need: Need
    query: tuple[Param, ...] = ()
    body: tuple[Param, ...] | None = None
    returns: dict[str, Any] = field(default_factory=dict)
    """JSON schema of the answer."""
    status: int = 200
    limit: int = BODY_LIMIT


ROUTES: list[Route] = []

_SEGMENT = {"name": r"[a-z0-9-]{1,63}", "rest": r".+"}


def route(
    method: str,
    path: str,
    summary: str,
    *,
    need: Need = "nothing",
    query: Sequence[Param] = (),
    body: Sequence[Param] | None = None,
    returns: dict[str, Any] | None = None,
    status: int = 200,
    limit: int = BODY_LIMIT,
) -> Callable[[Handler], Handler]:
    """Declare a route."""

    def declare(handler: Handler) -> Handler:
        ROUTES.append(
            Route(
                method=method,
                path=path,
                handler=handler,
                summary=summary,
                need=need,
                query=tuple(query),
                body=tuple(body) if body is not None else None,
                returns=returns or {},
                status=status,
                limit=limit,
            )
        )
        return handler

    return declare


def pattern(path: str) -> str:
    """The URL pattern of a route's path."""
    return "^" + re.sub(r"\{(\w+)\}", lambda m: f"(?P<{m[1]}>{_SEGMENT.get(m[1], '[^/]{1,253}')})", path) + "/?$"


def view_of(routes: Sequence[Route]) -> Callable[..., HttpResponseBase]:
    """One Django view for all methods of one path."""
    by_method = {r.method: r for r in routes}

    @csrf_exempt
    def view(request: HttpRequest, **path: str) -> HttpResponseBase:
        try:
            found = by_method.get("GET" if request.method == "HEAD" else request.method or "")
            if found is None:
                answer = Problem(405, f"{request.method} is not possible here").response()
                answer["Allow"] = ", ".join(sorted(by_method))
                return answer
            return _finish(found, found.handler(_understand(found, request, path)))
        except Problem as problem:
            return problem.response()
        except Refused as refused:
            return Problem(refused.status, refused.message).response()
        except ApiError as error:
            return Problem(error.code, error.message, retry_after=error.retry_after or 0).response()
        except Exception as error:
            known = _bad_input(error)
            if known is not None:
                return known.response()
            logger.exception("%s %s", request.method, request.path)
            return Problem(500, "The server failed; its log says more.").response()

    return view


def _bad_input(error: Exception) -> Problem | None:
    """The runtime's word for input that it cannot take: a field and a message."""
    return Problem.invalid(error.field, error.message) if isinstance(error, BadInput) else None


def _understand(route: Route, request: HttpRequest, path: dict[str, str]) -> Call:
    call = Call(request, _caller(request), path)
    if route.need != "nothing":
        _locate(call, route.need)
    call.query = parse(route.query, _query(request))
    if route.body is not None:
        call.body = parse(route.body, _json(request, route.limit))
    return call


def _caller(request: HttpRequest) -> Any:
    """The user of a REST token, else of the session; anything but a read then needs the CSRF token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        user = policy().api_user(token.strip())
        if user is None:
            raise Problem(401, "This token is not valid (any more).")
        return user
    if request.method not in SAFE:
        guard = CsrfViewMiddleware(_unused)
        guard.process_request(request)
        if guard.process_view(request, _unused, (), {}) is not None:
            raise Problem(403, "The CSRF token is missing or wrong: read it from /api/v1/session, send X-CSRFToken.")
    return request.user


def _unused(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _locate(call: Call, need: Need) -> None:
    name = call.path["name"]
    cluster = Cluster.objects.filter(name=name).first()
    reach = policy().may_reach(call.user, cluster) if cluster is not None else None
    if cluster is None or reach is None:
        # Whoever may not reach it is not told that it exists.
        raise Problem(404, f"There is no cluster {name!r} that you may see.")
    if (need == "write" and not reach.write) or (need == "own" and not reach.owner):
        raise Problem(403, f"As {reach.role} of {name!r} you may not do this.")
    call._cluster, call._reach = cluster, reach


def _query(request: HttpRequest) -> dict[str, str]:
    return {key: values[-1] for key, values in request.GET.lists() if isinstance(values[-1], str)}


def _json(request: HttpRequest, limit: int) -> dict[str, Any]:
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > limit:
        raise Problem(413, f"The body has {length} bytes; {limit} are allowed here.")
    try:
        data = request.body
    except RequestDataTooBig:
        raise Problem(413, f"The body is too large; {limit} bytes are allowed here.") from None
    if len(data) > limit:
        raise Problem(413, f"The body has {len(data)} bytes; {limit} are allowed here.")
    if not data.strip():
        return {}
    kind = (request.content_type or "").lower()
    if kind and kind != "application/json" and not kind.endswith("+json"):
        raise Problem(415, f"The body must be application/json, not {kind[:80]}.")
    try:
        raw = orjson.loads(data)
    except ValueError as error:
        raise Problem(400, f"The body is not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise Problem(422, "The body must be a JSON object.")
    return raw


def _finish(route: Route, answer: Any) -> HttpResponseBase:
    if isinstance(answer, HttpResponseBase):
        return answer
    if not isinstance(answer, Answer):
        answer = Answer(answer, route.status)
    if answer.status == 204:
        response = HttpResponse(status=204)
    else:
        response = HttpResponse(orjson.dumps(answer.body), status=answer.status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    for name, value in answer.headers.items():
        response[name] = value
    return response


__all__ = ["ROUTES", "Answer", "Call", "Route", "object_schema", "pattern", "route", "view_of"]
