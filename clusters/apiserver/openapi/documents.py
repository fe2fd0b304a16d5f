"""OpenAPI documents of a cluster: schemas of the kinds served, and their paths.

v3 is a document a group version, with just the schemas that it reaches; v2 is one document of everything.
Custom resources bring their own schemas. Models: kube-openapi builder and builder3; apiserver,
pkg/endpoints/openapi.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.apiserver.openapi.paths import group_paths
from clusters.apiserver.openapi.roots import Root, path_item, roots
from clusters.apiserver.openapi.schemas import META, Schemas, definition_name
from clusters.apiserver.version import VERSION
from clusters.registry.resources import ResourceMap
from clusters.resources.base import Resource

Document = dict[str, Any]

_V3_REF = "#/components/schemas/"
_V2_REF = "#/definitions/"


def served(resources: ResourceMap, group: str, version: str) -> list[Resource]:
    """The resources of a group version that clients may see, by name."""
    found = [r for r in resources.in_group(group) if not r.internal and r.version(version) is not None]
    return sorted(found, key=lambda r: r.name)


def v3(resources: ResourceMap, group: str, version: str) -> Document:
    """The document of one group version."""
    listed = served(resources, group, version)
    schemas = Schemas(_V3_REF, wrap_refs=True)
    for resource in listed:
        _add(schemas, resource, version)
    return _v3_document(group_paths(listed, group, version, ref=_V3_REF, shared=None), schemas)


def v3_root(root: Root) -> Document:
    """The document of a path that belongs to no group version."""
    schemas = Schemas(_V3_REF, wrap_refs=True)
    schemas.add(root.answer)
    return _v3_document({root.path: path_item(root, _V3_REF, v3=True)}, schemas)


def _v3_document(paths: dict[str, Any], schemas: Schemas) -> Document:
    key = {
        "type": "apiKey",
        "description": "Bearer Token authentication",
        "name": "authorization",
        "in": "header",
    }
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": paths,
        "components": {"schemas": schemas.finished(), "securitySchemes": {"BearerToken": key}},
    }


def v2(resources: ResourceMap, versions: Sequence[tuple[str, str]]) -> Document:
    """The one document of everything."""
    schemas = Schemas(_V2_REF, wrap_refs=False)
    paths: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    for group, version in versions:
        listed = served(resources, group, version)
        for resource in listed:
            _add(schemas, resource, version)
        paths |= group_paths(listed, group, version, ref=_V2_REF, shared=parameters)
    for root in roots(builtin_groups(resources)):
        schemas.add(root.answer)
        paths[root.path] = path_item(root, _V2_REF, v3=False)
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": dict(sorted(paths.items())),
        "definitions": schemas.finished(),
        "parameters": dict(sorted(parameters.items())),
        "securityDefinitions": {
            "BearerToken": {
                "description": "Bearer Token authentication",
                "type": "apiKey",
                "name": "authorization",
                "in": "header",
            }
        },
        "security": [{"BearerToken": []}],
    }


def builtin_groups(resources: ResourceMap) -> list[str]:
    """Groups that are Kubernetes' own."""
    return sorted({r.group for r in resources if r.builtin and not r.internal})


def _add(schemas: Schemas, resource: Resource, version: str) -> None:
    described = resource.version(version)
    if described is None:
        return
    name = definition_name(resource, described)
    if described.custom is not None:
        schemas.add_custom(name, described.custom.openapi, resource.group, version, resource.kind)
    else:
        schemas.add(name)
    if "list" in resource.verbs:
        schemas.add_list(name, resource, version)
    for sub in resource.subresources_of(described):
        if sub.kind:
            schemas.add_kind(sub.group or resource.group, sub.version or version, sub.kind)
    if {"delete", "deletecollection"} & set(resource.verbs):
        schemas.add(META + "DeleteOptions")
    if "patch" in resource.verbs:
        schemas.add(META + "Patch")
    schemas.add(META + "Status")
    if described.custom is None:
        schemas.add(META + "APIResourceList")
        if "watch" in resource.verbs:
            schemas.add(META + "WatchEvent")
