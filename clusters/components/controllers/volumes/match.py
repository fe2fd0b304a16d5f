"""Which volume serves a claim. Pure functions.

Models: component-helpers, storage/volume/pv_helpers.go (FindMatchingVolume).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clusters.machinery import meta, quantity
from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
OLD_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def class_of(obj: Obj) -> str:
    own: str = obj["spec"].get("storageClassName") or ""
    return meta.annotations(obj).get(CLASS_ANNOTATION, own)


def refers_to(volume: Obj, claim: Obj) -> bool:
    """The volume is reserved for this claim, by name or bound to it."""
    ref = volume["spec"].get("claimRef")
    own = claim["metadata"]
    if ref is None or ref.get("namespace") != own["namespace"] or ref.get("name") != own["name"]:
        return False
    return ref.get("uid") in (None, "", own["uid"])


def size(volume: Obj) -> int:
    return quantity.value((volume["spec"].get("capacity") or {}).get("storage", 0))


def asked(claim: Obj) -> int:
    return quantity.value(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", 0))


def misfit(volume: Obj, claim: Obj) -> str:
    """Why a volume that a claim names cannot serve it; ""."""
    if size(volume) < asked(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if _mode(volume["spec"]) != _mode(claim["spec"]):
        return "incompatible volumeMode"
    if not _modes_fit(volume, claim):
        return "incompatible accessMode"
    return ""


def find(claim: Obj, volumes: Iterable[Obj]) -> Obj | None:
    """One reserved for the claim, else the smallest that is free and fits."""
    selector: Any = claim["spec"].get("selector")
    matcher = from_label_selector(selector) if selector is not None else None
    best: Obj | None = None
    for volume in volumes:
        if meta.deleting(volume):
            continue
        if refers_to(volume, claim):
            if size(volume) >= asked(claim) and _mode(volume["spec"]) == _mode(claim["spec"]):
                return volume
            continue
        if volume["spec"].get("claimRef") is not None or misfit(volume, claim):
            continue
        if (volume.get("status") or {}).get("phase") != "Available":
            continue
        if matcher is not None and not matcher.matches(meta.labels(volume)):
            continue
        if best is None or size(volume) < size(best):
            best = volume
    return best


def _mode(spec: dict[str, Any]) -> str:
    return str(spec.get("volumeMode") or "Filesystem")


def _modes_fit(volume: Obj, claim: Obj) -> bool:
    return set(claim["spec"].get("accessModes") or ()) <= set(volume["spec"].get("accessModes") or ())
