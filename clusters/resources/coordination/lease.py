"""Lease: who leads, and who is alive. Models: kubernetes, registry/coordination/lease and its validation."""

from __future__ import annotations

from clusters.kernel.clock import parse_rfc3339, rfc3339_micro
from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.coordination.heartbeat import is_live, keep_mark, last_beat, without_mark

_COORDINATED = ("strategy", "preferredHolder")
"""Leaders are not elected by the server unless its feature gate CoordinatedLeaderElection says so."""


class LeaseStrategy(Strategy):
    allow_create_on_update = True
    allow_unconditional_update = False

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        _drop(obj, {})

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec, path = obj["spec"], Path("spec")
        errors: ErrorList = []
        seconds, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
        if seconds is not None and seconds <= 0:
            errors.append(invalid(path.child("leaseDurationSeconds"), seconds, "must be greater than 0"))
        if transitions is not None and transitions < 0:
            why = "must be greater than or equal to 0"
            errors.append(invalid(path.child("leaseTransitions"), transitions, why))
        return errors

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        keep_mark(new, old, ctx.user)
        _drop(new, old)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)

    def on_read(self, obj: Obj, ctx: Context) -> Obj:
        if not is_live(obj):
            return obj
        spec = obj.get("spec") or {}
        beat = last_beat(obj, ctx.now)
        stored = spec.get("renewTime")
        if stored and parse_rfc3339(stored) >= beat:
            return without_mark(obj)
        return {**without_mark(obj), "spec": {**spec, "renewTime": rfc3339_micro(beat)}}


def _drop(new: Obj, old: Obj) -> None:
    for name in _COORDINATED:
        if (old.get("spec") or {}).get(name) is None and new.get("spec"):
            new["spec"].pop(name, None)


RESOURCE = Resource(
    group="coordination.k8s.io",
    name="leases",
    kind="Lease",
    singular="lease",
    versions=(Version(name="v1", schema="io.k8s.api.coordination.v1.Lease"),),
    strategy=LeaseStrategy(),
    columns=(
        NAME,
        Column(
            name="Holder",
            description="holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader"
            " Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.",
            value=lambda obj, now: (obj.get("spec") or {}).get("holderIdentity") or "",
        ),
        AGE,
    ),
)
