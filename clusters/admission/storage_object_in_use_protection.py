"""StorageObjectInUseProtection: volumes and claims are deleted only when nothing uses them (finalizers).

Models: kubernetes, plugin/pkg/admission/storage/storageobjectinuseprotection.
"""

from __future__ import annotations

from clusters.admission.plugin import CREATE, Plugin, obj_of
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

FINALIZERS = {
    ("", "persistentvolumes"): "kubernetes.io/pv-protection",
    ("", "persistentvolumeclaims"): "kubernetes.io/pvc-protection",
    ("storage.k8s.io", "volumeattributesclasses"): "kubernetes.io/vac-protection",
}


class StorageObjectInUseProtection(Plugin):
    name = "StorageObjectInUseProtection"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return operation == CREATE and not subresource and (resource.group, resource.name) in FINALIZERS

    def admit(self, attrs: Attributes) -> None:
        meta = obj_of(attrs)["metadata"]
        finalizer = FINALIZERS[(attrs.resource.group, attrs.resource.name)]
        finalizers = meta.get("finalizers") or []
        if finalizer not in finalizers:
            meta["finalizers"] = [*finalizers, finalizer]
