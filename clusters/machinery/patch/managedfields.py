"""Who owns which field: `metadata.managedFields`, kept up to date on every write.

`track` answers the list for an object about to be stored: what changed since `old` now belongs to the manager who
writes, and to nobody else; what went away belongs to nobody. It is cheap because it compares what is
not shared between the two objects only, and touches only entries that a change concerns.

Models: apimachinery, pkg/util/managedfields (fieldmanager.go and the managers in internal/).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from clusters.kernel.clock import parse_rfc3339
from clusters.machinery.complete import complete
from clusters.machinery.patch import compare, fieldset
from clusters.machinery.patch.fieldset import FieldSet
from clusters.machinery.patch.typed import TypedError
from clusters.machinery.schema import ObjectType
from clusters.machinery.types import Obj

MAX_UPDATE_MANAGERS = 10
ANCIENT = "ancient-changes"
BEFORE_FIRST_APPLY = "before-first-apply"

Entry = dict[str, Any]
Key = tuple[str, str, str, str]
"""(manager, operation, apiVersion, subresource); the apiVersion is left out for Apply."""

_IDENTITY = frozenset(["apiVersion", "kind"])
STRIPPED = frozenset(
    {
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    }
)
"""Metadata that nobody owns."""

STATUS: FieldSet = {"f:status": {}}
SPEC: FieldSet = {"f:spec": {}}


def key_of(entry: Mapping[str, Any]) -> Key:
    operation = entry.get("operation", "")
    version = "" if operation == "Apply" else entry.get("apiVersion", "")
    return entry.get("manager", ""), operation, version, entry.get("subresource", "")


def reset_fields(type_: ObjectType, subresource: str) -> FieldSet:
    """The fields that a write of this (sub)resource cannot change, since the strategy puts them back."""
    if not type_.status_apart:
        return {}
    if subresource == "status":
        return SPEC
    return STATUS if subresource == "" else {}


# -- entries ------------------------------------------------------------------------------------------------


def managers_of(entries: Iterable[Any] | None) -> dict[Key, Entry] | None:
    """Entries by key; None if one of them is malformed (then none counts)."""
    out: dict[Key, Entry] = {}
    for entry in entries or ():
        if (
            not isinstance(entry, dict)
            or entry.get("operation") not in ("Apply", "Update")
            or not entry.get("apiVersion")
            or entry.get("fieldsType") != "FieldsV1"
            or not isinstance(entry.get("fieldsV1", {}), dict)
        ):
            return None
        out[key_of(entry)] = entry
    return out


def _current(old: Obj | None, new: Obj, subresource: str) -> dict[Key, Entry] | None:
    """The managers to go on from: the request's own list (it may edit it), else the stored one; None for a
    request to forget them all."""
    stored = old["metadata"].get("managedFields") if old is not None else None
    if subresource:
        return managers_of(stored) or {}
    sent = new["metadata"].get("managedFields")
    if sent is not None and (not sent or (len(sent) == 1 and not sent[0])):
        return None
    if sent is stored:
        return managers_of(stored) or {}
    return managers_of(sent) or managers_of(stored) or {}


def sort_entries(managers: Mapping[Key, Entry]) -> list[Entry]:
    """In the server's order: appliers first, then by age and name."""
    return sorted(managers.values(), key=_order)


def _order(entry: Entry) -> tuple[Any, ...]:
    return (
        entry["operation"],
        entry.get("time") or "",
        entry.get("manager", ""),
        entry.get("apiVersion", ""),
        entry.get("subresource", ""),
    )


def keep_times(new: Obj, old: Obj) -> Obj:
    """`new`, or a copy with the entries of `old` if theirs differ in nothing but their times: a write that
    changed nothing in the end (after defaulting, say) does not count as one."""
    mine, theirs = new["metadata"].get("managedFields"), old["metadata"].get("managedFields")
    if mine is theirs or not mine or not theirs or len(mine) != len(theirs):
        return new
    if all(a is b or {**a, "time": ""} == {**b, "time": ""} for a, b in zip(mine, theirs)):
        return {**new, "metadata": {**new["metadata"], "managedFields": theirs}}
    return new


def make_entry(key: Key, api_version: str, time: str, fields: FieldSet) -> Entry:
    out: Entry = {}
    if key[0]:
        out["manager"] = key[0]
    out["operation"] = key[1]
    out["apiVersion"] = api_version
    if time:
        out["time"] = time
    out["fieldsType"] = "FieldsV1"
    out["fieldsV1"] = fields
    if key[3]:
        out["subresource"] = key[3]
    return out


def set_fields(managers: dict[Key, Entry], key: Key, fields: FieldSet) -> None:
    """Give a manager these fields; one without fields goes."""
    entry = managers[key]
    if not fields:
        del managers[key]
    elif fields is not entry.get("fieldsV1"):
        managers[key] = {**entry, "fieldsV1": fields}


# -- tracking -----------------------------------------------------------------------------------------------

_empty: dict[int, tuple[ObjectType, Obj]] = {}


