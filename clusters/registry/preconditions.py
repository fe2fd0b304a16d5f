"""Writes that are meant for one object and no other of its name.

Models: apiserver, pkg/storage (Preconditions.Check, StorageError) and storage/errors; registry/rest/delete.go.
"""

from __future__ import annotations

from clusters.machinery.errors import Conflict
from clusters.machinery.types import Obj
from clusters.registry.item import Item
from clusters.resources.base import Resource

_STORED_AS = {
    "replicationcontrollers": "controllers",
    "endpoints": "services/endpoints",
    "nodes": "minions",
    "services": "services/specs",
    "ingresses.networking.k8s.io": "ingress",
}
_BY_GROUP = frozenset(("apiextensions.k8s.io", "apiregistration.k8s.io"))


def storage_key(resource: Resource, namespace: str, name: str) -> str:
    """Where a real server keeps the object: it says so in one of its refusals."""
    where = _STORED_AS.get(resource.qualified, resource.name)
    if not resource.builtin or resource.group in _BY_GROUP:
        where = f"{resource.group}/{where}"
    return f"/registry/{where}/{namespace}/{name}" if resource.namespaced else f"/registry/{where}/{name}"


def check_uid(resource: Resource, namespace: str, name: str, uid: str, item: Item | None) -> None:
    """A write that names a uid is for that object alone. Raises Conflict."""
    there = str(item.obj["metadata"].get("uid", "")) if item is not None else ""
    if uid != there:
        raise wrong_uid(resource, namespace, name, uid, there)


def wrong_uid(resource: Resource, namespace: str, name: str, uid: str, there: str) -> Conflict:
    """The store's own words, which the real server passes on."""
    why = (
        f"StorageError: invalid object, Code: 4, Key: {storage_key(resource, namespace, name)}, "
        "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: "
        f"UID in precondition: {uid}, UID in object meta: {there}"
    )
    return Conflict.of(resource.group, resource.name, name, why)


_OWN_DELETE = frozenset(("namespaces", "customresourcedefinitions.apiextensions.k8s.io"))
"""Their storage looks at preconditions before the general code does, which names the kind instead of the resource."""


def check_delete(resource: Resource, obj: Obj, *, uid: str, rev: str) -> None:
    """The preconditions of a delete; empty ones hold. Raises Conflict."""
    meta = obj["metadata"]
    for what, key, wanted in (("UID", "uid", uid), ("ResourceVersion", "resourceVersion", rev)):
        there = str(meta.get(key, ""))
        if not wanted or wanted == there:
            continue
        if resource.qualified in _OWN_DELETE:
            why = f"Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {there}"
            raise Conflict.of(resource.group, resource.name, meta["name"], why)
        then = "deleted and then recreated" if what == "UID" else "modified"
        why = f"the {what} in the precondition ({wanted}) does not match the {what} in record ({there})."
        raise Conflict.of(resource.group, resource.kind, meta["name"], f"{why} The object might have been {then}")
