"""ServiceCIDR: a range that cluster IPs are taken from.

Models: kubernetes, registry/networking/servicecidr and networking validation.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.checks import IMMUTABLE
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.net import canonical_cidr_errors, dual_stack

_PATH = Path("spec").child("cidrs")


class ServiceCIDRStrategy(Strategy):
    validates_whole_update = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        cidrs: Sequence[str] = obj["spec"].get("cidrs") or ()
        if not cidrs:
            return [required(_PATH, "at least one CIDR required")]
        if len(cidrs) > 2:
            return [invalid(_PATH, _shown(cidrs), "may only hold up to 2 values")]
        errors: ErrorList = []
        if len(cidrs) > 1 and not dual_stack(cidrs):
            why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
            return [invalid(_PATH, _shown(cidrs), why)]
        for i, cidr in enumerate(cidrs):
            errors += canonical_cidr_errors(_PATH.index(i), cidr)
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        """Nothing changes but that a second family may be added."""
        now, then = new["spec"].get("cidrs") or [], old["spec"].get("cidrs") or []
        errors = self.validate_create(new, ctx)
        if len(now) != len(then) and (len(then), len(now)) != (1, 2):
            return [*errors, invalid(_PATH, now or None, IMMUTABLE)]
        kept = enumerate(zip(now, then, strict=False))
        return errors + [invalid(_PATH.index(i), cidr, IMMUTABLE) for i, (cidr, was) in kept if cidr != was]


def _shown(cidrs: Sequence[str]) -> Obj:
    return {"CIDRs": list(cidrs)}


RESOURCE = Resource(
    group="networking.k8s.io",
    name="servicecidrs",
    kind="ServiceCIDR",
    singular="servicecidr",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.networking.v1.ServiceCIDR"),),
    subresources=(Subresource(name="status"),),
    strategy=ServiceCIDRStrategy(),
    columns=(
        NAME,
        Column(
            name="CIDRs",
            description='CIDRs defines the IP blocks in CIDR notation (e.g. "192.168.0.0/24" or "2001:db8::/64") from'
            " which to assign service cluster IPs.",
            value=lambda obj, now: ",".join((obj.get("spec") or {}).get("cidrs") or ()),
        ),
        AGE,
    ),
)
