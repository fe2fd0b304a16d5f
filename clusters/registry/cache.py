"""The watch cache: a cluster's latest state in memory, one step behind nothing.

Reads refresh it first (one look at the log's head; the tail is read only if it moved), so they are as fresh
as the store, whichever process wrote. Watchers and informers subscribe to the changes it applies. One cache
per cluster and process. Models: apiserver, storage/cacher.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from clusters.machinery.types import Obj
from clusters.registry.item import Item, encode
from clusters.storage.store import Compacted, Head, Op, Record, Store


class Change(NamedTuple):
    """One applied revision. `old` is None for a creation; `new` is None for a deletion, and then `last` is the
    object's final state, numbered with the deletion's revision."""

    rev: int
    prefix: str
    key: str
    old: Item | None
    new: Item | None
    last: Item | None = None


Subscriber = Callable[[Sequence[Change]], None]


class Bucket:
    """All items of one resource."""

    __slots__ = ("items", "keys")

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.keys: list[str] = []

    def put(self, item: Item) -> Item | None:
        old = self.items.get(item.key)
        self.items[item.key] = item
        if old is None:
            if not self.keys or item.key > self.keys[-1]:
                self.keys.append(item.key)
            else:
                insort(self.keys, item.key)
        return old

    def drop(self, key: str) -> Item | None:
        old = self.items.pop(key, None)
        if old is not None:
            del self.keys[bisect_left(self.keys, key)]
        return old

    def range(self, prefix: str, after: str = "") -> Iterator[Item]:
        """Items whose key starts with `prefix` and is greater than `after`, in key order. The keys are those of
        the moment of the call: another thread may write meanwhile."""
        items = self.items
        for key in self._keys(prefix, after):
            item = items.get(key)
            if item is not None:
                yield item

    def _keys(self, prefix: str, after: str) -> list[str]:
        keys = self.keys
        low = bisect_left(keys, max(prefix, after))
        high = bisect_left(keys, prefix + "\U0010ffff", lo=low)
        found = keys[low:high]
        return found[1:] if found and found[0] == after else found


def prefix_of(key: str) -> str:
    """`core/pods/` of `core/pods/default/web`."""
    return key[: key.index("/", key.index("/") + 1) + 1]


class Write(NamedTuple):
    """A write that the registry wants: `obj` without `resourceVersion`; `old` is the item it replaces."""

    key: str
    obj: Obj
    old: Item | None
    actor: str
    vtime: int
    delete: bool = False
    chained: bool = False
    """Follows another write of the same key in the same transaction."""


def _expected(write: Write) -> int:
    """See `Op.expect`."""
    if write.chained:
        return -1
    return write.old.rev if write.old is not None else 0


class WatchCache:
    """Latest items by key, a bounded ring of recent changes, and subscribers."""

    def __init__(self, store: Store, *, ring: int = 10_000) -> None:
        self.store = store
        self.lock = threading.RLock()
        self.rev = 0
        self.vtime = 0
        self._buckets: dict[str, Bucket] = {}
        self._ring: deque[Change] = deque(maxlen=ring)
        self._ring_floor = 0
        self._subscribers: list[Subscriber] = []
        self._load()

    def _load(self) -> None:
        records, rev = self.store.list("")
        self._buckets.clear()
        for record in records:
            self.bucket(prefix_of(record.key)).put(Item(record))
        self.rev = self._ring_floor = rev
        self.vtime = self.store.head().vtime
        self._ring.clear()

    # reading

    def bucket(self, prefix: str) -> Bucket:
        bucket = self._buckets.get(prefix)
        if bucket is None:
            bucket = self._buckets.setdefault(prefix, Bucket())
        return bucket

    def prefixes(self) -> list[str]:
        """The resources that have objects, or had."""
        return sorted(self._buckets)

    def get(self, key: str) -> Item | None:
        return self.bucket(prefix_of(key)).items.get(key)

    def refresh(self) -> int:
        """Catch up with the store's head; the revision reached."""
        head = self.store.head()
        if head.rev > self.rev:
            self._catch_up(head)
        return self.rev

    def _catch_up(self, head: Head) -> None:
        with self.lock:
            if head.rev <= self.rev:
                return
            try:
                records = self.store.changes(self.rev)
            except Compacted:
                self._reload()
                return
            self._apply([(record, None) for record in records])

    def _reload(self) -> None:
        """We slept through a compaction: load anew, and tell subscribers what became different."""
        before = {k: i for b in self._buckets.values() for k, i in b.items.items()}
        self._load()
        changes: list[Change] = []
        for prefix, bucket in self._buckets.items():
            for key, item in bucket.items.items():
                old = before.pop(key, None)
                if old is None or old.rev != item.rev:
                    changes.append(Change(item.rev, prefix, key, old, item))
        changes += [Change(self.rev, prefix_of(k), k, i, None, i) for k, i in before.items()]
        changes.sort(key=lambda c: c.rev)
        self._tell(changes)

    # writing

    def commit(self, writes: Sequence[Write], *, at_head: int | None = None, epoch: int | None = None) -> list[Item]:
        """Store all of `writes` or none, and apply them. Raises what `Store.txn` raises."""
        ops = [Op(w.key, encode(w.obj), _expected(w), w.actor, w.vtime, w.delete) for w in writes]
        records = self.store.txn(ops, at_head=at_head, epoch=epoch)
        items = [Item(r, w.obj) for r, w in zip(records, writes)]
        with self.lock:
            if self.rev < records[0].rev - 1:
                # Somebody else's revisions come first; the refresh brings ours as well.
                self._catch_up(self.store.head())
            elif self.rev < records[0].rev:
                self._apply(list(zip(records, items)))
        return items

    def apply(self, records: Sequence[Record]) -> None:
        """Apply records that follow `rev` directly (they were read from the log by the caller)."""
        with self.lock:
            self._apply([(record, None) for record in records])

    def rebase(
        self, foreign: Sequence[Record], numbered: Sequence[tuple[int, Record]], dropped: frozenset[str]
    ) -> None:
        """Our provisional writes were committed behind `foreign` ones: give our items their final revisions and
        apply what others wrote. Keys in `dropped` take the others' state."""
        with self.lock:
            for provisional, record in numbered:
                item = self.get(record.key)
                if item is not None and item.rev == provisional and item.rev != record.rev:
                    item.renumber(record.rev, record.create_rev)
            changes: list[Change] = []
            for record in foreign:
                prefix = prefix_of(record.key)
                bucket, item = self.bucket(prefix), Item(record)
                if record.tombstone:
                    changes.append(Change(record.rev, prefix, record.key, bucket.drop(record.key), None, item))
                else:
                    changes.append(Change(record.rev, prefix, record.key, bucket.put(item), item))
            last = numbered[-1][1] if numbered else (foreign[-1] if foreign else None)
            if last is not None:
                self.rev = last.rev
                self.vtime = max(self.vtime, last.vtime)
            self._ring.clear()
            self._ring_floor = self.rev
            self._tell(changes)

    def _apply(self, pairs: Sequence[tuple[Record, Item | None]]) -> None:
        changes: list[Change] = []
        for record, known in pairs:
            prefix = prefix_of(record.key)
            bucket = self.bucket(prefix)
            item = known or Item(record)
            if record.tombstone:
                old = bucket.drop(record.key)
                change = Change(record.rev, prefix, record.key, old, None, item)
            else:
                change = Change(record.rev, prefix, record.key, bucket.put(item), item)
            changes.append(change)
            self.rev = record.rev
            if record.vtime > self.vtime:
                self.vtime = record.vtime
        self._tell(changes)

    def _tell(self, changes: list[Change]) -> None:
        ring = self._ring
        for change in changes:
            if len(ring) == ring.maxlen and ring:
                self._ring_floor = ring[0].rev
            ring.append(change)
        for subscriber in tuple(self._subscribers):
            subscriber(changes)

    # watching

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with every batch of changes from now on, in order, under the cache's lock (it must
        only look and enqueue). Returns a function that unsubscribes."""
        with self.lock:
            self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            with self.lock:
                if subscriber in self._subscribers:
                    self._subscribers.remove(subscriber)

        return unsubscribe

    def close(self) -> None:
        """Let go of everything; the cache must not be used any more."""
        with self.lock:
            self._subscribers.clear()
            for bucket in self._buckets.values():
                bucket.items.clear()
                bucket.keys.clear()
            self._buckets.clear()
            self._ring.clear()

    @property
    def subscribers(self) -> int:
        return len(self._subscribers)

    def changes_since(self, rev: int, prefix: str = "") -> list[Change]:
        """All changes after `rev`, from the ring or, if it no longer has them, from the log. Call under `lock`
        together with `subscribe` for a watch without a gap. Raises Compacted."""
        if rev >= self.rev:
            return []
        if rev >= self._ring_floor:
            return [c for c in self._ring if c.rev > rev and c.prefix.startswith(prefix)]
        changes: list[Change] = []
        previous: dict[str, Item] = {}
        for record in self.store.changes(rev):
            if record.rev > self.rev:
                break
            if not record.key.startswith(prefix):
                continue
            old = previous.get(record.key)
            if old is None and record.version > 1:
                before = self.store.get(record.key, record.prev_rev)
                old = Item(before) if before is not None else None
            item = Item(record)
            kind = prefix_of(record.key)
            if record.tombstone:
                previous.pop(record.key, None)
                changes.append(Change(record.rev, kind, record.key, old, None, item))
            else:
                previous[record.key] = item
                changes.append(Change(record.rev, kind, record.key, old, item))
        return changes
