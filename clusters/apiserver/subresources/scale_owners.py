"""Who owns the replicas: managed fields of an object as those of its Scale, and back again.

The Scale's only field that anybody can own is `spec.replicas`. Whoever loses it there loses the object's.
Models: apimachinery, pkg/util/managedfields/scalehandler.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.machinery.patch import fieldset, managedfields
from clusters.machinery.patch.fieldset import FieldSet
from clusters.machinery.patch.managedfields import Entry

SCALE_VERSION = "autoscaling/v1"
_IN_SCALE = ("spec", "replicas")


def owners_of_scale(entries: Sequence[Entry] | None, path: Sequence[str]) -> list[Entry]:
    """The entries of the Scale: those of the object that own the replicas, which are at `path`."""
    return [
        {**entry, "apiVersion": SCALE_VERSION, "fieldsV1": _fields(_IN_SCALE)}
        for entry in entries or ()
        if _owns(entry, path)
    ]


def owners_of_parent(
    entries: Sequence[Entry] | None, of_scale: Sequence[Entry] | None, path: Sequence[str], api_version: str
) -> list[Entry]:
    """The entries of the object after its Scale was written, whose own are `of_scale`."""
    owners = {_who(entry): entry for entry in of_scale or () if _owns(entry, _IN_SCALE)}
    replicas = _fields(path)
    out: dict[managedfields.Key, Entry] = {}
    for entry in entries or ():
        fields = entry.get("fieldsV1") or {}
        if _owns(entry, path) and owners.pop(_who(entry), None) is None:
            fields = fieldset.difference(fields, replicas)
        if fields:
            out[managedfields.key_of(entry)] = {**entry, "fieldsV1": fields}
    for entry in owners.values():
        key = managedfields.key_of({**entry, "apiVersion": api_version})
        out[key] = managedfields.make_entry(key, api_version, entry.get("time", ""), replicas)
    return managedfields.sort_entries(out)


def _who(entry: Entry) -> tuple[Any, ...]:
    return entry.get("manager"), entry.get("operation"), entry.get("subresource")


def _fields(path: Sequence[str]) -> FieldSet:
    out: FieldSet = {}
    for name in reversed(path):
        out = {f"f:{name}": out}
    return out


def _owns(entry: Entry, path: Sequence[str]) -> bool:
    below: Any = entry.get("fieldsV1") or {}
    for name in path:
        below = below.get(f"f:{name}") if isinstance(below, dict) else None
    return isinstance(below, dict) and fieldset.is_member(below)
