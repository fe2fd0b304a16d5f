"""Paths that are not about a resource: discovery, OpenAPI, version, health, metrics, the root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusters.apiserver import aggregation, health, render, version
from clusters.apiserver.call import Call
from clusters.apiserver.discovery import Discovery
from clusters.apiserver.http import JSON, Response
from clusters.apiserver.openapi.server import OpenApi
from clusters.apiserver.routing import not_found
from clusters.machinery.errors import MethodNotAllowed, NotFound

if TYPE_CHECKING:
    from clusters.apiserver.server import ApiServer


class NonResource:
    """Answers them."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self.discovery = Discovery(server)
        self.openapi = OpenApi(server)
        self.observed = health.Observed()

    def answer(self, call: Call) -> Response:
        """Raises NotFound and MethodNotAllowed."""
        path = call.info.path.rstrip("/") or "/"
        head = path.split("/", 2)[1]
        if path in ("/", "/index.html"):
            return self._root(call)
        if path == "/version":
            self._only_get(call)
            return render.answer(call, version.VERSION, render.DEFAULT_FORM)
        if head in ("healthz", "livez", "readyz"):
            return health.answer(call, path)
        if path == "/metrics":
            return health.metrics(call)
        if path == "/metrics/slis":
            return health.service_levels(call)
        if head in ("api", "apis"):
            parts = path.split("/")
            if len(parts) == 4 and parts[1] == "apis":
                refusal = aggregation.refusal(self._server.cluster, parts[2], parts[3])
                if refusal is not None:
                    return refusal
            if self._routed(path):
                self._only_get(call)
            found = self.discovery.answer(call, path)
            if found is not None:
                return found
        if head == "openapi":
            return self.openapi.answer(call, path)
        if path in ("/.well-known/openid-configuration", "/openid/v1/jwks"):
            return self._oidc(call, path)
        return not_found(call, builtin=self._has_router(path))

    def _has_router(self, path: str) -> bool:
        parts = path.split("/")
        if parts[1] in ("api", "version"):
            return True
        return parts[1] == "apis" and len(parts) > 2 and self._server.endpoints.builtin(parts[2])

    def _routed(self, path: str) -> bool:
        """Whether a router that knows GET alone stands before a document of discovery."""
        parts = path.split("/")
        if parts[1] == "api":
            return len(parts) <= 3 and self.discovery.serves("", parts[2] if len(parts) == 3 else "")
        if len(parts) != 4:
            return False
        return self._server.endpoints.builtin(parts[2]) and self.discovery.serves(parts[2], parts[3])

    def _only_get(self, call: Call) -> None:
        if call.request.method != "GET":
            raise MethodNotAllowed

    def _root(self, call: Call) -> Response:
        """The paths there are, sorted."""
        paths = {
            "/.well-known/openid-configuration",
            "/api",
            "/apis",
            "/apis/",
            "/healthz",
            "/livez",
            "/metrics",
            "/metrics/slis",
            "/openapi/v2",
            "/openapi/v3",
            "/openapi/v3/",
            "/openid/v1/jwks",
            "/readyz",
            "/version",
        }
        for group, versions in self.discovery.groups():
            if group:
                paths.add(f"/apis/{group}")
            for name in versions:
                paths.add(f"/apis/{group}/{name}" if group else f"/api/{name}")
        for kind in ("healthz", "livez", "readyz"):
            paths.update(f"/{kind}/{check}" for check in health.names(self._server.cluster, kind))
        return render.answer(call, {"paths": sorted(paths)}, render.INDENTED)

    def _oidc(self, call: Call, path: str) -> Response:
        cluster = self._server.cluster
        if cluster.keys is None:
            raise NotFound.path()
        if path == "/openid/v1/jwks":
            body, _ = render.body_of(cluster.keys.jwks(), render.DEFAULT_FORM, pretty=False)
            return Response(
                200, body.rstrip(b"\n"), "application/jwk-set+json", [("Cache-Control", "public, max-age=3600")]
            )
        issuer = cluster.settings.issuer
        document = {
            "issuer": issuer,
            "jwks_uri": f"{cluster.settings.external_url}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        body, _ = render.body_of(document, render.DEFAULT_FORM, pretty=False)
        return Response(200, body.rstrip(b"\n"), JSON, [("Cache-Control", "public, max-age=3600")])
