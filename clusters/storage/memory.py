"""A store in memory: for tests, for trying out, and the model that the SQL store is held against."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence

from clusters.storage.store import (
    CasFailed,
    Compacted,
    Fenced,
    FutureRevision,
    Head,
    HeadMoved,
    Op,
    Record,
    Records,
)


class MemoryStore:
    """The whole log as a list, and each key's records."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._log: Records = []
        self._by_key: dict[str, Records] = {}
        self._rev = 0
        self._compacted = 0
        self._vtime = 0
        self.epoch = 0

    def head(self) -> Head:
        return Head(self._rev, self._compacted, self._vtime)

    def _check(self, rev: int | None) -> int:
        if rev is None:
            return self._rev
        if rev < self._compacted:
            raise Compacted(rev, self._compacted)
        if rev > self._rev:
            raise FutureRevision(rev, self._rev)
        return rev

    def _at(self, key: str, rev: int) -> Record | None:
        records = self._by_key.get(key, [])
        i = bisect_right(records, rev, key=lambda r: r.rev)
        return records[i - 1] if i else None

    def get(self, key: str, rev: int | None = None) -> Record | None:
        with self._lock:
            record = self._at(key, self._check(rev))
        return record if record is not None and not record.tombstone else None

    def latest(self, key: str) -> Record | None:
        with self._lock:
            return self._at(key, self._rev)

    def list(self, prefix: str, *, rev: int | None = None, after: str = "", limit: int = 0) -> tuple[Records, int]:
        with self._lock:
            at = self._check(rev)
            out: Records = []
            for key in sorted(k for k in self._by_key if k.startswith(prefix) and k > after):
                record = self._at(key, at)
                if record is not None and not record.tombstone:
                    out.append(record)
                    if limit and len(out) == limit:
                        break
            return out, at

    def changes(self, after: int, limit: int = 0) -> Records:
        with self._lock:
            if after < self._compacted:
                raise Compacted(after, self._compacted)
            start = bisect_right(self._log, after, key=lambda r: r.rev)
            return self._log[start : start + limit if limit else None]

    def txn(self, ops: Sequence[Op], *, at_head: int | None = None, epoch: int | None = None) -> Records:
        with self._lock:
            if epoch is not None and epoch != self.epoch:
                raise Fenced(f"epoch {epoch} is over; the lease is at {self.epoch}")
            if at_head is not None and at_head != self._rev:
                raise HeadMoved(f"the head is {self._rev}, not {at_head}")
            records = link(ops, {op.key: self._at(op.key, self._rev) for op in ops}, self._rev, self._vtime)
            for record in records:
                self._log.append(record)
                self._by_key.setdefault(record.key, []).append(record)
            if records:
                self._rev, self._vtime = records[-1].rev, records[-1].vtime
            return records

    def append(self, records: Sequence[Record], *, epoch: int | None = None) -> Records:
        with self._lock:
            if epoch is not None and epoch != self.epoch:
                raise Fenced(f"epoch {epoch} is over; the lease is at {self.epoch}")
            if records[0].rev != self._rev + 1:
                raise HeadMoved(f"the head is {self._rev}, not {records[0].rev - 1}")
            births = {r.key for r in records if r.version == 1}
            last = {key: record.rev for key in births if (record := self._at(key, self._rev)) is not None}
            linked = relink(records, last)
            for record in linked:
                self._log.append(record)
                self._by_key.setdefault(record.key, []).append(record)
            self._rev, self._vtime = linked[-1].rev, linked[-1].vtime
            return linked

    def compact(self, rev: int) -> int:
        with self._lock:
            rev = min(rev, self._rev)
            if rev <= self._compacted:
                return 0
            before = len(self._log)
            for key, records in list(self._by_key.items()):
                i = bisect_right(records, rev, key=lambda r: r.rev)
                keep = records[i:]
                if i and not records[i - 1].tombstone:
                    keep = records[i - 1 :]
                if keep:
                    self._by_key[key] = keep
                else:
                    del self._by_key[key]
            self._log = sorted((r for rs in self._by_key.values() for r in rs), key=lambda r: r.rev)
            self._compacted = rev
            return before - len(self._log)


def relink(records: Sequence[Record], last: dict[str, int]) -> Records:
    """Link what was numbered already: a creation to its key's last record (`last`, a tombstone's revision), if
    there ever was one, or to the record that stands before it here."""
    written: dict[str, int] = {}
    linked: Records = []
    for record in records:
        before = written.get(record.key)
        if before is None:
            before = last.get(record.key, 0) if record.version == 1 else record.prev_rev
        if before != record.prev_rev:
            record = record._replace(prev_rev=before)
        written[record.key] = record.rev
        linked.append(record)
    return linked


def link(ops: Sequence[Op], latest: dict[str, Record | None], head: int, vtime: int) -> Records:
    """Number `ops` from `head + 1`, each linked to its key's record before it. `latest` has the last record of
    every key (tombstones too); virtual times are kept monotonic from `vtime`. Raises CasFailed."""
    state = dict(latest)
    records: Records = []
    failed: list[str] = []
    written: set[str] = set()
    for op in ops:
        last = state.get(op.key)
        live = last.rev if last is not None and not last.tombstone else 0
        if op.expect != live and not (op.expect == -1 and op.key in written):
            failed.append(op.key)
            continue
        head += 1
        vtime = max(vtime, op.vtime)
        record = Record(
            key=op.key,
            rev=head,
            create_rev=last.create_rev if last is not None and live else head,
            prev_rev=last.rev if last is not None else 0,
            version=last.version + 1 if last is not None and live else 1,
            tombstone=op.tombstone,
            value=op.value,
            actor=op.actor,
            vtime=vtime,
        )
        state[op.key] = record
        written.add(op.key)
        records.append(record)
    if failed:
        raise CasFailed(failed)
    return records
