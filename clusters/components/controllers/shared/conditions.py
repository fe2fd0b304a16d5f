"""Status conditions as lists of mappings; every function returns a new list.

Kinds differ in which times their conditions carry, so the caller says how a new condition looks and these
functions only find, replace and drop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Condition = dict[str, Any]


def find(conditions: Iterable[Condition] | None, kind: str) -> Condition | None:
    return next((c for c in conditions or () if c["type"] == kind), None)


def drop(conditions: Iterable[Condition] | None, kind: str) -> list[Condition]:
    return [c for c in conditions or () if c["type"] != kind]


def is_true(conditions: Iterable[Condition] | None, kind: str) -> bool:
    found = find(conditions, kind)
    return found is not None and found["status"] == "True"


def put(conditions: Sequence[Condition] | None, new: Condition) -> list[Condition]:
    """Replace the condition of the same type where it stands, or append; `lastTransitionTime` stays if the
    status does."""
    old = find(conditions, new["type"])
    if old is None:
        return [*(conditions or ()), new]
    if old["status"] == new["status"] and "lastTransitionTime" in old:
        new = {**new, "lastTransitionTime": old["lastTransitionTime"]}
    return [new if c is old else c for c in conditions or ()]


def move_to_end(conditions: Sequence[Condition] | None, new: Condition) -> list[Condition]:
    """The older controllers' way (Deployment, ReplicaSet): a condition that says the same stays untouched; a
    changed one goes to the end, its `lastTransitionTime` kept if the status did not change."""
    old = find(conditions, new["type"])
    if old is not None and old["status"] == new["status"]:
        if old.get("reason") == new.get("reason"):
            return list(conditions or ())
        new = {**new, "lastTransitionTime": old["lastTransitionTime"]}
    return [*drop(conditions, new["type"]), new]