def empty_object(type_: ObjectType) -> Obj:
    """What an object of the type is before anybody set anything. Never change it."""
    found = _empty.get(id(type_))
    if found is None or found[0] is not type_:
        blank = complete({}, type_)
        blank.setdefault("metadata", {})
        if len(_empty) > 512:
            _empty.clear()
        found = _empty[id(type_)] = (type_, blank)
    return found[1]


def changes(old: Obj, new: Obj, type_: ObjectType) -> tuple[FieldSet, FieldSet]:
    """(set or changed, gone): what a write does, without identity and metadata that nobody owns."""
    before, after = old.get("metadata") or {}, new.get("metadata") or {}
    taken, removed = compare.compare_members(type_, old, new, skip=_META_TOO)
    if before is not after:
        meta = type_.fields["metadata"].type
        more, less = compare.compare_members(meta, before, after, skip=STRIPPED)
        if more:
            taken = {**(taken or {}), "f:metadata": more}
        if less:
            removed = {**(removed or {}), "f:metadata": less}
    return taken or {}, removed or {}


_META_TOO = _IDENTITY | {"metadata"}


def track(
    old: Obj | None,
    new: Obj,
    *,
    manager: str,
    operation: str = "Update",
    api_version: str,
    time: str,
    subresource: str = "",
    type_: ObjectType,
    reset: FieldSet | None = None,
    speaks: Callable[[str], bool] | None = None,
    custom: bool = False,
) -> list[Entry]:
    """The `managedFields` of `new`, which `manager` wrote over `old` (None: created). `old` must be complete
    (`machinery.complete`), as stored objects are. `time` is RFC 3339; `reset` are fields that this write cannot change
    (default: status, or spec for the status subresource). `speaks` tells API versions that there are; managers who own
    fields in another are forgotten, and with them all others of a `custom` resource (its conversion fails)."""
    managers = _current(old, new, subresource)
    if managers is None:
        managers = {}
    if not managers and old is not None:
        return []  # nobody tracks this object any more
    if speaks is not None and (lost := unspoken(managers, api_version, speaks)):
        if custom:
            return []
        for key in lost:
            del managers[key]
    before = old if old is not None else empty_object(type_)
    try:
        taken, removed = changes(before, complete(new, type_, before), type_)
    except TypedError:
        return _unchanged(old, managers)  # an element without its key: the server lets it pass, untracked
    if reset is None:
        reset = reset_fields(type_, subresource)
    if reset:
        taken = fieldset.without_subtrees(taken, reset)
        removed = fieldset.without_subtrees(removed, reset)
    if not taken and not removed:
        return _unchanged(old, managers)
    disown(managers, taken, removed)
    if taken:
        key = (manager or "unknown", operation, "" if operation == "Apply" else api_version, subresource)
        mine = managers.get(key)
        fields = fieldset.union(mine["fieldsV1"], taken) if mine is not None else taken
        managers[key] = make_entry(key, api_version, time, fields)
        _cap(managers)
    return sort_entries(managers)


def unspoken(managers: Mapping[Key, Entry], api_version: str, speaks: Callable[[str], bool]) -> list[Key]:
    """Managers who own fields in an API version that there is not (any more)."""
    return [key for key, e in managers.items() if e["apiVersion"] != api_version and not speaks(e["apiVersion"])]


def _unchanged(old: Obj | None, managers: dict[Key, Entry]) -> list[Entry]:
    stored = old["metadata"].get("managedFields") if old is not None else None
    if stored is not None and len(stored) == len(managers) and all(e is managers.get(key_of(e)) for e in stored):
        return stored  # type: ignore[no-any-return]
    return sort_entries(managers)


def disown(managers: dict[Key, Entry], taken: FieldSet, removed: FieldSet) -> None:
    """Take fields from all managers: they are another's now, or gone."""
    for key, entry in list(managers.items()):
        fields = entry.get("fieldsV1") or {}
        left = fieldset.difference(fieldset.difference(fields, taken), removed)
        if left is not fields:
            set_fields(managers, key, left)


def _cap(managers: dict[Key, Entry]) -> None:
    """Merge the oldest updaters into `ancient-changes`, one per API version, until few enough are left."""
    updaters = [k for k in managers if k[1] == "Update"]
    count = len(updaters)
    if count <= MAX_UPDATE_MANAGERS:
        return
    updaters.sort(key=lambda k: (_seconds(managers[k].get("time")), k))
    first: dict[str, Key] = {}
    for key in updaters:
        if count <= MAX_UPDATE_MANAGERS:
            return
        version = managers[key]["apiVersion"]
        if version not in first:
            first[version] = key
            continue
        bucket = (ANCIENT, "Update", version, "")
        if bucket not in managers:
            managers[bucket] = managers.pop(first[version])
        entry = managers.pop(key)
        fields = fieldset.union(entry["fieldsV1"], managers[bucket]["fieldsV1"])
        managers[bucket] = make_entry(bucket, version, entry.get("time", ""), fields)
        count -= 1


def _seconds(time: str | None) -> int:
    try:
        return parse_rfc3339(time) // 1_000_000 if time else 0
    except ValueError:
        return 0
