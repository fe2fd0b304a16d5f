"""What volumes and claims show alike. Models: kubernetes, apis/core/helper and printers."""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.types import Obj

STORAGE_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_SHORT = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def access_modes(modes: Sequence[str] | None) -> str:
    """`RWO,ROX`, in a fixed order."""
    return ",".join(short for mode, short in _SHORT.items() if mode in (modes or ()))


def storage_class(obj: Obj, now: int = 0) -> str:
    """The class, by the annotation of old or by name."""
    annotations = obj["metadata"].get("annotations") or {}
    if STORAGE_CLASS_ANNOTATION in annotations:
        return str(annotations[STORAGE_CLASS_ANNOTATION])
    return str((obj.get("spec") or {}).get("storageClassName") or "")
