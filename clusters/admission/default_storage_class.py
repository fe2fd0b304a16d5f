"""DefaultStorageClass: a claim without a class gets the default one, if there is one.

Models: kubernetes, plugin/pkg/admission/storage/storageclass/setdefault.
"""

from __future__ import annotations

from clusters.admission.plugin import CREATE, Plugin, obj_of
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

CLASSES = "storageclasses.storage.k8s.io"
MARKS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"


class DefaultStorageClass(Plugin):
    name = "DefaultStorageClass"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return (
            not resource.group and resource.name == "persistentvolumeclaims" and not subresource and operation == CREATE
        )

    def admit(self, attrs: Attributes) -> None:
        claim = obj_of(attrs)
        spec: Obj = claim.setdefault("spec", {})
        annotations = claim["metadata"].get("annotations") or {}
        if spec.get("storageClassName") is not None or BETA_CLASS in annotations:
            return
        chosen = default_class(attrs)
        if chosen is not None:
            spec["storageClassName"] = chosen["metadata"]["name"]


def is_default(obj: Obj) -> bool:
    annotations = obj["metadata"].get("annotations") or {}
    return any(annotations.get(mark) == "true" for mark in MARKS)


def default_class(attrs: Attributes) -> Obj | None:
    """The default StorageClass; the newest of several, then the first by name."""
    found = [c for c in attrs.lookup.list(CLASSES) if is_default(c)]
    found.sort(key=lambda c: c["metadata"]["name"])
    found.sort(key=lambda c: c["metadata"].get("creationTimestamp", ""), reverse=True)
    return found[0] if found else None
