"""Component schemas: the published definitions in the form that a live server gives them.

The source is JSON schema (nullable types, `$defs`); a server's OpenAPI has plain types, references in its own
place (v3: in `allOf` where something stands beside them) and, for enumerations, the values in the description.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.apiserver.openapi.enums import describe_enum
from clusters.machinery import schema
from clusters.resources.base import Resource, Version

_SOURCE_REF = "#/$defs/"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_KEPT = (
    "format",
    "minimum",
    "maximum",
    "pattern",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-int-or-string",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-unions",
)


def definition_name(resource: Resource, version: Version) -> str:
    """The schema's name: the published one, or for a custom resource its group reversed."""
    if resource.builtin:
        return version.schema
    reversed_group = ".".join(reversed(resource.group.split(".")))
    return f"{reversed_group}.{version.name}.{resource.kind}"


def list_name(resource: Resource, version: Version) -> str:
    """The name of the list's schema: published, or made for a custom resource."""
    kind = resource.list_kind or resource.kind + "List"
    listed = schema.definitions().name(resource.group, version.name, kind) if resource.builtin else None
    return listed or definition_name(resource, version).removesuffix(resource.kind) + kind


class Schemas:
    """Collects definitions with everything that they refer to."""

    def __init__(self, ref: str, *, wrap_refs: bool) -> None:
        self._ref = ref
        self._wrap = wrap_refs
        self._source: Mapping[str, Any] = schema.definitions().raw
        self._done: dict[str, Any] = {}

    def finished(self) -> dict[str, Any]:
        return dict(sorted(self._done.items()))

    def add(self, name: str) -> None:
        """A published definition, if there is one of that name."""
        todo = [name]
        while todo:
            name = todo.pop()
            if name in self._done or name not in self._source:
                continue
            self._done[name] = self._convert(name, self._source[name], todo)

    def add_kind(self, group: str, version: str, kind: str) -> None:
        found = schema.definitions().name(group, version, kind)
        if found is not None:
            self.add(found)

    def add_list(self, name: str, resource: Resource, version: str) -> None:
        """The list kind: published, or made for a custom resource."""
        kind = resource.list_kind or resource.kind + "List"
        listed = schema.definitions().name(resource.group, version, kind)
        if resource.builtin and listed is not None:
            self.add(listed)
            return
        self.add(META + "ListMeta")
        self._done[name.removesuffix(resource.kind) + kind] = {
            "description": f"{kind} is a list of {resource.kind}",
            "type": "object",
            "required": ["items"],
            "properties": {
                "apiVersion": dict(_API_VERSION),
                "kind": dict(_KIND),
                "items": {
                    "description": f"List of {resource.name}. More info: https://git.k8s.io/community/contributors/"
                    "devel/sig-architecture/api-conventions.md",
                    "type": "array",
                    "items": self._reference(name, {}),
                },
                "metadata": self._reference(
                    META + "ListMeta",
                    {
                        "description": "Standard list metadata. More info: https://git.k8s.io/community/contributors/"
                        "devel/sig-architecture/api-conventions.md#types-kinds"
                    },
                ),
            },
            "x-kubernetes-group-version-kind": [{"group": resource.group, "kind": kind, "version": version}],
        }

    def add_custom(self, name: str, body: Mapping[str, Any], group: str, version: str, kind: str) -> None:
        """A custom resource's own schema, with the fields that every object has."""
        self.add(META + "ObjectMeta")
        out = dict(body)
        properties = dict(out.get("properties") or {})
        properties["apiVersion"] = dict(_API_VERSION)
        properties["kind"] = dict(_KIND)
        properties["metadata"] = self._reference(
            META + "ObjectMeta",
            {
                "description": "Standard object's metadata. More info: https://git.k8s.io/community/contributors/"
                "devel/sig-architecture/api-conventions.md#metadata"
            },
        )
        out["type"] = "object"
        out["properties"] = properties
        out["x-kubernetes-group-version-kind"] = [{"group": group, "kind": kind, "version": version}]
        self._done[name] = out

    def _reference(self, name: str, beside: dict[str, Any]) -> dict[str, Any]:
        ref = {"$ref": self._ref + name}
        if not self._wrap:
            return {**beside, **ref}
        if not beside:
            return ref
        return {**beside, "allOf": [ref]}

    def _convert(self, owner: str, body: Mapping[str, Any], todo: list[str], field: str = "") -> dict[str, Any]:
        target = body.get("$ref")
        if target is not None:
            name = target.removeprefix(_SOURCE_REF)
            todo.append(name)
            beside = {k: body[k] for k in ("description", *_KEPT) if k in body}
            if self._wrap and not field:
                # Items and values that are structs carry the default of Go's zero value.
                return (
                    {"default": {}, "allOf": [{"$ref": self._ref + name}]}
                    if _is_struct(self._source, name)
                    else {"$ref": self._ref + name}
                )
            if self._wrap and _is_struct(self._source, name) and body.get("default") is not None:
                beside["default"] = body["default"]
            return self._reference(name, beside)
        if not field and owner == _INT_OR_STRING:
            out: dict[str, Any] = {"format": "int-or-string", "description": body.get("description", "")}
            if self._wrap:
                out["oneOf"] = [{"type": "integer"}, {"type": "string"}]
            else:
                out["type"] = "string"
            return out
        if not field and owner == _QUANTITY:
            out = {"description": body.get("description", "")}
            if self._wrap:
                out["oneOf"] = [{"type": "string"}, {"type": "number"}]
            else:
                out["type"] = "string"
            return out
        out = {}
        if "description" in body:
            out["description"] = body["description"]
        kind = body.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), None)
        if kind is not None:
            out["type"] = kind
        out |= {k: body[k] for k in _KEPT if k in body}
        if "default" in body:
            out["default"] = body["default"]
        if body.get("required"):
            out["required"] = body["required"]
        if "items" in body:
            out["items"] = self._convert(owner, body["items"], todo, field and field + "[]")
            _add_zero(out["items"], self._wrap)
        extra = body.get("additionalProperties")
        if isinstance(extra, Mapping):
            out["additionalProperties"] = self._convert(owner, extra, todo, field and field + "{}")
            _add_zero(out["additionalProperties"], self._wrap)
        properties = body.get("properties")
        if properties is not None:
            out["properties"] = {
                key: describe_enum(owner, key, self._convert(owner, spec, todo, key))
                for key, spec in properties.items()
            }
        if "x-kubernetes-group-version-kind" in body:
            out["x-kubernetes-group-version-kind"] = [
                {"group": g["group"], "kind": g["kind"], "version": g["version"]}
                for g in body["x-kubernetes-group-version-kind"]
            ]
        return out


def _is_struct(source: Mapping[str, Any], name: str) -> bool:
    return "properties" in source.get(name, {})


def _add_zero(node: dict[str, Any], wrap: bool) -> None:
    if wrap and node.get("type") in ("string", "integer", "boolean") and "default" not in node:
        node["default"] = {"string": "", "integer": 0, "boolean": False}[node["type"]]


_API_VERSION = {
    "description": "APIVersion defines the versioned schema of this representation of an object. Servers should "
    "convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources",
    "type": "string",
}
_KIND = {
    "description": "Kind is a string value representing the REST resource this object represents. Servers may infer "
    "this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds",
    "type": "string",
}
