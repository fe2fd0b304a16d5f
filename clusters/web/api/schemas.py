"""The slim schema for the YAML editor: every kind that the cluster serves, and the types they are made of.

Generated from what decodes the objects, so the editor flags exactly what the server would. Descriptions are
left out (they come from the cluster's OpenAPI on hover).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import orjson
from django.http import HttpResponse

from clusters.machinery import schema
from clusters.machinery.schema import ListType, MapType, ObjectType, Type
from clusters.resources.base import Resource
from clusters.runtime.hub import hub
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
    data, etag = _document(list(hub.cluster(call.cluster.name).resources))
    if call.request.headers.get("If-None-Match") == etag:
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(data, content_type="application/json")
    answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    return answer


_made: dict[tuple[int, ...], tuple[list[Resource], bytes, str]] = {}


def _document(resources: list[Resource]) -> tuple[bytes, str]:
    """Made once for each set of resources (clusters without custom ones share one); the set is kept beside it,
    so that the identities stay true."""
    key = tuple(map(id, resources))
    known = _made.get(key)
    if known is None:
        kinds, types = slim(resources)
        data = orjson.dumps({"kinds": kinds, "types": types})
        if len(_made) >= 16:
            _made.clear()
        known = _made[key] = (resources, data, f'"{sha256(data).hexdigest()[:20]}"')
    return known[1], known[2]


def slim(resources: Iterable[Resource]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """`kinds` and `types` of the document."""
    kinds: list[dict[str, Any]] = []
    types: dict[str, Any] = {}
    for resource in resources:
        if resource.internal or "create" not in resource.verbs:
            continue
        for version in resource.versions:
            try:
                root = version.type
            except KeyError:
                continue
            if root is None:
                continue
            name = version.schema or f"{resource.qualified}.{version.name}"
            _collect(root, name, types)
            kinds.append(
                {
                    "group": resource.group,
                    "version": version.name,
                    "kind": resource.kind,
                    "plural": resource.name,
                    "namespaced": resource.namespaced,
                    "type": name,
                }
            )
    return kinds, types


def _collect(node: ObjectType, name: str, types: dict[str, Any]) -> None:
    if name in types:
        return
    entry: dict[str, Any] = {"p": {}}
    types[name] = entry
    for field in node.fields.values():
        entry["p"][field.name] = _field(field.type, f"{name}.{field.name}", types)
    required = [f.name for f in node.fields.values() if f.required]
    if required:
        entry["r"] = required


def _field(node: Type, path: str, types: dict[str, Any]) -> dict[str, Any]:
    if isinstance(node, ListType):
        return {"t": "array", "i": _field(node.items, path, types)}
    if isinstance(node, MapType):
        return {"t": "map", "v": _field(node.values, path, types)}
    if isinstance(node, ObjectType):
        if not node.name and not node.fields:
            return {"t": "any"}
        name = node.name or path
        _collect(node, name, types)
        return {"t": "object", "ref": name}
    return {"t": _NAMES.get(node.kind, "any")}
