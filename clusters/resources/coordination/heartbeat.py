"""Heartbeats in closed form: nothing is written while nothing changes.

A Lease (or Node) whose holder lives carries the annotation `playground.dev/renewed: live` in the store; readers
never see it, and find the time of the last heartbeat computed: a multiple of the period after its creation. When
the holder stops, its component writes the true last time and drops the annotation; nobody else can.
"""

from __future__ import annotations

from functools import lru_cache

from clusters.kernel.clock import MINUTE, SECOND, parse_rfc3339
from clusters.machinery.types import Obj, UserInfo

MARK = "playground.dev/renewed"
LIVE = "live"
_FIELD = f"f:{MARK}"
LEASE_PERIOD = 10 * SECOND
NODE_PERIOD = 5 * MINUTE

_COMPONENTS = ("system:node:", "system:kube-", "system:serviceaccount:kube-system:")


@lru_cache(maxsize=8192)
def _parsed(timestamp: str) -> int:
    return parse_rfc3339(timestamp)


def is_live(obj: Obj) -> bool:
    """The stored object says that its holder lives."""
    annotations = obj["metadata"].get("annotations")
    return annotations is not None and annotations.get(MARK) == LIVE


def last_beat(obj: Obj, now: int, period: int = LEASE_PERIOD) -> int:
    """When a live object was last renewed: the latest multiple of `period` after its creation."""
    created = _parsed(obj["metadata"]["creationTimestamp"])
    return now if now < created else created + (now - created) // period * period


def without_mark(obj: Obj) -> Obj:
    """A copy that does not show the mark, nor who set it."""
    meta = dict(obj["metadata"])
    _show(meta, "annotations", {key: value for key, value in meta["annotations"].items() if key != MARK})
    if meta.get("managedFields"):
        meta["managedFields"] = [_unowned(entry) for entry in meta["managedFields"]]
    return {**obj, "metadata": meta}


def _unowned(entry: Obj) -> Obj:
    fields: Obj = entry.get("fieldsV1") or {}
    owned = (fields.get("f:metadata") or {}).get("f:annotations")
    if not owned or _FIELD not in owned:
        return entry
    left = {key: value for key, value in owned.items() if key != _FIELD}
    meta = dict(fields["f:metadata"])
    _show(meta, "f:annotations", left if left != {".": {}} else {})
    shown = dict(fields)
    _show(shown, "f:metadata", meta)
    return {**entry, "fieldsV1": shown}


def _show(within: Obj, name: str, value: Obj) -> None:
    if value:
        within[name] = value
    else:
        del within[name]


def keep_mark(new: Obj, old: Obj, user: UserInfo) -> None:
    """A client that writes back what it read has not seen the mark: it stays, unless a component takes it."""
    if is_live(old) and not is_live(new) and not user.name.startswith(_COMPONENTS):
        annotations = new["metadata"].get("annotations") or {}
        new["metadata"]["annotations"] = {**annotations, MARK: LIVE}
