"""The `paths` part of OpenAPI documents: every verb of every resource, with its parameters.

kubectl asks it whether a kind's PATCH knows `dryRun` and `fieldValidation`; other clients generate code from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.apiserver.openapi.parameters import PARAMETERS
from clusters.resources.base import Resource, Subresource

_MEDIA = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
_PATCH_MEDIA = (
    "application/apply-patch+cbor",
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_CUSTOM_PATCH_MEDIA = tuple(media for media in _PATCH_MEDIA if "strategic" not in media)
"""kubectl looks here whether it may patch strategically."""
_ACTION = {
    "get": "get",
    "list": "list",
    "create": "post",
    "update": "put",
    "patch": "patch",
    "delete": "delete",
    "deletecollection": "deletecollection",
}
_HTTP = {
    "get": "get",
    "list": "get",
    "create": "post",
    "update": "put",
    "patch": "patch",
    "delete": "delete",
    "deletecollection": "delete",
}
_OPTIONS = {
    "get": (),
    "list": (
        "allowWatchBookmarks",
        "continue",
        "fieldSelector",
        "labelSelector",
        "limit",
        "resourceVersion",
        "resourceVersionMatch",
        "sendInitialEvents",
        "timeoutSeconds",
        "watch",
    ),
    "create": ("dryRun", "fieldManager", "fieldValidation"),
    "update": ("dryRun", "fieldManager", "fieldValidation"),
    "patch": ("dryRun", "fieldManager", "fieldValidation", "force"),
    "delete": (
        "dryRun",
        "gracePeriodSeconds",
        "ignoreStoreReadErrorWithClusterBreakingPotential",
        "orphanDependents",
        "propagationPolicy",
    ),
    "deletecollection": (
        "continue",
        "dryRun",
        "fieldSelector",
        "gracePeriodSeconds",
        "ignoreStoreReadErrorWithClusterBreakingPotential",
        "labelSelector",
        "limit",
        "orphanDependents",
        "propagationPolicy",
        "resourceVersion",
        "resourceVersionMatch",
        "sendInitialEvents",
        "timeoutSeconds",
    ),
}
_COLLECTION = ("list", "create", "deletecollection")
_ITEM = ("get", "update", "patch", "delete")


def group_paths(resources: Sequence[Resource], group: str, version: str, *, v3: bool) -> dict[str, Any]:
    """The paths of a group version's resources."""
    root = f"/apis/{group}/{version}/" if group else f"/api/{version}/"
    writer = _Writer(group, version, v3=v3)
    # Documents of custom resources do not speak of discovery.
    paths: dict[str, Any] = {root: writer.discovery()} if any(r.builtin for r in resources) else {}
    for resource in resources:
        base = f"{root}namespaces/{{namespace}}/{resource.name}" if resource.namespaced else root + resource.name
        path_params = ["namespace"] if resource.namespaced else []
        collection = [v for v in _COLLECTION if v in resource.verbs]
        if collection:
            paths[base] = writer.path(resource, None, collection, path_params)
        if resource.namespaced and "list" in resource.verbs:
            paths[root + resource.name] = writer.path(resource, None, ["list"], [])
        item = [v for v in _ITEM if v in resource.verbs]
        if item:
            paths[base + "/{name}"] = writer.path(resource, None, item, ["name", *path_params])
        described = resource.version(version)
        for sub in resource.subresources_of(described) if described is not None else ():
            verbs = [v for v in ("get", "create", "update", "patch", "delete") if v in sub.verbs]
            paths[f"{base}/{{name}}/{sub.name}"] = writer.path(resource, sub, verbs, ["name", *path_params])
    return dict(sorted(paths.items()))


