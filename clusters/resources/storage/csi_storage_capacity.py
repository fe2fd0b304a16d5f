"""CSIStorageCapacity: what a driver has left in a part of the cluster.

Models: kubernetes, registry/storage/csistoragecapacity and its validation.
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import field
from clusters.resources.common.checks import nonnegative_quantity, subdomain
from clusters.resources.common.columns import NAME
from clusters.resources.common.labels import selector_errors
from clusters.resources.common.meta import immutable_errors
from clusters.resources.pod_spec.warnings import node_label_warnings

_TOPOLOGY = Path("nodeTopology")


class CSIStorageCapacityStrategy(Strategy):
    allow_unconditional_update = False
    validates_whole_update = True

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors = selector_errors(obj.get("nodeTopology"), _TOPOLOGY)
        errors += subdomain(obj.get("storageClassName", ""), Path("storageClassName"))
        if obj.get("capacity") is not None:
            errors += nonnegative_quantity(obj["capacity"], Path("capacity"))
        return errors

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return list(node_label_warnings(obj.get("nodeTopology") or {}, _TOPOLOGY))

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = self.validate_create(new, ctx)
        for name in ("nodeTopology", "storageClassName"):
            errors += immutable_errors(new.get(name), old.get(name), Path(name))
        return errors

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return self.warn_create(new, ctx)


RESOURCE = Resource(
    group="storage.k8s.io",
    name="csistoragecapacities",
    kind="CSIStorageCapacity",
    singular="csistoragecapacity",
    versions=(Version(name="v1", schema="io.k8s.api.storage.v1.CSIStorageCapacity"),),
    strategy=CSIStorageCapacityStrategy(),
    columns=(
        NAME,
        Column(
            name="StorageClassName",
            description="storageClassName represents the name of the StorageClass that the reported capacity applies"
            " to.",
            value=field("storageClassName"),
        ),
        Column(
            name="Capacity",
            description="capacity is the value reported by the CSI driver in its GetCapacityResponse for a"
            " GetCapacityRequest with topology and parameters that match the previous fields.",
            value=field("capacity", default="<unset>"),
        ),
    ),
)
