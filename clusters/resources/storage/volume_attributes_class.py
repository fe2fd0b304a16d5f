"""VolumeAttributesClass: attributes of volumes that may change. Models: registry/storage/volumeattributesclass."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import field
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.storage.storage_class import frozen_errors, parameters_errors, provisioner_errors


class VolumeAttributesClassStrategy(Strategy):
    validates_whole_update = True

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors = provisioner_errors(obj.get("driverName", ""), Path("driverName"))
        return errors + parameters_errors(obj.get("parameters"), Path("parameters"), needed=True)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = frozen_errors(new, old, ("driverName", "parameters"))
        return errors + self.validate_create(new, ctx)


RESOURCE = Resource(
    group="storage.k8s.io",
    name="volumeattributesclasses",
    kind="VolumeAttributesClass",
    singular="volumeattributesclass",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.storage.v1.VolumeAttributesClass"),),
    short_names=("vac",),
    strategy=VolumeAttributesClassStrategy(),
    columns=(
        NAME,
        Column(name="DriverName", description="Name of the CSI driver", value=field("driverName")),
        AGE,
    ),
)
