"""One cluster's live state, shared by all its sessions in this process: what changed since a revision.

Changes are gathered and flushed at most 20 times a second; each flush is one entry of a bounded ring. A
session that is at revision R asks for `delta(R)`: the union of what the later entries touched, with rows as
they are now. So slow sessions coalesce by themselves, sessions in step share the same encoded text, and one
whose revision has left the ring takes a snapshot. Pure: time comes in with the calls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from clusters.realtime.board import EVENTS_SHOWN, Board, Touched
from clusters.realtime.messages import FRAME_LIMIT, TABLES, Note, dump
from clusters.registry.cache import Change
from clusters.registry.item import Item

FLUSH_INTERVAL = 50_000
"""Microseconds between flushes: 20 Hz."""

RING_ENTRIES = 1_200
RING_TOUCHES = 200_000
PART_LIMIT = FRAME_LIMIT - 20_000
"""Leaves room for a frame's head and one last row."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Frames that bring a session to `rev`, without their heads (`{"t":...,"seq":N,` is each session's own)."""

    kind: str
    rev: int
    bodies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    after: int
    rev: int
    touched: frozenset[Touched]
    notes: tuple[Note, ...]


class Feed:
    """`rev` is the revision that `snapshot()` and `delta()` bring a session to."""

    def __init__(
        self,
        items: Iterable[Item],
        rev: int,
        *,
        epoch: str = "",
        ring: int = RING_ENTRIES,
        events: int = EVENTS_SHOWN,
        vtime: int = 0,
    ) -> None:
        self.board = Board(items, events=events)
        self.epoch = epoch
        self.rev = rev
        self.vtime = vtime
        """Virtual time of the last change taken in."""
        self._head = rev
        self._pending = False
        self._flushed_at = -FLUSH_INTERVAL
        self._ring: deque[_Entry] = deque()
        self._ring_limit = ring
        self._touches = 0
        self._floor = rev
        self._snapshot: Transfer | None = None
        self._deltas: dict[int, Transfer | None] = {}

    # input

    def apply(self, changes: Sequence[Change]) -> None:
        """Take in changes, in order, that follow what was taken in before."""
        if not changes:
            return
        self._pending = self.board.apply(changes) or self._pending
        self._head = max(self._head, changes[-1].rev)
        latest = changes[-1].new or changes[-1].last
        if latest is not None:
            self.vtime = max(self.vtime, latest.vtime)

    def due(self) -> int | None:
        """When the next flush is due (microseconds of the caller's clock); None if there is nothing new."""
        return self._flushed_at + FLUSH_INTERVAL if self._pending else None

    def flush(self, now: int) -> bool:
        """Seal what came in, if a flush is due. True if there is anything to send."""
        if not self._pending:
            # Invisible writes only: the state at the new head is the state we have.
            self._advance()
            return False
        if now < self._flushed_at + FLUSH_INTERVAL:
            return False
        self._flushed_at = now
        self._pending = False
        out = self.board.flush()
        before = self.rev
        self._advance()
        if not out.touched:
            return False
        self._ring.append(_Entry(before, self.rev, frozenset(out.touched), tuple(out.notes)))
        self._touches += len(out.touched)
        while len(self._ring) > self._ring_limit or (self._touches > RING_TOUCHES and len(self._ring) > 1):
            dropped = self._ring.popleft()
            self._touches -= len(dropped.touched)
            self._floor = dropped.rev
        self._snapshot = None
        self._deltas.clear()
        return True

    def _advance(self) -> None:
        self.rev = self._head

    # output

    def covers(self, rev: int) -> bool:
        """Whether a session at `rev` can be brought up to date without a snapshot."""
        return self._floor <= rev <= self.rev

    def delta(self, rev: int) -> Transfer | None:
        """From `rev` to `self.rev`: None if that needs a snapshot, without bodies if nothing visible changed."""
        if rev in self._deltas:
            return self._deltas[rev]
        made = self._make_delta(rev) if self.covers(rev) else None
        if len(self._deltas) < 256:
            self._deltas[rev] = made
        return made

    def _make_delta(self, rev: int) -> Transfer | None:
        touched: set[Touched] = set()
        notes: Sequence[Note] = ()
        for entry in reversed(self._ring):
            if entry.rev <= rev:
                break
            touched |= entry.touched
            notes = notes or entry.notes
        if not touched:
            return Transfer("delta", self.rev, ())
        rows = self.board.rows
        if len(touched) > 1_000 and len(touched) > sum(map(len, rows.values())):
            return None
        up: list[tuple[str, bytes]] = []
        rm: list[tuple[str, bytes]] = []
        for table, row_id in sorted(touched):
            row = rows[table].get(row_id)
            if row is None:
                rm.append((table, orjson.dumps(row_id)))
            else:
                up.append((table, row))
        # A row is either here or there, so removals and updates may come in separate frames.
        parts = [(part, "{}") for part in _split(rm, b'"%b":[%b]')] if rm else []
        if up:
            removed = parts.pop()[0] if len(parts) == 1 and len(parts[0][0]) < PART_LIMIT // 10 else "{}"
            parts += [(removed if i == 0 else "{}", p) for i, p in enumerate(_split(up, b'"%b":[%b]'))]
        bodies: list[str] = []
        for index, (removed, updated) in enumerate(parts):
            last = index == len(parts) - 1
            told = dump(list(notes)) if last else "[]"
            bodies.append(f'"rev":{self.rev if last else rev},"rm":{removed},"up":{updated},"notes":{told}}}')
        return Transfer("delta", self.rev, tuple(bodies))

    def snapshot(self) -> Transfer:
        """The whole state at `self.rev`."""
        made = self._snapshot
        if made is None or made.rev != self.rev:
            made = self._snapshot = self._make_snapshot()
        return made

    def _make_snapshot(self) -> Transfer:
        tables = self.board.rows
        up = [(table, row) for table in TABLES for row in tables[table].values()]
        heads = {table: orjson.dumps(cols) for table, cols in TABLES.items()}
        empty = {table: {"cols": cols, "rows": []} for table, cols in TABLES.items() if not tables[table]}
        parts = _split(up, b'"%b":{"cols":%b,"rows":[%b]}', heads)
        if empty:
            parts[0] = parts[0][:-1] + ("," if len(parts[0]) > 2 else "") + dump(empty)[1:]
        return Transfer(
            "snapshot",
            self.rev,
            tuple(
                f'"rev":{self.rev},"part":{i},"parts":{len(parts)},"tables":{part}}}' for i, part in enumerate(parts)
            ),
        )


def _split(rows: Sequence[tuple[str, bytes]], member: bytes, heads: dict[str, bytes] | None = None) -> list[str]:
    """Rows (grouped by table) as JSON objects below the frame limit, one a part; at least one part."""
    parts: list[list[bytes]] = [[]]
    size, current, held = 0, "", list[bytes]()

    def close() -> None:
        if held:
            name = current.encode()
            joined = b",".join(held)
            parts[-1].append(member % ((name, joined) if heads is None else (name, heads[current], joined)))
            held.clear()

    for name, row in rows:
        if name != current:
            close()
            current = name
            size += 250
        if size + len(row) > PART_LIMIT and (held or parts[-1]):
            close()
            parts.append([])
            size = 250
        held.append(row)
        size += len(row) + 1
    close()
    return [f"{{{b','.join(part).decode()}}}" for part in parts]
