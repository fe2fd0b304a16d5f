"""The `paths` part of OpenAPI documents: every verb of every resource, with parameters, bodies and answers.

kubectl asks it whether a kind's PATCH knows `dryRun` and `fieldValidation`; other clients generate code from it.
Parameters that all operations of a path have stand with the path; v2 keeps each parameter once, under a name.
Models: apiserver, pkg/endpoints/installer.go and /openapi; apiextensions, controller/openapi/builder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from clusters.apiserver.handlers.delete import RETURNED
from clusters.apiserver.openapi.operations import (
    BUILTIN_MEDIA,
    CODE_TEXTS,
    CODES,
    CUSTOM_MEDIA,
    HTTP,
    METHODS,
    OPTIONS,
    WATCHED,
    describe,
    describe_connection,
    lower_stem,
    operation_id,
    patch_media,
    stem_of,
)
from clusters.apiserver.openapi.parameters import CONNECT, PARAMETERS, Described
from clusters.apiserver.openapi.schemas import META, definition_name, list_name
from clusters.machinery import schema
from clusters.resources.base import Resource, Subresource, Version

_COLLECTION = ("list", "create", "deletecollection")
_ITEM = ("get", "update", "patch", "delete")
_STREAMS = ("application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
_STRING: dict[str, Any] = {"type": "string"}


@dataclass(slots=True)
class _Operation:
    """One method of one path. `body` and `answer` are schemas, or None."""

    method: str
    id: str
    description: str
    action: str
    parameters: dict[str, Described]
    body: dict[str, Any] | None
    answer: dict[str, Any] | None
    consumes: tuple[str, ...] = ("*/*",)
    produces: tuple[str, ...] = ()
    codes: tuple[str, ...] = ("200",)
    gvk: dict[str, str] | None = None


def group_paths(
    resources: Sequence[Resource], group: str, version: str, *, ref: str, shared: dict[str, Any] | None
) -> dict[str, Any]:
    """The paths of a group version's resources. `shared` collects v2's parameters; None writes v3."""
    return dict(sorted(_Writer(group, version, ref, shared).paths(resources).items()))


class _Writer:
    def __init__(self, group: str, version: str, ref: str, shared: dict[str, Any] | None) -> None:
        self._group = group
        self._version = version
        self._ref = ref
        self._shared = shared
        self._stem = stem_of(group, version)
        self._tag = f"{lower_stem(group)}_{version}"
        self._root = f"/apis/{group}/{version}/" if group else f"/api/{version}/"

    def paths(self, resources: Sequence[Resource]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        if any(r.builtin for r in resources):
            # Documents of custom resources do not speak of discovery.
            out[self._root] = {"get": self._discovery()}
        for resource in resources:
            described = resource.version(self._version)
            if described is not None:
                out |= self._of(resource, described)
        return out

    def _discovery(self) -> dict[str, Any]:
        answer = {"$ref": self._ref + META + "APIResourceList"}
        operation = _Operation(
            "get",
            f"get{self._stem}APIResources",
            "get available resources",
            "",
            {},
            None,
            answer,
            BUILTIN_MEDIA,
            BUILTIN_MEDIA,
        )
        return self._written(operation, ())

    def _of(self, resource: Resource, version: Version) -> dict[str, Any]:
        out: dict[str, Any] = {}
        within = ("namespace",) if resource.namespaced else ()
        place = "namespaces/{namespace}/" if resource.namespaced else ""
        base = f"{self._root}{place}{resource.name}"
        item = ("name", *within)
        verbs = [v for v in _COLLECTION if v in resource.verbs]
        if verbs:
            out[base] = self._path([self._plain(resource, version, None, v) for v in verbs], resource.kind, within)
        if resource.namespaced and "list" in resource.verbs:
            across = self._plain(resource, version, None, "list", across=True)
            out[self._root + resource.name] = self._path([across], resource.kind, ())
        verbs = [v for v in _ITEM if v in resource.verbs]
        if verbs:
            path = [self._plain(resource, version, None, v) for v in verbs]
            out[base + "/{name}"] = self._path(path, resource.kind, item)
        for sub in resource.subresources_of(version):
            out |= self._subresource(resource, version, sub, f"{base}/{{name}}/{sub.name}", item)
        if "watch" in resource.verbs and resource.builtin:
            old = f"{self._root}watch/{place}{resource.name}"
            out[old] = self._path([self._watch(resource, "watchlist")], resource.kind, within)
            out[old + "/{name}"] = self._path([self._watch(resource, "watch")], resource.kind, item)
            if resource.namespaced:
                everywhere = self._watch(resource, "watchlist", across=True)
                out[f"{self._root}watch/{resource.name}"] = self._path([everywhere], resource.kind, ())
        return out

    def _subresource(
        self, resource: Resource, version: Version, sub: Subresource, path: str, item: tuple[str, ...]
    ) -> dict[str, Any]:
        if sub.kind not in CONNECT:
            verbs = [v for v in ("create", *_ITEM) if v in sub.verbs]
            operations = [self._plain(resource, version, sub, v) for v in verbs]
            return {path: self._path(operations, sub.kind or resource.kind, item)}
        operations = [self._connection(resource, sub, m, "") for m in METHODS[sub.name]]
        out = {path: self._path(operations, sub.kind, item)}
        if sub.name == "proxy":
            beyond = [self._connection(resource, sub, m, "WithPath") for m in METHODS[sub.name]]
            out[path + "/{path}"] = self._path(beyond, sub.kind, (*item, "path"))
        return out

    # operations

    def _plain(
        self, resource: Resource, version: Version, sub: Subresource | None, verb: str, *, across: bool = False
    ) -> _Operation:
        custom = not resource.builtin
        media = CUSTOM_MEDIA if custom else BUILTIN_MEDIA
        own = {"$ref": self._ref + self._body_name(resource, version, sub)}
        answer: dict[str, Any] = own
        body: dict[str, Any] | None = own if verb in ("create", "update") else None
        if verb == "list":
            answer = {"$ref": self._ref + list_name(resource, version)}
            media = (*media, *(() if custom else _STREAMS))
        elif verb == "patch":
            body = {"$ref": f"{self._ref}{META}Patch"}
        elif verb in ("delete", "deletecollection"):
            body = {"$ref": f"{self._ref}{META}DeleteOptions"}
            if verb == "deletecollection" or resource.qualified not in RETURNED:
                answer = {"$ref": f"{self._ref}{META}Status"}
        options = list(OPTIONS[verb])
        if custom and verb == "get":
            options = ["resourceVersion"]
        parameters = {name: PARAMETERS[name] for name in (*options, "pretty")}
        if verb == "patch":
            parameters["fieldManager"] = PARAMETERS["fieldManager.patch"]
        if sub is not None and sub.name == "log":
            parameters |= CONNECT["log"]
            answer, media = _STRING, ("text/plain", *media)
        consumes: tuple[str, ...] = ("*/*",)
        if verb == "patch":
            consumes = patch_media(custom=custom)
        elif custom:
            consumes = CUSTOM_MEDIA
        return _Operation(
            HTTP[verb],
            operation_id(self._stem, resource, sub, verb, across=across),
            describe(resource, sub, verb),
            {"list": "list", "get": "get", "deletecollection": "deletecollection"}.get(verb, HTTP[verb]),
            parameters,
            body,
            answer,
            consumes,
            media,
            CODES.get(verb, ("200",)),
            self._gvk(resource, sub),
        )

    def _body_name(self, resource: Resource, version: Version, sub: Subresource | None) -> str:
        if sub is None or not sub.kind:
            return definition_name(resource, version)
        found = schema.definitions().name(
            sub.group if sub.group or sub.version else self._group, sub.version or self._version, sub.kind
        )
        return found or definition_name(resource, version)

    def _watch(self, resource: Resource, action: str, *, across: bool = False) -> _Operation:
        return _Operation(
            "get",
            operation_id(self._stem, resource, None, action, across=across),
            describe(resource, None, action),
            action,
            {name: PARAMETERS[name] for name in (*WATCHED, "pretty")},
            None,
            {"$ref": f"{self._ref}{META}WatchEvent"},
            produces=(*BUILTIN_MEDIA, *_STREAMS),
            gvk=self._gvk(resource, None),
        )

    def _connection(self, resource: Resource, sub: Subresource, method: str, tail: str) -> _Operation:
        scope = "Namespaced" if resource.namespaced else ""
        return _Operation(
            method,
            f"connect{self._stem}{method.capitalize()}{scope}{resource.kind}{sub.name.capitalize()}{tail}",
            describe_connection(resource, sub, method),
            "connect",
            dict(CONNECT[sub.kind]),
            None,
            _STRING,
            produces=("*/*",),
            gvk=self._gvk(resource, sub),
        )

    def _gvk(self, resource: Resource, sub: Subresource | None) -> dict[str, str]:
        other = sub is not None and bool(sub.group or sub.version)
        return {
            "group": sub.group if sub is not None and other else self._group,
            "kind": sub.kind if sub is not None and sub.kind else resource.kind,
            "version": sub.version if sub is not None and sub.version else self._version,
        }

    # writing

    def _path(self, operations: Sequence[_Operation], kind: str, place: tuple[str, ...]) -> dict[str, Any]:
        """What all operations have in common stands with the path."""
        first, *others = operations
        common = [n for n, p in first.parameters.items() if all(o.parameters.get(n) == p for o in others)]
        out: dict[str, Any] = {o.method: self._written(o, common) for o in operations}
        found = [(n, first.parameters[n]) for n in common]
        found += [(n, ("string", "path", f"name of the {kind}") if n == "name" else PARAMETERS[n]) for n in place]
        # The query of a proxy has a `path`, too.
        found.sort(key=lambda each: (each[0], each[1][1]))
        out["parameters"] = [self._parameter(name, described) for name, described in found]
        return out

    def _written(self, operation: _Operation, common: Iterable[str]) -> dict[str, Any]:
        if self._shared is None:
            return _written_v3(operation, self._tag, common)
        out = _head(operation, self._tag)
        out |= {"consumes": list(operation.consumes), "produces": list(operation.produces), "schemes": ["https"]}
        parameters = [self._parameter(n, p) for n, p in _rest(operation, common)]
        if operation.body is not None:
            body: dict[str, Any] = {"name": "body", "in": "body"}
            if operation.method != "delete":
                body["required"] = True
            parameters.append({**body, "schema": operation.body})
        if parameters:
            out["parameters"] = parameters
        out["responses"] = {
            code: {"description": CODE_TEXTS[code], "schema": operation.answer} for code in operation.codes
        }
        out["responses"]["401"] = {"description": "Unauthorized"}
        return out | _tail(operation)

    def _parameter(self, name: str, described: Described) -> dict[str, Any]:
        if self._shared is None:
            return _parameter_v3(name, described)
        kind, where, text = described
        out: dict[str, Any] = {"name": name, "in": where, "description": text}
        if where == "path":
            out["required"] = True
        out |= {"type": kind, "uniqueItems": True}
        key = f"{name}-{hashlib.sha256(repr(described).encode()).hexdigest()[:8]}"
        self._shared.setdefault(key, out)
        return {"$ref": f"#/parameters/{key}"}


def _rest(operation: _Operation, common: Iterable[str]) -> list[tuple[str, Described]]:
    skip = set(common)
    return sorted((n, p) for n, p in operation.parameters.items() if n not in skip)


def _head(operation: _Operation, tag: str) -> dict[str, Any]:
    return {"tags": [tag], "description": operation.description, "operationId": operation.id}


def _tail(operation: _Operation) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if operation.action:
        out["x-kubernetes-action"] = operation.action
    if operation.gvk is not None:
        out["x-kubernetes-group-version-kind"] = operation.gvk
    return out


def _written_v3(operation: _Operation, tag: str, common: Iterable[str]) -> dict[str, Any]:
    out = _head(operation, tag)
    if parameters := [_parameter_v3(n, p) for n, p in _rest(operation, common)]:
        out["parameters"] = parameters
    if operation.body is not None:
        out["requestBody"] = {"content": {media: {"schema": operation.body} for media in operation.consumes}}
        if operation.method != "delete":
            out["requestBody"]["required"] = True
    content = {media: {"schema": operation.answer} for media in operation.produces}
    out["responses"] = {code: {"description": CODE_TEXTS[code], "content": content} for code in operation.codes}
    out["responses"]["401"] = {"description": "Unauthorized"}
    return out | _tail(operation)


def _parameter_v3(name: str, described: Described) -> dict[str, Any]:
    kind, where, text = described
    out: dict[str, Any] = {"name": name, "in": where, "description": text}
    if where == "path":
        out["required"] = True
    return out | {"schema": {"type": kind, "uniqueItems": True}}
