"""One version of a custom resource, compiled from its schema; the parts are made when they are first needed.

Models: apiextensions-apiserver, pkg/registry/customresource/{strategy,validator}.go.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from clusters.machinery.field import ErrorList, ErrorType, Path, invalid
from clusters.machinery.schema import ObjectType, from_openapi
from clusters.machinery.types import Obj
from clusters.resources.dynamic import structure
from clusters.resources.dynamic.checks import NOWHERE, Check
from clusters.resources.dynamic.rules import Rules
from clusters.resources.dynamic.scale import ScalePaths
from clusters.resources.dynamic.values import apply_defaults, has_defaults, pruned

_BLOCKING = frozenset(
    (ErrorType.NOT_SUPPORTED, ErrorType.REQUIRED, ErrorType.TOO_LONG, ErrorType.TOO_MANY, ErrorType.TYPE_INVALID)
)
_NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete"
    " validation"
)
_ROOT = NOWHERE


class CompiledVersion:
    """The rules of one version. `spec` is the definition's entry."""

    def __init__(self, kind: str, spec: Obj) -> None:
        self.name: str = spec["name"]
        self.kind = kind
        self.schema: dict[str, Any] = (spec.get("schema") or {}).get("openAPIV3Schema") or {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
        }
        subresources = spec.get("subresources") or {}
        self.has_status = subresources.get("status") is not None
        scale = subresources.get("scale")
        self.scale = (
            ScalePaths(
                scale.get("specReplicasPath", ""),
                scale.get("statusReplicasPath", ""),
                scale.get("labelSelectorPath", ""),
            )
            if scale is not None
            else None
        )

    @cached_property
    def type(self) -> ObjectType:
        return from_openapi(self.schema, self.kind, status_apart=self.has_status)

    @cached_property
    def check(self) -> Check:
        return Check(self.schema)

    @cached_property
    def rules(self) -> Rules:
        return Rules(self.schema)

    @cached_property
    def has_defaults(self) -> bool:
        return has_defaults(self.schema)

    @cached_property
    def _has_lists(self) -> bool:
        return structure.uses(self.schema, "x-kubernetes-list-type")

    @cached_property
    def _has_embedded(self) -> bool:
        return structure.uses(self.schema, "x-kubernetes-embedded-resource")

    def default(self, obj: Obj) -> None:
        if self.has_defaults:
            apply_defaults(obj, self.schema)

    def pruned(self, obj: Obj) -> Obj:
        return pruned(obj, self.type)

    def errors(
        self, new: Obj, old: Obj | None, *, status_only: bool = False, warnings: list[str] | None = None
    ) -> ErrorList:
        """What is wrong with a new object, or with an update of `old`."""
        errors = self.check.errors(new, old=old, root=_ROOT) if old is not None else self.check.errors(new, root=_ROOT)
        if self.scale is not None:
            if not status_only:
                errors += self.scale.spec_errors(new)
            errors += self.scale.status_errors(new)
        if self._has_embedded:
            errors += structure.embedded_errors(_body(new), self.schema, _ROOT)
        if self._has_lists and not (old is not None and structure.list_errors(old, self.schema, _ROOT)):
            errors += structure.list_errors(new, self.schema, _ROOT)
        if self.rules:
            if any(e.type in _BLOCKING for e in errors):
                errors.append(invalid(NOWHERE, None, _NOT_CHECKED))
            else:
                errors += self.rules.errors(new, old, NOWHERE, warnings)
        return errors


def _body(obj: Obj) -> Obj:
    """Without what every object has: its own identity is checked elsewhere."""
    return {k: v for k, v in obj.items() if k not in ("apiVersion", "kind", "metadata")}


__all__ = ["CompiledVersion", "Path"]
