"""CSINode: the storage drivers on a Node. Models: kubernetes, registry/storage/csinode and its validation."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, duplicate, invalid, required, too_long
from clusters.machinery.names import dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import count
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import label_key_errors
from clusters.resources.common.shown import CSI_NODE_DRIVER, shown
from clusters.resources.pod_spec.volumes import driver_name_errors

MAX_NODE_ID = 256
_DRIVERS = Path("spec").child("drivers")


class CSINodeStrategy(Strategy):
    allow_unconditional_update = False

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {}).setdefault("drivers", None)

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        return dns1123_subdomain(name, prefix=prefix)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors: ErrorList = []
        seen: set[str] = set()
        for i, driver in enumerate(obj["spec"].get("drivers") or ()):
            path = _DRIVERS.index(i)
            errors += _driver_errors(driver, path)
            name = driver.get("name", "")
            if name in seen:
                errors.append(duplicate(path.child("name"), name))
            seen.add(name)
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = self.validate_create(new, ctx)
        before = {d.get("name"): d for d in old["spec"].get("drivers") or ()}
        for driver in new["spec"].get("drivers") or ():
            known = before.get(driver.get("name"))
            if known is not None and known.get("nodeID") != driver.get("nodeID"):
                errors.append(invalid(Path("CSINodeDriver"), shown(driver, CSI_NODE_DRIVER), "field is immutable"))
        return errors


def _driver_errors(driver: Obj, path: Path) -> ErrorList:
    errors = driver_name_errors(driver.get("name", ""), path.child("name"))
    node = driver.get("nodeID", "")
    if not node:
        errors.append(required(path.child("nodeID")))
    if len(node) > MAX_NODE_ID:
        errors.append(too_long(path.child("nodeID"), MAX_NODE_ID))
    allocatable = driver.get("allocatable")
    if allocatable is not None and allocatable.get("count", 0) < 0:
        at = path.child("allocatable", "count")
        errors.append(invalid(at, allocatable["count"], "must be greater than or equal to 0"))
    keys = driver.get("topologyKeys") or ()
    for i, key in enumerate(keys):
        at = path.child("topologyKeys").index(i) if key else path.child("topologyKeys")
        errors += label_key_errors(key, at)
        if key in keys[:i]:
            errors.append(duplicate(path.child("topologyKeys"), key))
    return errors


RESOURCE = Resource(
    group="storage.k8s.io",
    name="csinodes",
    kind="CSINode",
    singular="csinode",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.storage.v1.CSINode"),),
    strategy=CSINodeStrategy(),
    columns=(
        NAME,
        Column(
            name="Drivers",
            type="integer",
            description="Drivers indicates the number of CSI drivers registered on the node",
            value=count("spec", "drivers"),
        ),
        AGE,
    ),
)
