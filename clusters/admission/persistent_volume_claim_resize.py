"""PersistentVolumeClaimResize: a bound claim grows only if its class allows it.

Models: kubernetes, plugin/pkg/admission/storage/persistentvolume/resize.
"""

from __future__ import annotations

from clusters.admission.default_storage_class import BETA_CLASS, CLASSES
from clusters.admission.plugin import UPDATE, Plugin, forbidden, obj_of
from clusters.machinery import quantity
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource


class PersistentVolumeClaimResize(Plugin):
    name = "PersistentVolumeClaimResize"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return (
            not resource.group and resource.name == "persistentvolumeclaims" and not subresource and operation == UPDATE
        )

    def validate(self, attrs: Attributes) -> None:
        new, old = obj_of(attrs), attrs.old
        if old is None or _size(new) <= _size(old):
            return
        if (old.get("status") or {}).get("phase") != "Bound":
            raise forbidden(attrs, "Only bound persistent volume claims can be expanded")
        if not _expandable(attrs, new):
            raise forbidden(
                attrs,
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must"
                " support resize",
            )


def _size(claim: Obj) -> int:
    requests = ((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}
    return quantity.value(requests["storage"]) if "storage" in requests else 0


def _expandable(attrs: Attributes, claim: Obj) -> bool:
    annotations = claim["metadata"].get("annotations") or {}
    name = annotations.get(BETA_CLASS) or (claim.get("spec") or {}).get("storageClassName")
    if not name:
        return False
    chosen = attrs.lookup.get(CLASSES, "", name)
    return chosen is not None and bool(chosen.get("allowVolumeExpansion"))
