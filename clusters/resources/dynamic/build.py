"""A CustomResourceDefinition as the `Resource` that it defines.

Models: apiextensions-apiserver, pkg/apiserver/customresource_handler.go (getOrCreateServingInfoFor).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from clusters.machinery.types import Obj
from clusters.resources.base import CustomVersion, Resource, Subresource, Version
from clusters.resources.common.scale import SCALE
from clusters.resources.dynamic import jsonpath
from clusters.resources.dynamic.columns import columns
from clusters.resources.dynamic.strategy import CustomResourceStrategy, RereadStrategy
from clusters.resources.dynamic.version import CompiledVersion

VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""In the order in which discovery lists them for custom resources."""
_TERMINATING_VERBS = ("delete", "deletecollection", "get", "list", "watch")


def condition_is(definition: Obj, kind: str, status: str = "True") -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == kind and c.get("status") == status for c in conditions)


def qualified_name(definition: Obj) -> str:
    """`crontabs.example.com`, which is also the definition's own name."""
    return str(definition["metadata"]["name"])


def resource_of(definition: Obj) -> Resource | None:
    """What a definition serves; None as long as it is not established."""
    if not condition_is(definition, "Established"):
        return None
    spec, accepted = definition["spec"], definition["status"]["acceptedNames"]
    group, plural, kind = spec["group"], accepted["plural"], accepted["kind"]
    compiled = {v["name"]: CompiledVersion(kind, v) for v in spec["versions"]}
    stored = next(v["name"] for v in spec["versions"] if v.get("storage"))
    ending = condition_is(definition, "Terminating")
    changed = definition["metadata"].get("generation", 1) > 1
    make = RereadStrategy if changed else CustomResourceStrategy
    strategy = make(group, plural, kind, compiled, stored, ending=ending)
    served = [v for v in spec["versions"] if v.get("served")]
    if not served:
        return None
    versions = tuple(_version(group, kind, v, compiled[v["name"]], stored) for v in served)
    main = compiled[stored]
    return Resource(
        group=group,
        name=plural,
        kind=kind,
        singular=accepted.get("singular") or kind.lower(),
        namespaced=spec["scope"] == "Namespaced",
        versions=versions,
        storage_version=stored,
        short_names=tuple(accepted.get("shortNames") or ()),
        categories=tuple(accepted.get("categories") or ()),
        verbs=VERBS if not ending else _TERMINATING_VERBS,
        subresources=_subresources(main),
        strategy=strategy,
        list_kind=accepted.get("listKind") or f"{kind}List",
        also_spoken=tuple(f"{group}/{v['name']}" for v in spec["versions"] if not v.get("served")),
        builtin=False,
    )


def _version(group: str, kind: str, spec: Obj, compiled: CompiledVersion, stored: str) -> Version:
    name = spec["name"]
    deprecation = ""
    if spec.get("deprecated"):
        deprecation = spec.get("deprecationWarning") or f"{group}/{name} {kind} is deprecated"
    return Version(
        name=name,
        schema="",
        deprecation=deprecation,
        to_storage=partial(_to_storage, compiled, f"{group}/{stored}") if name != stored else None,
        custom=CustomVersion(
            type=compiled.type,
            openapi=compiled.schema,
            columns=columns(spec.get("additionalPrinterColumns")),
            fields=_fields(spec.get("selectableFields") or ()),
            subresources=_subresources(compiled),
        ),
    )


def _to_storage(compiled: CompiledVersion, api_version: str, obj: Obj) -> Obj:
    """Defaulted by its own schema, and renamed: conversion does no more."""
    compiled.default(obj)
    obj["apiVersion"] = api_version
    return obj


def _subresources(compiled: CompiledVersion) -> tuple[Subresource, ...]:
    out: list[Subresource] = []
    if compiled.has_status:
        out.append(Subresource(name="status"))
    if compiled.scale is not None:
        out.append(SCALE)
    return tuple(out)


def _fields(definitions: Any) -> Mapping[str, Callable[[Obj], str]]:
    """Selectable fields, by their path without its first period."""
    return {each["jsonPath"].removeprefix("."): _selectable(each["jsonPath"]) for each in definitions}


def _selectable(path: str) -> Callable[[Obj], str]:
    find = jsonpath.parse(path)

    def value(obj: Obj) -> str:
        found = find(obj)
        if not found or found[0] is None:
            return ""
        return str(found[0]).lower() if isinstance(found[0], bool) else str(found[0])

    return value
