"""The browser's side of the protocol, small and strict: what the tests and benchmarks hold the server to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from clusters.realtime.feed import Feed
from clusters.realtime.messages import FRAME_LIMIT

State = dict[str, dict[str, list[Any]]]


class ProtocolViolation(AssertionError):
    """The server broke the protocol."""


class Replica:
    """Applies frames as a browser does; `tables` is the state it would draw."""

    def __init__(self) -> None:
        self.tables: State = {}
        self.rev = 0
        self.seq = 0
        self.epoch = ""
        self.hello: dict[str, Any] = {}
        self.bye: str | None = None
        self.errors: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.latest: dict[str, dict[str, Any]] = {}
        """The last frame of each type."""
        self._parts: list[dict[str, Any]] = []

    def connected(self) -> None:
        """A new connection: sequence numbers start again; half a snapshot is void."""
        self.seq = 0
        self._parts = []

    def apply(self, frames: Iterable[str]) -> None:
        for text in frames:
            if len(text.encode()) > FRAME_LIMIT:
                raise ProtocolViolation(f"frame of {len(text)} bytes")
            self._apply(orjson.loads(text))

    def _apply(self, frame: dict[str, Any]) -> None:
        kind = frame["t"]
        self.latest[kind] = frame
        if kind in ("snapshot", "delta"):
            if frame["seq"] != self.seq + 1:
                raise ProtocolViolation(f"seq {frame['seq']} after {self.seq}")
            self.seq = frame["seq"]
            self._snapshot(frame) if kind == "snapshot" else self._delta(frame)
        elif kind == "hello":
            self.hello = frame
            self.epoch = frame["epoch"]
        elif kind == "bye":
            self.bye = frame["reason"]
        elif kind == "error":
            self.errors.append(frame)

    def _snapshot(self, frame: dict[str, Any]) -> None:
        if frame["part"] != len(self._parts):
            raise ProtocolViolation(f"part {frame['part']} after {len(self._parts)} parts")
        self._parts.append(frame)
        if len(self._parts) < frame["parts"]:
            return
        self.tables = {}
        for part in self._parts:
            for table, data in part["tables"].items():
                at = data["cols"].index("id")
                rows = self.tables.setdefault(table, {})
                for row in data["rows"]:
                    if len(row) != len(data["cols"]) or row[at] in rows:
                        raise ProtocolViolation(f"bad or double row in {table}: {row}")
                    rows[row[at]] = row
        self.rev = frame["rev"]
        self._parts = []

    def _delta(self, frame: dict[str, Any]) -> None:
        if self._parts:
            raise ProtocolViolation("delta inside a snapshot")
        if frame["rev"] < self.rev:
            raise ProtocolViolation(f"revision {frame['rev']} after {self.rev}")
        for table, ids in frame["rm"].items():
            for row_id in ids:
                self.tables[table].pop(row_id, None)
        for table, rows in frame["up"].items():
            for row in rows:
                self.tables[table][row[0]] = row
        self.notes.extend(frame["notes"])
        self.rev = frame["rev"]


def state_of(feed: Feed) -> State:
    """What a browser that connects now would hold."""
    replica = Replica()
    replica.apply(f'{{"t":"snapshot","seq":{i + 1},{body}' for i, body in enumerate(feed.snapshot().bodies))
    return replica.tables


def verify_deltas(replica: Replica, feed: Feed, fresh: Feed) -> None:
    """`replica` followed `feed` by snapshot and deltas; `fresh` was built from the cluster's state just now.
    All three must be the same state."""
    following, anew = state_of(feed), state_of(fresh)
    if following != anew:
        raise ProtocolViolation(f"the feed drifted: {difference(following, anew)}")
    if replica.tables != anew:
        raise ProtocolViolation(f"the browser drifted: {difference(replica.tables, anew)}")


def difference(held: State, wanted: State) -> str:
    """The first few rows that differ."""
    found: list[str] = []
    for table in sorted(held.keys() | wanted.keys()):
        ours, theirs = held.get(table, {}), wanted.get(table, {})
        for row_id in sorted(ours.keys() | theirs.keys()):
            if ours.get(row_id) != theirs.get(row_id):
                found.append(f"{table}/{row_id}: {ours.get(row_id)} instead of {theirs.get(row_id)}")
    return "; ".join(found[:5]) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")
