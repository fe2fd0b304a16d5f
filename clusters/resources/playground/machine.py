"""Machine: the hardware behind a Node of the same name. Its kubelet registers and beats while `power` is `on` and
`kubelet` is `running`; a Node without a Machine has no kubelet. `memoryPressure`, `diskPressure` and a `registry` that
is `unreachable` are what faults do to it."""

from __future__ import annotations

from typing import Any

from clusters.machinery import quantity
from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Resource, Strategy, Version
from clusters.resources.common.checks import one_of
from clusters.resources.common.meta import label_errors
from clusters.resources.common.net import cidr_errors

DEFAULTS: dict[str, Any] = {
    "power": "on",
    "kubelet": "running",
    "cpu": "4",
    "memory": "16Gi",
    "pods": 110,
    "zone": "",
    "region": "",
    "role": "worker",
    "labels": {},
}
_SPEC = Path("spec")


class MachineStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        for name, value in DEFAULTS.items():
            spec.setdefault(name, dict(value) if isinstance(value, dict) else value)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        errors = one_of(spec["power"], ("on", "off"), _SPEC.child("power"))
        errors += one_of(spec["kubelet"], ("running", "stopped"), _SPEC.child("kubelet"))
        errors += one_of(spec["role"], ("worker", "control-plane"), _SPEC.child("role"))
        if "registry" in spec:
            errors += one_of(spec["registry"], ("reachable", "unreachable"), _SPEC.child("registry"))
        for name in ("memoryPressure", "diskPressure"):
            if not isinstance(spec.get(name, False), bool):
                errors.append(invalid(_SPEC.child(name), spec[name], "must be true or false"))
        for name in ("cpu", "memory", "pods"):
            value = spec[name]
            if not quantity.is_valid(value) or quantity.milli(value) <= 0:
                errors.append(invalid(_SPEC.child(name), value, "must be a quantity greater than zero"))
        errors += label_errors(spec["labels"], _SPEC.child("labels"))
        if spec.get("podCIDR"):
            errors += cidr_errors(_SPEC.child("podCIDR"), spec["podCIDR"])
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)


RESOURCE = Resource(
    group="playground.dev",
    name="machines",
    kind="Machine",
    singular="machine",
    namespaced=False,
    versions=(Version(name="v1", schema=""),),
    strategy=MachineStrategy(),
    internal=True,
)
