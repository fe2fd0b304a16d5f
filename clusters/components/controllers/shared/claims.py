"""Adoption and release: which objects are a controller's, by controller reference and selector.

Models: kube-controller-manager, pkg/controller/controller_ref_manager.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clusters.client.api import ApiClient
from clusters.machinery import meta
from clusters.machinery.errors import Invalid, NotFound
from clusters.machinery.selectors import LabelSelector
from clusters.machinery.types import Obj


def claim(
    client: ApiClient,
    resource: str,
    owner: Obj,
    selector: LabelSelector,
    candidates: Iterable[Obj],
    *,
    may_adopt: Callable[[Obj], bool] = lambda obj: True,
) -> list[Obj]:
    """The candidates that belong to `owner`: its own that match; orphans that match are adopted, its own that do
    not match any more are released (the claimed object is then the stored one)."""
    uid = owner["metadata"]["uid"]
    deleting = meta.deleting(owner)
    claimed: list[Obj] = []
    for obj in candidates:
        owned = controller_uid(obj)
        if owned:
            if owned != uid:
                continue
            if selector.matches(obj["metadata"].get("labels")):
                claimed.append(obj)
            elif not deleting:
                release(client, resource, owner, obj)
            continue
        if deleting or meta.deleting(obj) or not selector.matches(obj["metadata"].get("labels")):
            continue
        if not may_adopt(obj):
            continue
        adopted = adopt(client, resource, owner, obj)
        if adopted is not None:
            claimed.append(adopted)
    return claimed


def controller_uid(obj: Obj) -> str:
    """The uid of the object's controller; ""."""
    for ref in obj["metadata"].get("ownerReferences") or ():
        if ref.get("controller"):
            return str(ref["uid"])
    return ""


def adopt(client: ApiClient, resource: str, owner: Obj, obj: Obj) -> Obj | None:
    """Give the object a controller reference to `owner`; None if it is gone."""
    own = obj["metadata"]
    references = [*(own.get("ownerReferences") or ()), meta.owner_reference(owner)]
    patch = {"metadata": {"ownerReferences": references}}
    try:
        return client.patch(resource, own.get("namespace", ""), own["name"], patch, uid=own["uid"])
    except NotFound:
        return None


def release(client: ApiClient, resource: str, owner: Obj, obj: Obj) -> None:
    """Take the reference to `owner` away."""
    own = obj["metadata"]
    uid = owner["metadata"]["uid"]
    left = [r for r in own.get("ownerReferences") or () if r["uid"] != uid]
    patch = {"metadata": {"ownerReferences": left or None}}
    try:
        client.patch(resource, own.get("namespace", ""), own["name"], patch, uid=own["uid"])
    except (NotFound, Invalid):
        # Gone, or recreated under the same name: nothing to release.
        return
