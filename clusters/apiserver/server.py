"""`ApiServer`: one request in, one answer out.

    request → who (authn) → may they (authz) → which route → handler → answer
                 401            403            404, 405, 406

Framework-free and synchronous; an answer that goes on (a watch) is a `Stream` that its carrier drains.
Models: apiserver, pkg/server/config.go DefaultBuildHandlerChain.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from clusters.apiserver import aggregation, render, requestinfo
from clusters.apiserver.audit import record
from clusters.apiserver.authn import bearer
from clusters.apiserver.authn.chain import Authenticator
from clusters.apiserver.authz.chain import Authorizer
from clusters.apiserver.call import Call
from clusters.apiserver.compress import compress
from clusters.apiserver.context import ClusterContext
from clusters.apiserver.endpoint import Endpoint, Endpoints
from clusters.apiserver.flows import Flows
from clusters.apiserver.http import Answer, Later, Request, Response, Stream
from clusters.apiserver.revisions import NotYet
from clusters.apiserver.room import check_room
from clusters.apiserver.routing import check_route, not_found
from clusters.apiserver.throttle import Throttle, too_many
from clusters.kernel.clock import wall_now
from clusters.machinery import duration, names
from clusters.machinery.errors import (
    ApiError,
    BadRequest,
    InternalError,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unauthorized,
)
from clusters.machinery.field import go_quote
from clusters.machinery.types import Obj
from clusters.storage.store import ClusterDeleted

logger = logging.getLogger(__name__)

Handler = Callable[[Call, Endpoint], Answer]

_ITEM_VERBS = frozenset(("get", "update", "patch", "delete", "watch"))
_COLLECTION_VERBS = frozenset(("list", "create", "deletecollection", "watch"))
_LONG_RUNNING = frozenset(("exec", "attach", "portforward", "proxy", "log"))
_ROUTE_VERB = {"watch": "list"}


class ApiServer:
    """The API of one cluster."""

    def __init__(self, cluster: ClusterContext) -> None:
        from clusters.apiserver import component_status, metrics
        from clusters.apiserver.handlers import delete, patch, read, watch, write
        from clusters.apiserver.nonresource import NonResource
        from clusters.apiserver.reviews import REVIEWS
        from clusters.apiserver.subresources import SUBRESOURCES
        from clusters.apiserver.watch.hub import WatchHub

        self.cluster = cluster
        self.endpoints = Endpoints(cluster.resources)
        self.hub = WatchHub(cluster.registry.cache, cluster.settings)
        self.authenticator = Authenticator(cluster)
        self.authorizer = Authorizer(cluster)
        self.flows = Flows(cluster.registry.cache)
        self.nonresource = NonResource(self)
        self._reviews = REVIEWS
        self._subresources = SUBRESOURCES
        self.requests = 0
        self.throttle = Throttle(cluster.settings.requests_per_second, cluster.settings.request_burst)
        self._made_up: dict[str, Handler] = {
            "componentstatuses": component_status.serve,
            "pods.metrics.k8s.io": metrics.pods,
            "nodes.metrics.k8s.io": metrics.nodes,
        }
        self._handlers: dict[str, Handler] = {
            "get": read.get,
            "list": read.list_,
            "watch": watch.watch,
            "create": write.create,
            "update": write.update,
            "patch": patch.patch,
            "delete": delete.delete,
            "deletecollection": delete.delete_collection,
        }

    def handle(self, request: Request) -> Answer:
        """Answer one request, at once. Never raises."""
        answer = self._handle(request, patient=False)
        assert not isinstance(answer, Later)
        return answer

    def begin(self, request: Request) -> Answer | Later:
        """Answer one request, or say what must be waited for before it is asked again (with `handle`)."""
        return self._handle(request, patient=True)

    def _handle(self, request: Request, *, patient: bool) -> Answer | Later:
        info = requestinfo.parse(request.method, request.path, request.query)
        call = Call(self, request, info, began=wall_now(), patient=patient)
        try:
            answer = self._answer(call)
        except NotYet as early:
            return Later(partial(self._reached, early.wanted), self.cluster.settings.future_seconds)
        except ApiError as failure:
            answer = render.error(call, failure, call.accept)
        except ClusterDeleted:
            gone = NotFound(f'there is no cluster named "{self.cluster.name}" (any more)', details={})
            answer = render.error(call, gone, call.accept)
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            answer = render.error(call, InternalError(render.STUMBLED), call.accept)
        return self._finish(call, answer)

    def _reached(self, rev: int) -> bool:
        try:
            return self.cluster.registry.cache.refresh() >= rev
        except ClusterDeleted:
            return True

    def pod_token(self, pod: Obj, source: Obj) -> str:
        """The token of a projected volume (`serviceAccountToken`): signed, bound to the Pod, in force."""
        meta, name = pod["metadata"], pod["spec"].get("serviceAccountName", "default")
        account = self.cluster.registry.lookup.get("serviceaccounts", meta["namespace"], name)
        if account is None or self.cluster.keys is None:
            return ""
        wanted = source.get("audience")
        audiences = (str(wanted),) if wanted else self.cluster.settings.audiences
        seconds = int(source.get("expirationSeconds") or 3600)
        return self.authenticator.service_accounts.issue(
            account, audiences=audiences, seconds=seconds, serial=self.requests, kind="pod", target=pod
        )

    def _finish(self, call: Call, answer: Answer) -> Answer:
        self.requests += 1
        if isinstance(answer, Response | Stream):
            audit_id = call.request.header("audit-id") or self.cluster.rng.uuid("audit", self.requests)
            answer.headers.append(("Audit-Id", audit_id))
            answer.headers.extend(call.flow)
            if not any(name == "Cache-Control" for name, _ in answer.headers):
                answer.headers.append(("Cache-Control", "no-cache, private"))
        if isinstance(answer, Response):
            compress(call.request, answer)
        record(self.cluster.audit, call, getattr(answer, "status", 101))
        return answer

    def _answer(self, call: Call) -> Answer:
        request, info = call.request, call.info
        if len(request.body) > self.cluster.settings.max_body_bytes:
            limit = self.cluster.settings.max_body_bytes
            raise TooLarge(f"Request entity too large: limit is {limit}", details={})
        if "timeout=" in request.query:
            check_timeout(call)
        if spaced := bearer.ignored(request):
            call.warnings.append(spaced)
        user = self.authenticator.authenticate(request)
        if user is None:
            raise Unauthorized
        call.user = user
        if not self.throttle.allows(user.name):
            return too_many()
        if any(name.startswith("impersonate-") for name, _ in request.headers):
            acting = self.authorizer.impersonate(call)
            if acting is not user:
                call.user, call.impersonator = acting, user
        if info.subresource not in _LONG_RUNNING:
            call.flow = self.flows.headers(call.user, info)
        self.authorizer.require(call)
        if not info.is_resource:
            return self.nonresource.answer(call)
        return self._route(call)

    def _route(self, call: Call) -> Answer:
        info = call.info
        endpoint = self.endpoints.get(info.group, info.version, info.resource)
        if endpoint is None or endpoint.resource.aggregated:
            refusal = aggregation.refusal(self.cluster, info.group, info.version)
            if refusal is not None:
                return refusal
        if endpoint is None:
            return not_found(call, builtin=self.endpoints.builtin(info.group))
        if call.request.method == "HEAD" and not endpoint.custom and info.subresource != "proxy":
            # Only GET has routes; custom resources have a handler that asks for the verb alone.
            raise MethodNotAllowed
        if endpoint.version.deprecation:
            call.warnings.append(endpoint.version.deprecation)
        if info.subresource:
            return self._subresource(call, endpoint)
        _check_scope(call, endpoint)
        review = self._reviews.get(endpoint.resource.qualified)
        if review is not None:
            if info.verb != "create" or info.name:
                raise MethodNotAllowed
            if endpoint.namespaced and not info.namespace:
                raise MethodNotAllowed
            check_route(call, endpoint)
            return review(call, endpoint)
        self._check_method(call, endpoint)
        _check_names(call)
        check_room(call, endpoint)
        handler = self._made_up.get(endpoint.resource.qualified) or self._handlers[info.verb]
        return handler(call, endpoint)

    def _check_method(self, call: Call, endpoint: Endpoint) -> None:
        info = call.info
        verb = info.verb
        allowed = _ITEM_VERBS if info.name else _COLLECTION_VERBS
        if not verb or verb not in allowed or (_ROUTE_VERB.get(verb, verb) not in endpoint.verbs):
            raise _not_supported(call, endpoint)
        if endpoint.custom:
            # No router stands before custom resources: their handlers negotiate alone.
            return
        if not info.name and endpoint.namespaced and not info.namespace and verb not in ("list", "watch"):
            raise MethodNotAllowed
        check_route(call, endpoint, watchable=verb in ("list", "watch") and "watch" in endpoint.verbs)

    def _subresource(self, call: Call, endpoint: Endpoint) -> Answer:
        info = call.info
        described = endpoint.subresources.get(info.subresource)
        if described is None and endpoint.custom:
            raise NotFound.of(endpoint.group, endpoint.name, info.name)
        if described is None or (endpoint.namespaced and not info.namespace):
            raise NotFound.path()
        handler = self._subresources.get(info.subresource)
        if handler is None or (info.rest and info.subresource != "proxy"):
            raise NotFound.path()
        verb = "get" if info.verb == "watch" else info.verb
        if verb not in described.verbs and info.subresource != "proxy":
            raise _not_supported(call, endpoint)
        return handler(call, endpoint)


def check_timeout(call: Call) -> None:
    """A request's own deadline must be one; nothing here takes long enough to miss it. Raises BadRequest."""
    info, text = call.info, call.query.get("timeout")
    if not text or info.verb == "watch" or info.subresource in _LONG_RUNNING:
        return
    try:
        duration.nanoseconds(text)
    except ValueError as error:
        raise BadRequest(f"invalid timeout specified in the request URL - {error}") from None


