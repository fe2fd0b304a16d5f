"""Serves `/openapi/v2` and `/openapi/v3`: an index with hashes, and a document a group version.

Documents are made when first asked for and kept until the resources change; a document asked for by its hash
may be cached for ever. Models: kube-openapi, pkg/handler and pkg/handler3.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from clusters.apiserver.call import Call
from clusters.apiserver.http import JSON, Header, Response
from clusters.apiserver.negotiate import clauses
from clusters.apiserver.openapi import documents, gnostic
from clusters.apiserver.openapi.roots import Root, roots
from clusters.apiserver.routing import not_found
from clusters.machinery.errors import NotAcceptable

if TYPE_CHECKING:
    from clusters.apiserver.server import ApiServer

_V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_V2_FORMS = {
    JSON: JSON,
    "application/*": JSON,
    "*/*": JSON,
    _V2_PROTOBUF: _V2_PROTOBUF,
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf": _V2_PROTOBUF,
}
"""(A media type cannot hold an `@`, but that is what old clients ask for.)"""


_V3_FORMS = frozenset((JSON, "application/*", "*/*", "*/json"))


class OpenApi:
    """The documents of one cluster."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._generation = -1
        self._kept: dict[str, tuple[bytes, str]] = {}

    def _sync(self) -> None:
        generation = self._server.cluster.resources.generation
        if generation != self._generation:
            self._generation = generation
            self._kept = {}

    def answer(self, call: Call, path: str) -> Response:
        """Raises NotAcceptable."""
        self._sync()
        if path == "/openapi/v2":
            return self._v2(call)
        if path == "/openapi/v3":
            return self._index(call)
        name = path.removeprefix("/openapi/v3/")
        if name != path and (name in self._names() or name in self._roots()):
            return self._v3(call, name)
        return Response(404, b"", "") if name != path else not_found(call, builtin=False)

    def _names(self) -> dict[str, tuple[str, str]]:
        """Document name (`api/v1`, `apis/apps/v1`) to (group, version)."""
        out: dict[str, tuple[str, str]] = {}
        for group, versions in self._server.nonresource.discovery.groups():
            for version in versions:
                name = f"apis/{group}/{version}" if group else f"api/{version}"
                out[name] = (group, version)
        return out

    def _roots(self) -> dict[str, Root]:
        """Documents about discovery and the like, by name."""
        return {r.document: r for r in roots(documents.builtin_groups(self._server.cluster.resources))}

    def _document(self, name: str) -> tuple[bytes, str]:
        found = self._kept.get(name)
        if found is None:
            server = self._server
            document: dict[str, Any]
            if name in ("v2", _V2_PROTOBUF):
                document = documents.v2(server.cluster.resources, list(self._names().values()))
            elif (root := self._roots().get(name)) is not None:
                document = documents.v3_root(root)
            else:
                group, version = self._names()[name]
                document = documents.v3(server.cluster.resources, group, version)
            body = gnostic.encode(document) if name == _V2_PROTOBUF else orjson.dumps(document)
            found = self._kept[name] = (body, hashlib.sha512(body).hexdigest().upper())
        return found

    def _index(self, call: Call) -> Response:
        names = [*self._names(), *self._roots()]
        out: dict[str, Any] = {}
        for name in sorted(names):
            out[name] = {"serverRelativeURL": f"/openapi/v3/{name}?hash={self._document(name)[1]}"}
        body = orjson.dumps({"paths": out})
        etag = '"' + hashlib.sha512(body).hexdigest().upper() + '"'
        headers: list[Header] = [("Etag", etag)]
        if call.request.header("if-none-match") == etag:
            return Response(304, b"", "", headers)
        return Response(200, body, JSON, headers)

    def _v3(self, call: Call, name: str) -> Response:
        if call.accept and not any(media in _V3_FORMS for media, _ in clauses(call.accept)):
            return Response(406, b"", "", [("Vary", "Accept")])
        body, etag = self._document(name)
        headers: list[Header] = [("Etag", f'"{etag}"'), ("Vary", "Accept-Encoding, Accept")]
        wanted = call.query.get("hash")
        if wanted and wanted != etag:
            location = f"/openapi/v3/{name}?hash={etag}"
            return Response(301, b"", "", [("Location", location)])
        if wanted:
            headers.append(("Cache-Control", "public, immutable"))
            headers.append(("Expires", "Thu, 31 Dec 2037 23:59:59 GMT"))
        if call.request.header("if-none-match").strip('"') == etag:
            return Response(304, b"", "", headers)
        return Response(200, body, JSON, headers)

    def _v2(self, call: Call) -> Response:
        accepted = [media for media, _ in clauses(call.accept)] if call.accept else ["*/*"]
        form = next((_V2_FORMS[m] for m in accepted if m in _V2_FORMS), None)
        if form is None:
            raise NotAcceptable(f"406: Not Acceptable\n\nAvailable representations: {JSON}", details={})
        body, etag = self._document("v2" if form == JSON else form)
        headers: list[Header] = [("Etag", f'"{etag}"'), ("Vary", "Accept-Encoding, Accept")]
        if call.request.header("if-none-match").strip('"') == etag:
            return Response(304, b"", "", headers)
        return Response(200, body, form, headers)
