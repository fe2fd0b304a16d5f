"""`Item`: one stored state of one object, parsed and encoded at most once.

The stored form has no `resourceVersion` (so a batch can be renumbered for free); `wire` and `wire_bytes()`
splice it in.
"""

from __future__ import annotations

from typing import Any

import orjson

from clusters.machinery.types import Obj
from clusters.storage.store import Record

_META = b'"metadata":{'
_UID = b'"uid":"'
_HEAD = ("name", "generateName", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp")
_TAIL = ("deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields")
_ORDER = _HEAD + _TAIL


def encode(obj: Obj) -> bytes:
    """The stored bytes of an object without `resourceVersion`. `kind`, `apiVersion`, `metadata` and its fields
    come in the order in which a real server writes them; the order of the rest is as built."""
    meta = obj["metadata"]
    ordered = {name: meta[name] for name in _ORDER if name in meta}
    if len(ordered) < len(meta):
        ordered |= meta
    out = {"kind": obj["kind"], "apiVersion": obj["apiVersion"], "metadata": ordered}
    for key, value in obj.items():
        if key not in out:
            out[key] = value
    return orjson.dumps(out)


def splice(raw: bytes, rev: int) -> bytes:
    """Stored bytes with `resourceVersion`, behind the uid as a real server has it."""
    start = raw.index(_META) + len(_META)
    uid = raw.find(_UID, start)
    if uid >= 0:
        # The first uid is the object's own: metadata's references come behind it.
        at = raw.index(b'"', uid + len(_UID)) + 1
        return b'%b,"resourceVersion":"%d"%b' % (raw[:at], rev, raw[at:])
    comma = b"" if raw[start : start + 1] == b"}" else b","
    return b'%b"resourceVersion":"%d"%b%b' % (raw[:start], rev, comma, raw[start:])


class Item:
    """An object at a revision. Never changed but for its revision, by the batch that first numbered it."""

    __slots__ = ("_obj", "_wire", "actor", "create_rev", "key", "raw", "rev", "version", "vtime")

    def __init__(self, record: Record, obj: Obj | None = None) -> None:
        self.key = record.key
        self.rev = record.rev
        self.create_rev = record.create_rev
        self.version = record.version
        self.actor = record.actor
        self.vtime = record.vtime
        self.raw = record.value
        self._obj = obj
        self._wire: Obj | None = None

    @property
    def obj(self) -> Obj:
        """The object without `resourceVersion`."""
        if self._obj is None:
            self._obj = orjson.loads(self.raw)
        return self._obj

    @property
    def wire(self) -> Obj:
        """The object as readers see it, with `metadata.resourceVersion`."""
        wire = self._wire
        if wire is None:
            obj = self.obj
            wire = dict(obj)
            metadata: dict[str, Any] = dict(obj["metadata"])
            if self.rev:
                metadata["resourceVersion"] = str(self.rev)
            wire["metadata"] = metadata
            self._wire = wire
        return wire

    def wire_bytes(self) -> bytes:
        """JSON of `wire`, without parsing."""
        # A dry run's object was never numbered.
        return splice(self.raw, self.rev) if self.rev else self.raw

    def renumber(self, rev: int, create_rev: int) -> None:
        """The batch that wrote this item was moved in the log."""
        self.rev = rev
        self.create_rev = create_rev
        self._wire = None

    def __repr__(self) -> str:
        return f"Item({self.key}@{self.rev})"