class _Writer:
    def __init__(self, group: str, version: str, *, v3: bool) -> None:
        self._group = group
        self._version = version
        self._v3 = v3
        stem = "".join(p.capitalize() for p in (group.split(".")[0] or "core", version))
        self._stem = stem
        self._tag = f"{group.split('.')[0] or 'core'}_{version}"

    def discovery(self) -> dict[str, Any]:
        operation = {
            "tags": [self._tag],
            "description": "get available resources",
            "operationId": f"get{self._stem}APIResources",
            "responses": {"200": {"description": "OK"}, "401": {"description": "Unauthorized"}},
        }
        return {"get": operation}

    def path(
        self, resource: Resource, sub: Subresource | None, verbs: Sequence[str], path_params: list[str]
    ) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for verb in verbs:
            out[_HTTP[verb]] = self._operation(resource, sub, verb, path_params)
        out["parameters"] = [self._parameter(n) for n in (*path_params, "pretty")]
        return out

    def _operation(
        self, resource: Resource, sub: Subresource | None, verb: str, path_params: list[str]
    ) -> dict[str, Any]:
        kind = sub.kind if sub is not None and sub.kind else resource.kind
        group = sub.group if sub is not None and (sub.group or sub.version) else self._group
        version = sub.version if sub is not None and sub.version else self._version
        scope = "Namespaced" if "namespace" in path_params else ""
        across = "ForAllNamespaces" if resource.namespaced and not path_params and verb == "list" else ""
        tail = sub.name.capitalize() if sub is not None else ""
        words = {"update": "replace", "deletecollection": "deleteCollection", "get": "read"}
        operation: dict[str, Any] = {
            "tags": [self._tag],
            "description": self._description(resource, sub, verb),
            "operationId": f"{words.get(verb, verb)}{self._stem}{scope}{resource.kind}{tail}{across}",
        }
        parameters = [self._parameter(n) for n in _OPTIONS[verb]]
        patches = _PATCH_MEDIA if resource.builtin else _CUSTOM_PATCH_MEDIA
        if not self._v3:
            consumes = list(patches) if verb == "patch" else ["*/*"]
            operation |= {"consumes": consumes, "produces": list(_MEDIA), "schemes": ["https"]}
            if verb in ("create", "update", "patch"):
                parameters.append({"name": "body", "in": "body", "required": True, "schema": {"type": "object"}})
        elif verb in ("create", "update"):
            operation["requestBody"] = {"content": {"*/*": {"schema": {"type": "object"}}}, "required": True}
        elif verb == "patch":
            content = {
                m: {"schema": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Patch"}}
                for m in patches
            }
            operation["requestBody"] = {"content": content, "required": True}
        if parameters:
            operation["parameters"] = parameters
        codes = {"create": ("200", "201", "202"), "update": ("200", "201"), "patch": ("200", "201")}
        names = {"200": "OK", "201": "Created", "202": "Accepted"}
        operation["responses"] = {c: {"description": names[c]} for c in codes.get(verb, ("200",))}
        operation["responses"]["401"] = {"description": "Unauthorized"}
        operation["x-kubernetes-action"] = _ACTION[verb]
        operation["x-kubernetes-group-version-kind"] = {"group": group, "version": version, "kind": kind}
        return operation

    def _description(self, resource: Resource, sub: Subresource | None, verb: str) -> str:
        what = f"{sub.name} of the specified {resource.kind}" if sub is not None else f"the specified {resource.kind}"
        return {
            "get": f"read {what}",
            "list": f"list or watch objects of kind {resource.kind}",
            "create": f"create {sub.name} of a {resource.kind}" if sub is not None else f"create a {resource.kind}",
            "update": f"replace {what}",
            "patch": f"partially update {what}",
            "delete": f"delete a {resource.kind}",
            "deletecollection": f"delete collection of {resource.kind}",
        }[verb]

    def _parameter(self, name: str) -> dict[str, Any]:
        kind, where, text = PARAMETERS[name]
        out: dict[str, Any] = {"name": name, "in": where, "description": text}
        if where == "path":
            out["required"] = True
        typed: dict[str, Any] = {"type": kind, "uniqueItems": True}
        return {**out, "schema": typed} if self._v3 else {**out, **typed}
