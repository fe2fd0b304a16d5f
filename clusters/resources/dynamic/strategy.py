"""The strategy of custom resources: everything follows from the schemas of the definition.

Objects are decoded, defaulted and validated in the version of the request, and stored in the storage version, whose
schema then prunes them again. Models: apiextensions-apiserver, pkg/registry/customresource/strategy.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from clusters.machinery.errors import Invalid, MethodNotAllowed
from clusters.machinery.field import ErrorList, Path, go_quote, invalid
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Strategy
from clusters.resources.dynamic.version import CompiledVersion


class CustomResourceStrategy(Strategy):
    has_generation = True
    allow_unconditional_update = False
    status_keeps_metadata = True

    def __init__(
        self, group: str, plural: str, kind: str, versions: Mapping[str, CompiledVersion], stored: str, *, ending: bool
    ) -> None:
        self._group = group
        self._plural = plural
        self._kind = kind
        self._versions = versions
        self._stored = versions[stored]
        self._ending = ending
        if not self._stored.has_status:
            # Then it is a field like any other: whoever writes the object writes it, and it counts as a change.
            self.status_fields = self.status_subresources = ()

    def _version(self, ctx: Context) -> CompiledVersion:
        return self._versions.get(ctx.version) or self._stored

    def default(self, obj: Obj) -> None:
        self._stored.default(obj)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        if self._ending:
            refusal = MethodNotAllowed("create not allowed while custom resource definition is terminating")
            refusal.details = {"group": self._group, "kind": self._plural}
            raise refusal
        self._check_kind(obj)

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        self._check_kind(new)

    def _check_kind(self, obj: Obj) -> None:
        """Of another kind: the refusal calls the object what it calls itself."""
        sent = obj.get("kind", "")
        if sent != self._kind:
            error = invalid(Path("kind"), sent, f"must be {self._kind}")
            raise Invalid.of(self._group, sent, obj["metadata"].get("name", ""), [error])

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return self._version(ctx).errors(obj, None)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self._version(ctx).errors(new, self.current(old), warnings=ctx.warnings)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self._version(ctx).errors(new, self.current(old), status_only=True, warnings=ctx.warnings)

    def current(self, stored: Obj) -> Obj:
        """A stored object as the schema of today has it."""
        return stored

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return _finalizer_warnings(obj["metadata"].get("finalizers") or (), ())

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return _finalizer_warnings(new["metadata"].get("finalizers") or (), old["metadata"].get("finalizers") or ())

    def finish(self, obj: Obj, ctx: Context) -> None:
        version = self._version(ctx)
        if version is self._stored:
            return
        kept = self._stored.pruned(obj)
        for key in obj.keys() - kept.keys():
            del obj[key]
        obj.update(kept)
        self._stored.default(obj)

    def scale_of(self, obj: Obj) -> Obj:
        scale = self._scaled(obj).scale
        assert scale is not None
        return scale.scale_of(obj)

    def with_scale(self, obj: Obj, scale: Obj) -> Obj:
        paths = self._scaled(obj).scale
        assert paths is not None
        return paths.with_scale(obj, scale)

    def scale_path(self, obj: Obj) -> tuple[str, ...]:
        """Where the replicas are."""
        paths = self._scaled(obj).scale
        assert paths is not None
        return paths.replicas

    def _scaled(self, obj: Obj) -> CompiledVersion:
        return self._versions.get(obj["apiVersion"].rpartition("/")[2]) or self._stored


class RereadStrategy(CustomResourceStrategy):
    """Of a definition that has been changed: what is stored was written under older schemas."""

    def current(self, stored: Obj) -> Obj:
        out = self._stored.pruned(stored)
        if self._stored.has_defaults:
            out = _unshared(out)
            self._stored.default(out)
        return out

    def on_read(self, obj: Obj, ctx: Context) -> Obj:
        return self.current(obj)


def _unshared(obj: Obj) -> Obj:
    """A copy whose body may be changed in place."""
    return {k: v if k == "metadata" else orjson.loads(orjson.dumps(v)) for k, v in obj.items()}


def _finalizer_warnings(new: Sequence[str], old: Sequence[str]) -> list[str]:
    return [
        f"metadata.finalizers: {go_quote(name)}: prefer a domain-qualified finalizer name including a path (/) to avoid"
        " accidental conflicts with other finalizer writers"
        for name in sorted(set(new) - set(old))
        if "/" not in name
    ]