def _check_names(call: Call) -> None:
    """Of the request line: they are looked for as they are, if they can be names at all. Raises BadRequest."""
    for what, name in (("Name", call.info.name), ("Namespace", call.info.namespace)):
        if "%" in name or name in (".", ".."):
            problems = ";".join(names.path_segment_name(name))
            raise BadRequest(f"{what} parameter invalid: {go_quote(name)}: {problems}")


def _check_scope(call: Call, endpoint: Endpoint) -> None:
    """There are no paths to namespaced objects without a namespace, nor the other way round."""
    info = call.info
    astray = not endpoint.namespaced and info.namespace and info.resource != "namespaces"
    if info.rest or astray or (endpoint.namespaced and not info.namespace and info.name):
        raise NotFound.path()
    if endpoint.custom and endpoint.namespaced and not info.namespace and info.verb not in ("list", "watch"):
        raise NotFound.path()


def _not_supported(call: Call, endpoint: Endpoint) -> MethodNotAllowed:
    """405, in the words of the router or, for custom resources, of their handler."""
    if not endpoint.custom:
        return MethodNotAllowed()
    refusal = MethodNotAllowed(
        f'{call.info.verb} is not supported on resources of kind "{endpoint.resource.qualified}"'
    )
    refusal.details = {"group": endpoint.group, "kind": endpoint.name}
    return refusal
