"""The browser protocol, version 1: frames as typed mappings, and the parser of what a browser may send.

State goes down only: snapshots and deltas of summary tables, each with a sequence number that the browser
acknowledges. All writes go over HTTP. Table rows are arrays in the order of `TABLES[name]`; a browser maps
columns by name.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

import orjson

PROTOCOL = 1

FRAME_LIMIT = 200_000
"""Bytes of one frame; Daphne refuses more than 1 MiB."""

MESSAGE_LIMIT = 4_096
"""Bytes of one browser message."""

TABLES: dict[str, tuple[str, ...]] = {
    "nodes": (
        *("id", "name", "role", "zone", "ready", "cordoned", "taints", "cpu", "mem", "slots", "cpuReq"),
        *("memReq", "power", "kubelet", "pressure", "version", "created", "deleting", "addr"),
    ),
    "pods": (
        *("id", "ns", "name", "node", "state", "status", "ready", "restarts", "owner", "workload", "cpu"),
        *("mem", "qos", "reason", "message", "containers", "created", "ip", "image"),
    ),
    "workloads": (
        *("id", "kind", "ns", "name", "owner", "desired", "current", "ready", "updated", "available"),
        *("paused", "hpa", "created", "images", "generationSeen"),
    ),
    "services": ("id", "ns", "name", "type", "ip", "ports", "selector", "endpoints", "created"),
    "namespaces": ("id", "name", "phase"),
    "components": ("id", "name", "node", "state", "queue", "leader"),
    "configs": ("id", "kind", "ns", "name", "created"),
    "events": (
        *("id", "type", "reason", "message", "objKind", "objNs", "objName", "objId", "count", "last"),
        "source",
    ),
    "faults": ("id", "kind", "target", "until", "since"),
}

Row = list[Any]


class Table(TypedDict):
    cols: list[str]
    rows: list[Row]


class Can(TypedDict):
    write: bool
    faults: bool
    share: NotRequired[bool]
    """May hand out access to the cluster."""


class Limits(TypedDict):
    frame: int


class Hello(TypedDict):
    t: Literal["hello"]
    protocol: int
    cluster: str
    session: str
    user: str
    can: Can
    limits: Limits
    epoch: str
    """Names the cluster's incarnation and is sent back in `resume`, so that a cluster that was deleted and
    made again under the same name is never mistaken for the old one."""


class ClockFrame(TypedDict):
    t: Literal["clock"]
    now: int
    wall: int
    speed: float | str
    paused: bool
    lag: float


class Snapshot(TypedDict):
    t: Literal["snapshot"]
    seq: int
    rev: int
    part: int
    parts: int
    tables: dict[str, Table]


class Note(TypedDict):
    """A short-lived fact for animation."""

    k: Literal["bind", "kill", "preempt"]
    pod: str
    node: NotRequired[str]


class Delta(TypedDict):
    """`rm` is applied before `up`. A delta too large for one frame comes in several; all but the last carry
    the revision that the browser is already at, so a resume in between misses nothing."""

    t: Literal["delta"]
    seq: int
    rev: int
    up: dict[str, list[Row]]
    rm: dict[str, list[str]]
    notes: list[Note]


class Peer(TypedDict):
    session: str
    user: str
    color: str
    cursor: list[float] | None
    selection: str | None


class PresenceFrame(TypedDict):
    t: Literal["presence"]
    peers: list[Peer]


class ErrorFrame(TypedDict):
    t: Literal["error"]
    code: str
    message: str


class Bye(TypedDict):
    t: Literal["bye"]
    reason: str


class Start(TypedDict):
    t: Literal["start"]


class Resume(TypedDict):
    t: Literal["resume"]
    rev: int
    seq: NotRequired[int]
    epoch: NotRequired[str]


class Ack(TypedDict):
    t: Literal["ack"]
    seq: int


class PresenceMessage(TypedDict):
    t: Literal["presence"]
    cursor: list[float] | None
    selection: str | None


ClientMessage = Start | Resume | Ack | PresenceMessage


class BadMessage(Exception):
    """A browser message that is not one; the text is for its author."""


def dump(frame: Any) -> str:
    """A frame as JSON text."""
    return orjson.dumps(frame).decode()


def parse(text: str) -> ClientMessage:
    """The message in `text`. Raises BadMessage."""
    if len(text) > MESSAGE_LIMIT:
        raise BadMessage(f"message of {len(text)} characters; {MESSAGE_LIMIT} are allowed")
    try:
        raw = orjson.loads(text)
    except ValueError as error:
        raise BadMessage(f"not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise BadMessage("a message is a JSON object")
    kind = raw.get("t")
    if kind == "ack":
        return {"t": "ack", "seq": _count(raw, "seq")}
    if kind == "presence":
        return {"t": "presence", "cursor": _cursor(raw), "selection": _selection(raw)}
    if kind == "start":
        return {"t": "start"}
    if kind == "resume":
        resume: Resume = {"t": "resume", "rev": _count(raw, "rev")}
        if "epoch" in raw:
            if not isinstance(raw["epoch"], str):
                raise BadMessage("resume.epoch is not a string")
            resume["epoch"] = raw["epoch"]
        return resume
    raise BadMessage(f"unknown message type {str(kind)[:40]!r}: start, resume, ack or presence")


def _count(raw: dict[str, Any], field: str) -> int:
    value = raw.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadMessage(f"{raw['t']}.{field} is not a whole number of 0 or more")
    return value


def _cursor(raw: dict[str, Any]) -> list[float] | None:
    value = raw.get("cursor")
    if value is None:
        return None
    if (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e9 for v in value)
    ):
        return [float(v) for v in value]
    raise BadMessage("presence.cursor is neither null nor two numbers")


def _selection(raw: dict[str, Any]) -> str | None:
    value = raw.get("selection")
    if value is None or (isinstance(value, str) and len(value) <= 300):
        return value
    raise BadMessage("presence.selection is neither null nor an id")
