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


def encode(obj: Obj) -> bytes:
    """The stored bytes of an object without `resourceVersion`. `apiVersion`, `kind`, `metadata` come first, so
    that `wire_bytes` finds its place at once; the order of the rest is as built."""
    keys = iter(obj)
    if not (next(keys, "") == "apiVersion" and next(keys, "") == "kind" and next(keys, "") == "metadata"):
        head = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": obj["metadata"]}
        obj = head | obj
    return orjson.dumps(obj)


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
        raw = self.raw
        if not self.rev:  # a dry run's object was never numbered
            return raw
        at = raw.index(_META) + len(_META)
        comma = b"" if raw[at : at + 1] == b"}" else b","
        return b'%b"resourceVersion":"%d"%b%b' % (raw[:at], self.rev, comma, raw[at:])

    def renumber(self, rev: int, create_rev: int) -> None:
        """The batch that wrote this item was moved in the log."""
        self.rev = rev
        self.create_rev = create_rev
        self._wire = None

    def __repr__(self) -> str:
        return f"Item({self.key}@{self.rev})"
