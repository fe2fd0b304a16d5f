"""System metadata: what the server sets, keeps and takes away on every write.

Models: apiserver, registry/rest (BeforeCreate, BeforeUpdate) and apimachinery's objectmeta defaults. What a
client got wrong is found by `resources.common.meta`; here is only what the server does by itself.
"""

from __future__ import annotations

from typing import Any

import orjson

from clusters.kernel.clock import rfc3339
from clusters.kernel.rng import Rng
from clusters.machinery.errors import BadRequest
from clusters.machinery.field import ErrorList
from clusters.machinery.types import Obj
from clusters.resources.base import Resource
from clusters.resources.common import meta as rules

MAX_GENERATED_BASE = 58
"""63, less the five random characters (names.maxGeneratedNameLength)."""


def private_copy(obj: Obj) -> Obj:
    """A deep copy of a JSON object that may be changed in place (two to four times as fast as deepcopy)."""
    copy: Obj = orjson.loads(orjson.dumps(obj))
    return copy


def place(resource: Resource, namespace: str, meta: dict[str, Any]) -> None:
    """Put the object where the request says it is. Raises BadRequest if it says otherwise itself."""
    if not resource.namespaced:
        meta.pop("namespace", None)
        return
    sent = meta.get("namespace")
    if sent and sent != namespace:
        raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    meta["namespace"] = namespace


def generated_name(base: str, suffix: str) -> str:
    return base[:MAX_GENERATED_BASE] + suffix


def fill_created(resource: Resource, namespace: str, obj: Obj, now: int, rng: Rng, rev: int) -> None:
    """Identity, time and generation of a new object. The uid is a function of seed, place and revision, so that
    a replay gives the same."""
    meta = obj["metadata"]
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"):
        meta.pop(name, None)
    meta["uid"] = rng.uuid(resource.prefix, namespace, meta.get("name", ""), rev)
    meta["creationTimestamp"] = rfc3339(now)
    if resource.strategy.has_generation:
        meta["generation"] = 1
    obj.setdefault("apiVersion", resource.api_version())
    obj.setdefault("kind", resource.kind)


def fill_updated(new: Obj, old: Obj) -> None:
    """What an update may leave out, or never changes, is as it was. In place on `new`; what remains different
    (`uid`, `name`) is for validation to refuse."""
    meta, before = new["metadata"], old["metadata"]
    for name in ("creationTimestamp", "deletionTimestamp", "generation"):
        if name in before:
            meta[name] = before[name]
        elif name != "deletionTimestamp":
            meta.pop(name, None)
    for name in ("uid", "deletionGracePeriodSeconds"):
        if name in before and not meta.get(name):
            meta[name] = before[name]
    meta.pop("selfLink", None)


def validate_created(resource: Resource, obj: Obj) -> ErrorList:
    return rules.object_meta_errors(
        obj["metadata"],
        namespaced=resource.namespaced,
        validate_name=resource.strategy.validate_name,
        builtin=resource.builtin,
    )


def validate_updated(resource: Resource, new: Obj, old: Obj) -> ErrorList:
    return rules.object_meta_update_errors(
        new["metadata"],
        old["metadata"],
        namespaced=resource.namespaced,
        builtin=resource.builtin,
        again=resource.strategy.validates_whole_update,
    )


def ends_now(new: Obj, old: Obj, *, held: bool) -> bool:
    """An update of a deleted object that takes its last finalizer away ends it, unless it still has grace."""
    meta = new["metadata"]
    return (
        "deletionTimestamp" in old["metadata"]
        and not meta.get("finalizers")
        and not old["metadata"].get("deletionGracePeriodSeconds")
        and not held
    )


def same(new: Obj, old: Obj) -> bool:
    """Nothing changed, so nothing is stored and the revision stays. Key order does not matter."""
    if len(new) != len(old):
        return False
    for key, value in new.items():
        before = old.get(key)
        if value is not before and value != before:
            return False
    return True
