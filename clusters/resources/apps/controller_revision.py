"""ControllerRevision. Models: kubernetes, pkg/registry/apps/controllerrevision, pkg/apis/apps/validation."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.checks import nonnegative
from clusters.resources.common.columns import AGE, NAME, NONE
from clusters.resources.common.meta import immutable_errors

_DATA, _REVISION = Path("data"), Path("revision")


class ControllerRevisionStrategy(Strategy):
    validates_whole_update = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("revision", 0)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors = [] if obj.get("data") is not None else [required(_DATA, "data is mandatory")]
        return errors + nonnegative(obj.get("revision"), _REVISION)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx) + immutable_errors(new.get("data"), old.get("data"), _DATA)


def _controller(obj: Obj, now: int) -> str:
    """Kind, group and name of the controlling owner: `statefulset.apps/web`."""
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            group = owner.get("apiVersion", "").rpartition("/")[0]
            kind = owner.get("kind", "").lower() + (f".{group}" if group else "")
            return f"{kind}/{owner.get('name', '')}"
    return NONE


RESOURCE = Resource(
    group="apps",
    name="controllerrevisions",
    kind="ControllerRevision",
    singular="controllerrevision",
    versions=(Version(name="v1", schema="io.k8s.api.apps.v1.ControllerRevision"),),
    strategy=ControllerRevisionStrategy(),
    columns=(
        NAME,
        Column(name="Controller", description="Controller of the object", value=_controller),
        Column(
            name="Revision",
            description="Revision indicates the revision of the state represented by Data.",
            value=lambda o, now: o.get("revision", 0),
        ),
        AGE,
    ),
)
