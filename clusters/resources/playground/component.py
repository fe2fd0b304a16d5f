"""Component: whether a process of the control plane runs. Absent means running."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Resource, Strategy, Version
from clusters.resources.common.checks import one_of


class ComponentStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {}).setdefault("state", "running")

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return one_of(obj["spec"]["state"], ("running", "stopped"), Path("spec").child("state"))

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)


RESOURCE = Resource(
    group="playground.dev",
    name="components",
    kind="Component",
    singular="component",
    namespaced=False,
    versions=(Version(name="v1", schema=""),),
    strategy=ComponentStrategy(),
    internal=True,
)
