"""What the rest of the system may know of the store.

One append-only log a cluster. Every write is one `Record` with the next revision; the latest record of a key
is its state, a tombstone is its absence. The compare-and-swap is per key (`Op.expect`), the order is total,
and there are no gaps. Models: etcd mvcc, k3s-io/kine `pkg/logstructured`.

Keys are `GROUP/RESOURCE/NAMESPACE/NAME` (`core/pods/default/web`), cluster-scoped ones
`GROUP/RESOURCE/NAME` (`core/nodes/node-1`); group "" is written `core`. They sort bytewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Record(NamedTuple):
    """One revision of one key. `value` is the object's JSON without `resourceVersion`; a tombstone keeps the
    last value (watchers of a DELETE get it). `version` counts the key's writes since its creation, from 1;
    `prev_rev` is the key's record before this one (0: none, ever). `vtime` is virtual microseconds."""

    key: str
    rev: int
    create_rev: int
    prev_rev: int
    version: int
    tombstone: bool
    value: bytes
    actor: str
    vtime: int


class Op(NamedTuple):
    """A write. `expect` is the revision the key must be at: 0 it must not exist, N exactly N.
    `tombstone` deletes (and `value` is the last state, as watchers shall see it)."""

    key: str
    value: bytes
    expect: int
    actor: str
    vtime: int
    tombstone: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log stands: its last revision, the oldest revision that can still be read, the last vtime."""

    rev: int
    compacted: int
    vtime: int


Records = list[Record]
"""(A name for the type: the stores have a method called `list`.)"""


class StoreError(Exception):
    """Base of what a store refuses."""


class ClusterDeleted(StoreError):
    """The log is gone, with its cluster."""


class CasFailed(StoreError):
    """Some keys were not at the revision that was expected; nothing was written."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(f"changed meanwhile: {', '.join(keys)}")
        self.keys = tuple(keys)


class HeadMoved(StoreError):
    """`at_head` was given and the log has moved on; nothing was written."""


class Fenced(StoreError):
    """The writer's lease epoch is no longer the current one; nothing was written."""


class Compacted(StoreError):
    """The revision asked for is older than what the log keeps."""

    def __init__(self, rev: int, compacted: int) -> None:
        super().__init__(f"revision {rev} is compacted; the oldest is {compacted}")
        self.rev = rev
        self.compacted = compacted


class FutureRevision(StoreError):
    """The revision asked for has not been written yet."""

    def __init__(self, rev: int, head: int) -> None:
        super().__init__(f"revision {rev} is later than the head, {head}")
        self.rev = rev
        self.head = head


class Store(Protocol):
    """One cluster's log. Every method is atomic. Implementations: `memory.MemoryStore`, `sql.SqlStore`."""

    def head(self) -> Head: ...

    def get(self, key: str, rev: int | None = None) -> Record | None:
        """The key's live record at `rev` (default: now); None if absent. Raises Compacted, FutureRevision."""

    def latest(self, key: str) -> Record | None:
        """The key's last record, tombstone or not."""

    def list(self, prefix: str, *, rev: int | None = None, after: str = "", limit: int = 0) -> tuple[Records, int]:
        """Live records whose key starts with `prefix` and is greater than `after`, in key order, at `rev`
        (default: now), at most `limit` (0: all); and the revision read at. Raises Compacted, FutureRevision."""

    def changes(self, after: int, limit: int = 0) -> Records:
        """All records with `rev > after`, in order. Raises Compacted if `after` is below what is kept."""

    def txn(self, ops: Sequence[Op], *, at_head: int | None = None, epoch: int | None = None) -> Records:
        """Write all of `ops` (each its own revision, in order; a key may occur more than once: a later `expect`
        of -1 means "the record this same txn wrote before") or none.
        Raises CasFailed, HeadMoved (if `at_head` is not the head), Fenced (if `epoch` is not the lease's)."""

    def append(self, records: Sequence[Record], *, epoch: int | None = None) -> Records:
        """Write records that a caller who had seen everything up to the revision before them has numbered and linked
        already; only `prev_rev` of creations is filled in here. What is written.
        Raises HeadMoved (the log has grown meanwhile: use `txn`), Fenced."""

    def compact(self, rev: int) -> int:
        """Drop records below `rev` that are not the latest of a live key; the number dropped."""
