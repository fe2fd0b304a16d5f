"""CSINode: the storage drivers on a Node. Models: kubernetes, registry/storage/csinode and its validation."""

from __future__ import annotations

from collections.abc import Collection

from clusters.machinery.field import ErrorList, Path, duplicate, invalid, required
from clusters.machinery.names import dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import count
from clusters.resources.common.checks import nonnegative, qualified
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import immutable_errors
from clusters.resources.common.shown import CSI_NODE_DRIVER
from clusters.resources.pod_spec.volumes import driver_name_errors

MAX_NODE_ID = 256
_DRIVERS = Path("spec").child("drivers")


class CSINodeStrategy(Strategy):
    allow_unconditional_update = False
    validates_whole_update = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {}).setdefault("drivers", None)

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        return dns1123_subdomain(name, prefix=prefix)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors: ErrorList = []
        seen: set[str] = set()
        for i, driver in enumerate(obj["spec"].get("drivers") or ()):
            errors += _driver_errors(driver, seen, _DRIVERS.index(i))
            seen.add(driver.get("name", ""))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        """The server validates the new object twice. What a driver can still attach may change, nothing else."""
        errors = self.validate_create(new, ctx)
        errors += errors
        drivers = [_fixed(driver) for driver in new["spec"].get("drivers") or ()]
        for before in map(_fixed, old["spec"].get("drivers") or ()):
            for driver in drivers:
                if driver.get("name") == before.get("name"):
                    errors += immutable_errors(driver, before, _DRIVERS, CSI_NODE_DRIVER)
        return errors


def _fixed(driver: Obj) -> Obj:
    return {name: value for name, value in driver.items() if name != "allocatable" and value not in (None, [])}


def _driver_errors(driver: Obj, seen: Collection[str], path: Path) -> ErrorList:
    name, node, at = driver.get("name", ""), driver.get("nodeID", ""), path.child("nodeID")
    errors = driver_name_errors(name, path.child("name"))
    if not node:
        errors.append(required(at))
    if len(node.encode()) > MAX_NODE_ID:
        errors.append(invalid(at, node, f"must be {MAX_NODE_ID} characters or less"))
    errors += nonnegative((driver.get("allocatable") or {}).get("count"), path.child("allocatable", "count"))
    if name in seen:
        errors.append(duplicate(path.child("name"), name))
    keys = driver.get("topologyKeys") or ()
    for i, key in enumerate(keys):
        if not key:
            errors.append(required(path))
        if key in keys[:i]:
            errors.append(duplicate(path, key))
        errors += qualified(key, path)
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
