"""`/k8s/NAME/...`: each cluster's Kubernetes API, before Django.

Who is asking is found here, once a request: a bearer token or a client certificate is the API server's business;
a browser comes with its session cookie (and must show its CSRF token to change anything) and is, inside the
cluster, what the access policy says. Everybody else is `system:anonymous`.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import orjson
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.db import close_old_connections

from clusters.apiserver.asgi import (
    ApiApplication,
    Receive,
    Scope,
    Send,
    certificate_of,
    read_body,
    send_response,
    shared_pool,
)
from clusters.apiserver.context import ClusterContext, ServerSettings
from clusters.apiserver.http import Response
from clusters.apiserver.server import ApiServer
from clusters.components.kubelet.console.playback import Playback
from clusters.machinery.errors import ApiError, Forbidden, InternalError, NotFound, Unauthorized
from clusters.machinery.types import UserInfo
from clusters.models import Cluster
from clusters.models.access import policy
from clusters.realtime.origin import same_origin
from clusters.runtime.authority import number_of
from clusters.runtime.hub import ClusterHandle, UnknownCluster, hub
from clusters.runtime.signing import client_authority, identity_of, token_keys
from clusters.storage.store import ClusterDeleted
from clusters.web.audit import ClusterAudit, audit_log
from clusters.web.containers import PlayedLogs
from clusters.web.streams import Containers, PlayedPorts, Streams

logger = logging.getLogger(__name__)

PREFIX = "/k8s/"
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
BEARER = "Bearer "
USER_SECONDS = 3.0
"""How long a browser's identity in a cluster is remembered."""
_MAX_REMEMBERED = 2000


def server_settings(name: str) -> ServerSettings:
    """What the operator may set of the API server of the cluster called `name`."""
    return ServerSettings(
        external_url=f"{settings.K8S_URL.rstrip('/')}{PREFIX}{name}",
        max_watchers=settings.PLAYGROUND_MAX_WATCHERS,
        max_streams=settings.PLAYGROUND_MAX_STREAMS,
        max_streams_per_user=settings.PLAYGROUND_MAX_STREAMS_PER_USER,
        max_objects=settings.PLAYGROUND_MAX_OBJECTS,
        requests_per_second=settings.PLAYGROUND_REQUESTS_PER_SECOND,
        request_burst=settings.PLAYGROUND_REQUEST_BURST,
    )


class Gateway:
    """The ASGI application of all clusters."""

    def __init__(self) -> None:
        self._apps: dict[int, tuple[ClusterHandle, ApiApplication]] = {}
        self._users: dict[tuple[str, str], tuple[float, UserInfo | None]] = {}
        hub.on_forget(self._end)

    def _end(self, handle: ClusterHandle) -> None:
        """The cluster is gone: end its watches, so that clients ask again and are told."""
        found = self._apps.pop(handle.id, None)
        if found is not None:
            found[1].server.hub.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        try:
            if scope["path"].startswith(PREFIX):
                name, _, _ = scope["path"].removeprefix(PREFIX).partition("/")
            else:
                name = await loop.run_in_executor(shared_pool(), _home, _bearer(scope), certificate_of(scope))
            handle = hub.loaded(name)
            app = self._app_of(handle)
            if app is None:
                app = await loop.run_in_executor(shared_pool(), self._open, name)
            user = None
            cookies = _cookies(scope)
            if cookies:
                user = self._remembered(name, cookies)
                if user is None:
                    user = await loop.run_in_executor(shared_pool(), self._browser, name, cookies)
                if user is not None:
                    _check_forgery(scope, cookies)
        except ApiError as error:
            await _refuse(error, scope, receive, send)
            return
        except Exception:
            logger.exception("%s could not be served", scope["path"])
            await _refuse(InternalError("the playground stumbled; its log says how"), scope, receive, send)
            return
        await app.serve(scope, receive, send, user=user)

    def _app_of(self, handle: ClusterHandle | None) -> ApiApplication | None:
        if handle is None:
            return None
        found = self._apps.get(handle.id)
        return found[1] if found is not None and found[0] is handle else None

    def _open(self, name: str) -> ApiApplication:
        """The application of a cluster that this process did not have open. In a pool thread."""
        try:
            close_old_connections()
            handle = hub.cluster(name)
        except (UnknownCluster, ClusterDeleted):
            raise NotFound(f'there is no cluster named "{name}"', details={"name": name, "kind": "clusters"}) from None
        except Exception as error:
            logger.exception("cluster %s could not be opened", name)
            raise InternalError("the cluster could not be opened; the playground's log says why") from error
        found = self._app_of(handle)
        if found is None:
            found = self._build(handle)
            for cluster_id in [i for i, (h, _) in self._apps.items() if hub.loaded(h.name) is not h]:
                del self._apps[cluster_id]
            self._apps[handle.id] = (handle, found)
        return found

    def _build(self, handle: ClusterHandle) -> ApiApplication:
        playback = Playback(handle.registry.lookup)
        context = self._context(handle, playback)
        server = ApiServer(context)
        containers = Containers(context, handle.clock, handle.refresh, server.pod_token, playback)
        context.ports = PlayedPorts(containers)
        upgrades = Streams(containers, context.ports, context.settings)
        return ApiApplication(server, root=f"{PREFIX}{handle.name}", upgrades=upgrades)

    def _context(self, handle: ClusterHandle, playback: Playback) -> ClusterContext:
        row = Cluster(pk=handle.id, name=handle.name)

        def token_user(token: str) -> UserInfo | None:
            return policy().authenticate_bearer(token, row)

        return ClusterContext(
            name=handle.name,
            registry=handle.registry,
            resources=handle.resources,
            clock=handle.clock,
            rng=handle.rng,
            keys=token_keys(settings.DATA_DIR, identity_of(handle.id, handle.created)),
            tokens=token_user,
            client_ca=client_authority(settings.SECRET_KEY, handle.id, handle.created).pem,
            audit=ClusterAudit(handle.id, handle.clock, audit_log),
            settings=server_settings(handle.name),
            logs=PlayedLogs(handle.registry.lookup, handle.clock, handle.refresh, playback),
        )

    # browsers

    def _remembered(self, name: str, cookies: dict[str, str]) -> UserInfo | None:
        found = self._users.get((name, cookies.get(settings.SESSION_COOKIE_NAME, "")))
        if found is None or found[0] < time.monotonic():
            return None
        return found[1]

    def _browser(self, name: str, cookies: dict[str, str]) -> UserInfo | None:
        """Who a browser is inside the cluster; None: nobody that the policy knows. In a pool thread."""
        close_old_connections()
        key = cookies.get(settings.SESSION_COOKIE_NAME, "")
        user: Any = AnonymousUser()
        if key:
            store: Callable[[str], Any] = import_module(settings.SESSION_ENGINE).SessionStore
            user = get_user(SimpleNamespace(session=store(key)))  # type: ignore[arg-type]
        row = Cluster.objects.filter(name=name).first()
        reach = policy().may_reach(user, row) if row is not None else None
        identity = reach.identity if reach is not None else None
        if len(self._users) > _MAX_REMEMBERED:
            self._users.clear()
        self._users[(name, key)] = (time.monotonic() + USER_SECONDS, identity)
        return identity


