"""The OpenAPI 3.1 document of the REST API, built from the routes that serve it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import orjson

from clusters.web.api.fields import object_schema
from clusters.web.api.route import ROUTES, Route

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


@lru_cache(maxsize=1)
def document() -> bytes:
    """The document as JSON."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(f"/api/v1/{route.path}", {})[route.method.lower()] = _operation(route)
    return orjson.dumps(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Cluster Playground",
                "version": "1",
                "description": "Clusters, their clocks, machines and faults. Kubernetes objects are served by each "
                "cluster's own Kubernetes API under `/k8s/NAME/`.",
            },
            "paths": paths,
            "components": {
                "schemas": {"Problem": PROBLEM},
                "securitySchemes": {
                    "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
                    "token": {"type": "http", "scheme": "bearer"},
                },
            },
            "security": [{"session": []}, {"token": []}],
        }
    )


def _operation(route: Route) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    for param in route.query:
        parameters.append(
            {
                "name": param.name,
                "in": "query",
                "required": param.required,
                "description": param.description,
                "schema": param.kind.schema(),
            }
        )
    answer: dict[str, Any] = {"description": "Done."}
    if route.status != 204:
        answer["content"] = {"application/json": {"schema": route.returns}}
    out: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [_tag(route.path)],
        "parameters": parameters,
        "responses": {
            str(route.status): answer,
            "default": {
                "description": "It did not work.",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }
    if route.body is not None:
        out["requestBody"] = {
            "required": any(p.required for p in route.body),
            "content": {"application/json": {"schema": object_schema(route.body)}},
        }
    return out


def _operation_id(route: Route) -> str:
    words = re.sub(r"[{}]", "", route.path).replace("/", " ").replace("-", " ").split()
    return route.method.lower() + "".join(word.capitalize() for word in words)


def _tag(path: str) -> str:
    parts = path.split("/")
    return parts[2] if len(parts) > 2 else parts[0]
