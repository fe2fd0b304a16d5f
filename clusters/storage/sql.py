"""The store in a database, through Django: SQLite and PostgreSQL.

The counter is `Cluster.head`, taken under the cluster's row lock (SQLite: the database's write lock), so
commit order is revision order. The compare-and-swap looks up each key's last record inside that lock; the
unique constraint on (cluster, key, prev_rev) stands behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, QuerySet

from clusters.kernel.clock import ClockSpec, parse_speed
from clusters.models import Cluster, Revision
from clusters.storage.memory import link, relink
from clusters.storage.seal import Seal
from clusters.storage.store import (
    ClusterDeleted,
    Compacted,
    Fenced,
    FutureRevision,
    Head,
    HeadMoved,
    Op,
    Record,
    Records,
)

_COLUMNS = ("key", "rev", "create_rev", "prev_rev", "version", "tombstone", "value", "actor", "vtime")
_LOOKUP_BATCH = 400


def _one(sql: str, *parameters: int | str) -> tuple[Any, ...] | None:
    """The first row. Past the ORM: these few statements are in every request, and building them costs the ORM
    three times what the database takes to answer."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


class SqlStore:
    """One cluster's log in the database. Thread-safe: connections are the thread's own."""

    def __init__(self, cluster_id: int, seal: Seal) -> None:
        self.cluster_id = cluster_id
        self.clock_spec: ClockSpec | None = None
        """The clock as of the last look at the head: every reader gets a fresh one for free."""
        self._seal = seal

    def head(self) -> Head:
        row = _one(
            "SELECT head, compacted, vtime, clock_base, clock_wall_base, clock_speed"
            " FROM clusters_cluster WHERE id = %s",
            self.cluster_id,
        )
        if row is None:
            raise ClusterDeleted(f"cluster {self.cluster_id} was deleted")
        self.clock_spec = ClockSpec(row[3], row[4], parse_speed(row[5]))
        return Head(row[0], row[1], row[2])

    def _rows(self) -> QuerySet[Revision]:
        return Revision.objects.filter(cluster_id=self.cluster_id)

    def _records(self, rows: Iterable[tuple[object, ...]]) -> Records:
        unseal = self._seal.open
        return [
            Record(key, rev, create, prev, version, bool(dead), unseal(key, bytes(value)), actor, vtime)  # type: ignore[arg-type, call-overload]
            for key, rev, create, prev, version, dead, value, actor, vtime in rows
        ]

    def _readable(self, rev: int | None) -> int:
        head = self.head()
        if rev is None:
            return head.rev
        if rev < head.compacted:
            raise Compacted(rev, head.compacted)
        if rev > head.rev:
            raise FutureRevision(rev, head.rev)
        return rev

    def get(self, key: str, rev: int | None = None) -> Record | None:
        rows = self._rows().filter(key=key)
        if rev is not None:
            rows = rows.filter(rev__lte=self._readable(rev))
        found = self._records(rows.order_by("-rev").values_list(*_COLUMNS)[:1])
        return found[0] if found and not found[0].tombstone else None

    def latest(self, key: str) -> Record | None:
        found = self._records(self._rows().filter(key=key).order_by("-rev").values_list(*_COLUMNS)[:1])
        return found[0] if found else None

    def list(self, prefix: str, *, rev: int | None = None, after: str = "", limit: int = 0) -> tuple[Records, int]:
        # No transaction: the log only grows, so everything up to `at` is one consistent state.
        at = self._readable(rev)
        rows = self._rows().filter(rev__lte=at)
        if prefix:
            rows = rows.filter(key__gte=prefix, key__lt=prefix + "\U0010ffff")
        if after:
            rows = rows.filter(key__gt=after)
        latest = rows.order_by().values("key").annotate(last=Max("rev")).values("last")
        live = self._rows().filter(rev__in=latest, tombstone=False).order_by("key").values_list(*_COLUMNS)
        records = self._records(live[:limit] if limit else live)
        if rev is not None:
            self._readable(rev)
        return records, at

    def changes(self, after: int, limit: int = 0) -> Records:
        rows = self._rows().filter(rev__gt=after).order_by("rev").values_list(*_COLUMNS)
        records = self._records(rows[:limit] if limit else rows)
        # Compaction leaves holes below its revision: a tail that starts with one cannot be told apart from a
        # whole one by its rows, so the floor is read behind them.
        floor = self.head().compacted
        if after < floor:
            raise Compacted(after, floor)
        return records

    def txn(self, ops: Sequence[Op], *, at_head: int | None = None, epoch: int | None = None) -> Records:
        with transaction.atomic():
            head, vtime, _ = self._lock()
            if epoch is not None:
                self._check_epoch(epoch)
            if at_head is not None and head != at_head:
                raise HeadMoved(f"the head is {head}, not {at_head}")
            records = link(ops, self._last({op.key for op in ops}), head, vtime)
            if records:
                self._insert(records)
                self._move_head(records[-1])
        return records

    def append(self, records: Sequence[Record], *, epoch: int | None = None) -> Records:
        with transaction.atomic():
            head, _, _ = self._lock()
            if epoch is not None:
                self._check_epoch(epoch)
            if head != records[0].rev - 1:
                raise HeadMoved(f"the head is {head}, not {records[0].rev - 1}")
            linked = relink(records, self._last_revs(sorted({r.key for r in records if r.version == 1})))
            self._insert(linked)
            self._move_head(linked[-1])
        return linked

    def _last_revs(self, keys: Sequence[str]) -> dict[str, int]:
        """The revision of each key's last record, for those that ever had one."""
        out: dict[str, int] = {}
        for i in range(0, len(keys), _LOOKUP_BATCH):
            some = keys[i : i + _LOOKUP_BATCH]
            found = self._rows().filter(key__in=some).order_by().values("key").annotate(last=Max("rev"))
            out.update(found.values_list("key", "last"))
        return out

    def _check_epoch(self, epoch: int) -> None:
        current = _one("SELECT epoch FROM clusters_lease WHERE cluster_id = %s", self.cluster_id)
        if current is None or current[0] != epoch:
            raise Fenced(f"epoch {epoch} is over; the lease is at {current[0] if current else 'none'}")

    def _move_head(self, last: Record) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE clusters_cluster SET head = %s, vtime = %s WHERE id = %s",
                (last.rev, last.vtime, self.cluster_id),
            )

    def _lock(self) -> tuple[int, int, int]:
        """(head, vtime, compacted), with the cluster's row locked until the transaction ends (on SQLite the
        transaction itself holds the database's write lock)."""
        lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
        row = _one(f"SELECT head, vtime, compacted FROM clusters_cluster WHERE id = %s{lock}", self.cluster_id)
        if row is None:
            raise ClusterDeleted(f"cluster {self.cluster_id} was deleted")
        return row[0], row[1], row[2]

    def _last(self, keys: set[str]) -> dict[str, Record | None]:
        """Each key's last record (its value is not needed, nor read)."""
        out: dict[str, Record | None] = dict.fromkeys(keys)
        columns = ("key", "rev", "create_rev", "prev_rev", "version", "tombstone")
        if len(keys) == 1:
            row = _one(
                f"SELECT {', '.join(columns)} FROM clusters_revision WHERE cluster_id = %s AND key = %s"
                " ORDER BY rev DESC LIMIT 1",
                self.cluster_id,
                next(iter(keys)),
            )
            if row is not None:
                out[row[0]] = Record(row[0], row[1], row[2], row[3], row[4], bool(row[5]), b"", "", 0)
            return out
        ordered = sorted(keys)
        for i in range(0, len(ordered), _LOOKUP_BATCH):
            some = ordered[i : i + _LOOKUP_BATCH]
            last = self._rows().filter(key__in=some).order_by().values("key").annotate(last=Max("rev")).values("last")
            for key, rev, create, prev, version, dead in self._rows().filter(rev__in=last).values_list(*columns):
                out[key] = Record(key, rev, create, prev, version, dead, b"", "", 0)
        return out

    def _insert(self, records: Sequence[Record]) -> None:
        """`executemany` past the ORM: three times bulk_create, same columns."""
        names = ", ".join(("cluster_id", *_COLUMNS))
        marks = ", ".join(["%s"] * (len(_COLUMNS) + 1))
        seal = self._seal.close
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO clusters_revision ({names}) VALUES ({marks})",
                [
                    (
                        self.cluster_id,
                        r.key,
                        r.rev,
                        r.create_rev,
                        r.prev_rev,
                        r.version,
                        r.tombstone,
                        seal(r.key, r.value, r.rev),
                        r.actor,
                        r.vtime,
                    )
                    for r in records
                ],
            )

    def compact(self, rev: int) -> int:
        with transaction.atomic():
            head, _, compacted = self._lock()
            rev = min(rev, head)
            if rev <= compacted:
                return 0
            window = self._rows().filter(rev__lte=rev)
            latest = window.order_by().values("key").annotate(last=Max("rev")).values("last")
            kept = set(self._rows().filter(rev__in=latest, tombstone=False).values_list("rev", flat=True))
            doomed = [r for r in window.values_list("rev", flat=True) if r not in kept]
            for i in range(0, len(doomed), _LOOKUP_BATCH):
                self._rows().filter(rev__in=doomed[i : i + _LOOKUP_BATCH]).delete()
            Cluster.objects.filter(pk=self.cluster_id).update(compacted=rev)
            return len(doomed)