async def _refuse(error: ApiError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4404})
        return
    await read_body(receive, 0)
    body = orjson.dumps(error.status()) + b"\n"
    await send_response(Response(error.code, body, content_type="application/json"), send)


def at_root(scope: Scope) -> bool:
    """`kubectl get --raw /api/v1/...` leaves the path of the kubeconfig's server out. On the TLS port, where only
    Kubernetes is served, its token or its certificate says which cluster is meant."""
    server = scope.get("server")
    if not server or server[1] != settings.K8S_PORT:
        return False
    return _bearer(scope).startswith(BEARER) or bool(certificate_of(scope))


def _bearer(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return str(value.decode("latin-1"))
    return ""


def _home(authorization: str, certificate: str) -> str:
    """The cluster that a token is for, or a certificate of (which will be checked there). In a pool thread.
    Raises Unauthorized."""
    close_old_connections()
    name = policy().bearer_cluster(authorization.removeprefix(BEARER).strip())
    if not name and certificate:
        number = number_of(certificate)
        if number is not None and number < 1 << 63:
            name = Cluster.objects.filter(pk=number).values_list("name", flat=True).first() or ""
    if not name:
        raise Unauthorized
    return name


def _cookies(scope: Scope) -> dict[str, str]:
    """The browser's cookies, if it is one of our pages that asks: no bearer token, and a cookie of ours."""
    raw = ""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return {}
        if name == b"cookie":
            raw = value.decode("latin-1")
    if not raw:
        return {}
    try:
        parsed = SimpleCookie(raw)
    except CookieError:
        return {}
    ours = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    return {key: parsed[key].value for key in ours if key in parsed}


def _check_forgery(scope: Scope, cookies: dict[str, str]) -> None:
    """Whoever comes with our cookies must come from a page of ours, and a write must show the CSRF cookie's token.
    Raises Forbidden."""
    if not same_origin(scope["headers"]):
        raise Forbidden("requests from pages of other origins are not accepted", details={})
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    if scope["type"] == "websocket" or scope["method"] in SAFE:
        return
    expected = cookies.get(settings.CSRF_COOKIE_NAME, "")
    given = headers.get(b"x-csrftoken", "")
    if not expected or not _same_token(given, expected):
        raise Forbidden("a change from a browser needs the X-CSRFToken header (see /api/v1/session)", details={})


def _same_token(given: str, expected: str) -> bool:
    """Django masks the token it hands out: both the cookie's form and the masked one are right."""
    from django.middleware.csrf import CSRF_TOKEN_LENGTH, _unmask_cipher_token  # type: ignore[attr-defined]

    def plain(token: str) -> str:
        return str(_unmask_cipher_token(token)) if len(token) == CSRF_TOKEN_LENGTH else token

    try:
        return hmac.compare_digest(plain(given), plain(expected))
    except ValueError:
        return False


gateway = Gateway()
"""This process's."""
