"""Fault: something is broken on purpose, until it is healed (deleted) or its time is over."""

from __future__ import annotations

from clusters.kernel.clock import parse_rfc3339
from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Resource, Strategy, Version

_SPEC = Path("spec")


class FaultStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        errors = [required(_SPEC.child(name)) for name in ("kind", "target") if not spec.get(name)]
        until = spec.get("until")
        if until is not None:
            try:
                parse_rfc3339(str(until))
            except ValueError:
                errors.append(invalid(_SPEC.child("until"), until, "must be an RFC 3339 time"))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)


RESOURCE = Resource(
    group="playground.dev",
    name="faults",
    kind="Fault",
    singular="fault",
    namespaced=False,
    versions=(Version(name="v1", schema=""),),
    strategy=FaultStrategy(),
    internal=True,
)
