"""Discovery: which groups, versions and resources there are, list by list and aggregated.

Everything follows from the `ResourceMap` and is made once for each of its generations.
Models: apiserver, pkg/endpoints/discovery (and /aggregated); kube-aggregator's priorities.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from clusters.apiserver import aggregation, render
from clusters.apiserver.call import Call
from clusters.apiserver.http import JSON, Header, Response
from clusters.apiserver.negotiate import choose, clauses
from clusters.apiserver.routing import check_route
from clusters.resources.apiregistration.bootstrap import GROUPS
from clusters.resources.base import Resource, Subresource

if TYPE_CHECKING:
    from clusters.apiserver.server import ApiServer

_PRIORITY = {
    "apiregistration.k8s.io": 99_999,
    **GROUPS,
    "internal.apiserver.k8s.io": 16_000,
    "metrics.k8s.io": 100,
}
_CUSTOM = 1_000
_AGGREGATED = re.compile(r"v2(beta1)?$")
_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?$")
_STAGE = {"": 3, "beta": 2, "alpha": 1}


def version_order(name: str) -> tuple[int, int, int, str]:
    """Sorts the most stable and newest version first (apimachinery's CompareKubeAwareVersionStrings)."""
    found = _VERSION.match(name)
    if found is None:
        return (1, 0, 0, name)
    major, stage, minor = found.groups()
    return (0, -_STAGE[stage or ""], -int(major) * 1000 - int(minor or 0), name)


def storage_hash(resource: Resource) -> str:
    """The hash by which storage migrators notice a change of the stored version."""
    group = resource.shares.partition(".")[2] if resource.shares else resource.group
    text = f"{group}/{resource.stored_as}/{resource.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


class Discovery:
    """Documents of one cluster, as bytes, kept until its resources change."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._generation = -1
        self._kept: dict[str, bytes] = {}
        self._groups: list[tuple[str, list[str]]] = []

    def _sync(self) -> None:
        resources = self._server.cluster.resources
        if self._generation == resources.generation:
            return
        self._generation = resources.generation
        self._kept = {}
        groups: dict[str, set[str]] = {}
        for resource in resources:
            if not resource.internal:
                groups.setdefault(resource.group, set()).update(v.name for v in resource.versions)
        for service in aggregation.remote(self._server.cluster):
            groups.setdefault(service["spec"].get("group", ""), set()).add(service["spec"]["version"])
        self._groups = [
            (group, sorted(versions, key=version_order))
            for group, versions in sorted(groups.items(), key=lambda g: (-_PRIORITY.get(g[0], _CUSTOM), g[0]))
        ]

    def groups(self) -> list[tuple[str, list[str]]]:
        """(group, versions by preference), in discovery's order."""
        self._sync()
        return self._groups

    def answer(self, call: Call, path: str) -> Response | None:
        """The document at `path`, or None."""
        self._sync()
        parts = path.strip("/").split("/")
        if parts == ["api"] or parts == ["apis"]:
            wanted = _aggregated_version(call.accept)
            if wanted:
                return self._aggregated(call, parts[0], wanted)
            if parts[0] == "api":
                check_route(call)
                return self._document(call, path, self._legacy_versions, vary=True)
            return self._document(call, path, self._group_list, vary=True)
        if len(parts) == 2 and parts[0] == "api" and self.serves("", parts[1]):
            check_route(call)
            return self._document(call, path, lambda: self._resource_list("", parts[1]))
        if len(parts) == 2 and parts[0] == "apis" and self.serves(parts[1], ""):
            return self._document(call, path, lambda: self._group(parts[1], top=True))
        if len(parts) == 3 and parts[0] == "apis" and parts[1] and self.serves(parts[1], parts[2]):
            if self._server.endpoints.builtin(parts[1]):
                check_route(call)
            return self._document(call, path, lambda: self._resource_list(parts[1], parts[2]))
        return None

    def serves(self, group: str, version: str) -> bool:
        """Whether there are resources in a group, or (`version`) in one of its versions."""
        self._sync()
        return any(g == group and (not version or version in vs) for g, vs in self._groups)

    def _document(self, call: Call, key: str, make: Callable[[], dict[str, Any]], *, vary: bool = False) -> Response:
        form = choose(call.accept, tables=False)
        headers: list[Header] = [("Vary", "Accept")] if vary else []
        if form.media_type != JSON or call.pretty or form.pretty:
            response = render.answer(call, make(), form)
            response.headers.extend(headers)
            return response
        body = self._kept.get(key)
        if body is None:
            body = self._kept[key] = orjson.dumps(make()) + b"\n"
        return Response(200, body, JSON, headers)

    # list by list

    def _legacy_versions(self) -> dict[str, Any]:
        return {
            "kind": "APIVersions",
            "versions": next((vs for g, vs in self._groups if not g), []),
            "serverAddressByClientCIDRs": [
                {"clientCIDR": "0.0.0.0/0", "serverAddress": self._server.cluster.settings.advertise}
            ],
        }

    def _group_list(self) -> dict[str, Any]:
        return {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [self._group(g) for g, _ in self._groups if g],
        }

    def _group(self, group: str, *, top: bool = False) -> dict[str, Any]:
        versions = next(vs for g, vs in self._groups if g == group)
        listed = [{"groupVersion": f"{group}/{v}", "version": v} for v in versions]
        out: dict[str, Any] = {"kind": "APIGroup", "apiVersion": "v1"} if top else {}
        return out | {"name": group, "versions": listed, "preferredVersion": listed[0]}

    def _served(self, group: str, version: str) -> list[Resource]:
        found = [
            r
            for r in self._server.cluster.resources.in_group(group)
            if not r.internal and r.version(version) is not None
        ]
        return sorted(found, key=lambda r: r.name)

    def _resource_list(self, group: str, version: str) -> dict[str, Any]:
        entries: list[dict[str, Any]] = []
        for resource in self._served(group, version):
            entry: dict[str, Any] = {
                "name": resource.name,
                "singularName": _singular(resource),
                "namespaced": resource.namespaced,
                "kind": resource.kind,
                "verbs": list(resource.verbs) if not resource.builtin else sorted(resource.verbs),
            }
            if resource.short_names:
                entry["shortNames"] = list(resource.short_names)
            if resource.categories:
                entry["categories"] = list(resource.categories)
            if {"list", "create"} <= set(resource.verbs) and not resource.aggregated:
                # What is made up when it is read has no storage.
                entry["storageVersionHash"] = storage_hash(resource)
            entries.append(entry)
            for sub in _subresources(resource, version):
                more: dict[str, Any] = {
                    "name": f"{resource.name}/{sub.name}",
                    "singularName": "",
                    "namespaced": resource.namespaced,
                }
                if sub.group or sub.version:
                    more |= {"group": sub.group, "version": sub.version}
                more |= {"kind": sub.kind or resource.kind, "verbs": sorted(sub.verbs)}
                entries.append(more)
        out: dict[str, Any] = {"kind": "APIResourceList"}
        if group:
            out["apiVersion"] = "v1"
        return out | {"groupVersion": f"{group}/{version}" if group else version, "resources": entries}

    # aggregated

    def _aggregated(self, call: Call, root: str, wanted: str) -> Response:
        key = f"{root} {wanted}"
        body = self._kept.get(key)
        if body is None:
            body = self._kept[key] = orjson.dumps(self._aggregate(root, wanted)) + b"\n"
        etag = '"' + hashlib.sha512(body).hexdigest().upper() + '"'
        headers: list[Header] = [("Vary", "Accept"), ("ETag", etag), ("Cache-Control", "public")]
        if call.request.header("if-none-match") == etag:
            return Response(304, b"", "", headers)
        media = f"{JSON};g=apidiscovery.k8s.io;v={wanted};as=APIGroupDiscoveryList"
        return Response(200, body, media, headers)

    def _aggregate(self, root: str, wanted: str) -> dict[str, Any]:
        items = []
        for group, versions in self._groups:
            if bool(group) != (root == "apis"):
                continue
            listed = [
                {
                    "version": version,
                    "resources": [self._aggregate_resource(r, version) for r in self._served(group, version)],
                    "freshness": "Current" if self._is_fresh(group, version) else "Stale",
                }
                for version in versions
            ]
            items.append({"metadata": {"name": group} if group else {}, "versions": listed})
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": f"apidiscovery.k8s.io/{wanted}",
            "metadata": {},
            "items": items,
        }

    def _is_fresh(self, group: str, version: str) -> bool:
        return aggregation.is_fresh(self._server.cluster, group, version)

    def _aggregate_resource(self, resource: Resource, version: str) -> dict[str, Any]:
        # Custom resources name their group and version, built-in ones leave them out.
        own = (resource.group, version) if not resource.builtin else ("", "")
        entry: dict[str, Any] = {
            "resource": resource.name,
            "responseKind": {"group": own[0], "version": own[1], "kind": resource.kind},
            "scope": "Namespaced" if resource.namespaced else "Cluster",
            "singularResource": _singular(resource),
            "verbs": sorted(resource.verbs),
        }
        if resource.short_names:
            entry["shortNames"] = list(resource.short_names)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        subs = _subresources(resource, version)
        if subs:
            entry["subresources"] = [_aggregate_subresource(resource, s, own) for s in subs]
        return entry


def _singular(resource: Resource) -> str:
    return "" if resource.aggregated else resource.singular or resource.kind.lower()


def _subresources(resource: Resource, version: str) -> list[Subresource]:
    described = resource.version(version)
    listed = resource.subresources_of(described) if described is not None else ()
    return sorted(listed, key=lambda s: s.name)


def _aggregate_subresource(resource: Resource, sub: Subresource, own: tuple[str, str]) -> dict[str, Any]:
    group, version = (sub.group, sub.version) if sub.group or sub.version else own
    return {
        "subresource": sub.name,
        "responseKind": {"group": group, "version": version, "kind": sub.kind or resource.kind},
        "verbs": sorted(sub.verbs),
    }


def _aggregated_version(accept: str) -> str:
    """`v2` or `v2beta1` if the client prefers the aggregated form, else ""."""
    for media, params in clauses(accept):
        if media not in (JSON, "*/*", "application/*"):
            continue
        if params.get("as") == "APIGroupDiscoveryList" and params.get("g") == "apidiscovery.k8s.io":
            version = params.get("v", "")
            if _AGGREGATED.match(version):
                return version
            continue
        if not params.get("as"):
            return ""
    return ""
