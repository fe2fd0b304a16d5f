"""The slim schema for the YAML editor: every kind that the cluster serves, and the types they are made of.

Generated from what decodes the objects, so the editor flags exactly what the server would; `x` says why a field is
valid but without effect (`d`: unless it has that value). Descriptions are ten times as long, and come type by type.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import orjson
from django.http import HttpResponse

from clusters.machinery import schema
from clusters.machinery.schema import ListType, MapType, ObjectType, Type
from clusters.resources.base import Resource
from clusters.resources.simulated import NOT_SIMULATED
from clusters.runtime.hub import hub
from clusters.web.api import shapes
from clusters.web.api.problems import Problem
from clusters.web.api.route import Call, route

_NAMES = {
    schema.STRING: "string",
    schema.BYTES: "string",
    schema.INT: "integer",
    schema.FLOAT: "number",
    schema.BOOL: "boolean",
    schema.TIME: "time",
    schema.MICRO_TIME: "time",
    schema.QUANTITY: "quantity",
    schema.INT_OR_STRING: "intstr",
    schema.ANY: "any",
}


@route("GET", "clusters/{name}/schema", "Kinds and types for the YAML editor", need="read", returns={"type": "object"})
def get_schema(call: Call) -> HttpResponse:
    slim = _slim(call)
    if call.request.headers.get("If-None-Match") == slim.etag:
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(slim.data, content_type="application/json")
    answer["ETag"] = slim.etag
    answer["Cache-Control"] = "private, no-cache"
    return answer


@route(
    "GET",
    "clusters/{name}/schema/{type}",
    "What a type and its fields are for",
    need="read",
    returns=shapes.obj(
        description={"type": "string"},
        fields={"type": "object", "additionalProperties": {"type": "string"}},
    ),
)
def get_type(call: Call) -> Any:
    found = _slim(call).sources.get(call.path["type"])
    if found is None:
        raise Problem(404, f"There is no type {call.path['type']!r} in this cluster.")
    return {
        "description": found.description,
        "fields": {f.name: f.description or f.type.description for f in found.fields.values()},
    }


class Slim:
    """The document for one set of resources; `sources` are the types it was made from, by their names in it. The
    resources are kept beside it, so that their identities stay true."""

    def __init__(self, resources: list[Resource]) -> None:
        self.resources = resources
        self.kinds: list[dict[str, Any]] = []
        self.types: dict[str, Any] = {}
        self.sources: dict[str, ObjectType] = {}
        for resource in resources:
            if not resource.internal and "create" in resource.verbs:
                self._kinds(resource)
        self.data = orjson.dumps({"kinds": self.kinds, "types": self.types})
        self.etag = f'"{sha256(self.data).hexdigest()[:20]}"'

    def _kinds(self, resource: Resource) -> None:
        for version in resource.versions:
            try:
                root = version.type
            except KeyError:
                continue
            if root is None:
                continue
            name = version.schema or f"{resource.qualified}.{version.name}"
            self._collect(root, name)
            self.kinds.append(
                {
                    "group": resource.group,
                    "version": version.name,
                    "kind": resource.kind,
                    "plural": resource.name,
                    "namespaced": resource.namespaced,
                    "type": name,
                }
            )

    def _collect(self, node: ObjectType, name: str) -> None:
        if name in self.types:
            return
        fields: dict[str, Any] = {}
        entry: dict[str, Any] = {"p": fields}
        self.types[name], self.sources[name] = entry, node
        idle = NOT_SIMULATED.get(name, {})
        for field in node.fields.values():
            made = fields[field.name] = self._field(field.type, f"{name}.{field.name}")
            if field.name in idle:
                why, unless = idle[field.name]
                made["x"] = why
                if unless is not None:
                    made["d"] = unless
        required = [f.name for f in node.fields.values() if f.required]
        if required:
            entry["r"] = required

    def _field(self, node: Type, path: str) -> dict[str, Any]:
        if isinstance(node, ListType):
            return {"t": "array", "i": self._field(node.items, path)}
        if isinstance(node, MapType):
            return {"t": "map", "v": self._field(node.values, path)}
        if isinstance(node, ObjectType):
            if not node.name and not node.fields:
                return {"t": "any"}
            name = node.name or path
            self._collect(node, name)
            return {"t": "object", "ref": name}
        return {"t": _NAMES.get(node.kind, "any")}


_made: dict[tuple[int, ...], Slim] = {}
_KEPT = 16


def _slim(call: Call) -> Slim:
    """Made once for each set of resources: clusters without custom ones share one."""
    resources = list(hub.cluster(call.cluster.name).resources)
    key = tuple(map(id, resources))
    known = _made.get(key)
    if known is None:
        if len(_made) >= _KEPT:
            _made.clear()
        known = _made[key] = Slim(resources)
    return known
