"""CSIStorageCapacity: what a driver has left in a part of the cluster.

Models: kubernetes, registry/storage/csistoragecapacity and its validation.
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.names import dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import field
from clusters.resources.common.checks import nonnegative_quantity
from clusters.resources.common.columns import NAME
from clusters.resources.common.labels import selector_errors
from clusters.resources.common.meta import immutable_errors


class CSIStorageCapacityStrategy(Strategy):
    allow_unconditional_update = False

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        name = obj.get("storageClassName", "")
        errors: ErrorList = [invalid(Path("storageClassName"), name, text) for text in dns1123_subdomain(name)]
        errors += selector_errors(obj.get("nodeTopology"), Path("nodeTopology"))
        for size in ("capacity", "maximumVolumeSize"):
            if obj.get(size) is not None:
                errors += nonnegative_quantity(obj[size], Path(size))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = self.validate_create(new, ctx)
        for name in ("nodeTopology", "storageClassName"):
            errors += immutable_errors(new.get(name), old.get(name), Path(name))
        return errors


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
