"""A store that collects: what a worker's slice writes is visible to it at once, and reaches the log in batches.

Writes get provisional revisions from the head that the slice has seen. `flush` commits them to the store
below. If others wrote meanwhile, our records move behind theirs; those of ours on keys that they changed are
dropped (the components see the change and decide anew). A batch of 50 costs a tenth of 50 single writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clusters.storage.store import CasFailed, Compacted, FutureRevision, Head, HeadMoved, Op, Record, Records, Store


class Live(NamedTuple):
    """What the cache knows of a key that exists."""

    rev: int
    create_rev: int
    version: int


Numbered = list[tuple[int, Record]]


@dataclass(frozen=True, slots=True)
class Flushed:
    """A committed batch. `foreign`: what others wrote before it. `records`: ours, final, each with the
    provisional revision it had. `dropped`: keys whose writes were given up."""

    foreign: Records
    records: Numbered
    dropped: frozenset[str]


class BatchStore:
    """Not thread-safe: it belongs to one slice. `known` looks a live key up in the owner's cache."""

    def __init__(self, below: Store, known: Callable[[str], Live | None] = lambda key: None) -> None:
        self.below = below
        self.known = known
        head = below.head()
        self._base = head.rev
        self._rev = head.rev
        self._vtime = head.vtime
        self._pending: list[tuple[Op, Record]] = []
        self._written: set[str] = set()

    def __len__(self) -> int:
        return len(self._pending)

    def head(self) -> Head:
        return Head(self._rev, 0, self._vtime)

    def get(self, key: str, rev: int | None = None) -> Record | None:
        if rev is not None and rev <= self._base:
            return self.below.get(key, rev)
        record = self.latest(key)
        return record if record is not None and not record.tombstone else None

    def latest(self, key: str) -> Record | None:
        for _, record in reversed(self._pending):
            if record.key == key:
                return record
        return self.below.latest(key)

    def list(self, prefix: str, *, rev: int | None = None, after: str = "", limit: int = 0) -> tuple[Records, int]:
        if rev is not None and rev > self._base:
            raise FutureRevision(rev, self._base)
        if self._pending and rev is None:
            raise RuntimeError("the latest state is in the cache until the batch is flushed")
        return self.below.list(prefix, rev=rev, after=after, limit=limit)

    def changes(self, after: int, limit: int = 0) -> Records:
        if after < self._base:
            raise Compacted(after, self._base)
        tail = [record for _, record in self._pending if record.rev > after]
        return tail[:limit] if limit else tail

    def txn(self, ops: Sequence[Op], *, at_head: int | None = None, epoch: int | None = None) -> Records:
        if at_head is not None and at_head != self._rev:
            raise HeadMoved(f"the head is {self._rev}, not {at_head}")
        records: Records = []
        failed = [op.key for op in ops if op.expect != -1 and (self._live_rev(op.key) != op.expect)]
        if failed:
            raise CasFailed(failed)
        state: dict[str, Record] = {}
        for op in ops:
            self._rev += 1
            self._vtime = max(self._vtime, op.vtime)
            before = state.get(op.key)
            live = None if before is not None else self.known(op.key)
            if before is not None and not before.tombstone:
                create, version = before.create_rev, before.version + 1
            elif live is not None:
                create, version = live.create_rev, live.version + 1
            else:
                create, version = self._rev, 1
            previous = before.rev if before is not None else op.expect
            record = Record(op.key, self._rev, create, previous, version, op.tombstone, op.value, op.actor, self._vtime)
            state[op.key] = record
            # In the log, a key's second write in the batch follows our first one.
            first = op.key not in self._written
            self._written.add(op.key)
            self._pending.append((op if first else _chained(op), record))
            records.append(record)
        return records

    def append(self, records: Sequence[Record], *, epoch: int | None = None) -> Records:
        """Not a slice's business either: it writes by `txn`."""
        raise NotImplementedError("a batch numbers its records itself")

    def compact(self, rev: int) -> int:
        """Not a slice's business."""
        raise NotImplementedError("compaction is done on the store below")

    def _live_rev(self, key: str) -> int:
        live = self.known(key)
        return live.rev if live is not None else 0

    def follow(self, records: Sequence[Record]) -> None:
        """The owner read these from the log (nothing is pending): go on from there."""
        if records:
            self._base = self._rev = records[-1].rev
            self._vtime = max(self._vtime, records[-1].vtime)

    def flush(self, epoch: int | None = None) -> Flushed | None:
        """Commit what is pending; None if nothing is. Raises Fenced."""
        if not self._pending:
            return None
        pending, base = self._pending, self._base
        try:
            # Nobody else wrote: what we numbered provisionally is final.
            records = self.below.append([record for _, record in pending], epoch=epoch)
        except HeadMoved:
            pass
        else:
            return self._flushed([], list(zip((r.rev for r in records), records)), frozenset())
        dropped: set[str] = set()
        while True:
            ops = [op for op, _ in pending]
            try:
                records = self.below.txn(ops, epoch=epoch) if ops else []
            except CasFailed as error:
                dropped.update(error.keys)
                pending = [(op, r) for op, r in pending if op.key not in dropped]
                continue
            break
        if records:
            foreign = self.below.changes(base, records[0].rev - 1 - base) if records[0].rev > base + 1 else []
        else:
            foreign = self.below.changes(base)
        numbered = [(mine.rev, final) for (_, mine), final in zip(pending, records)]
        return self._flushed(foreign, numbered, frozenset(dropped))

    def _flushed(self, foreign: Records, numbered: Numbered, dropped: frozenset[str]) -> Flushed:
        last = numbered[-1][1] if numbered else (foreign[-1] if foreign else None)
        self._pending = []
        self._written.clear()
        if last is not None:
            self._base = self._rev = last.rev
            self._vtime = max(self._vtime, last.vtime)
        return Flushed(foreign, numbered, dropped)


def _chained(op: Op) -> Op:
    return op._replace(expect=-1)
