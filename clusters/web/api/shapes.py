"""JSON schemas of answers, and the functions that build them."""

from __future__ import annotations

from typing import Any

from clusters.kernel.clock import rfc3339_micro
from clusters.models import Cluster
from clusters.models.access import Reach
from clusters.realtime.messages import ClockFrame
from clusters.realtime.source import clock_frame

_STRING, _INT, _BOOL = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}


def obj(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


CLOCK = obj(
    now={"type": "integer", "description": "Virtual time, microseconds since 1970."},
    wall={"type": "integer", "description": "The server's wall clock at that moment, microseconds."},
    speed={"type": ["number", "string"], "description": "Virtual seconds a second; 0 is paused; or 'max'."},
    paused=_BOOL,
    lag={"type": "number", "description": "Seconds by which the loops are behind."},
)
CLUSTER = obj(
    name=_STRING,
    created=_STRING,
    lastActivity={"type": "string", "description": "Virtual time of the last revision."},
    revision=_INT,
    compacted={"type": "integer", "description": "Older revisions are gone."},
    speed={"type": ["number", "string"]},
    paused=_BOOL,
    clock=CLOCK,
    role={"enum": ["owner", "editor", "viewer"]},
    workers=_INT,
    settings={"type": "object"},
    seed=_INT,
    nodes=_INT,
    nodesReady=_INT,
    pods=_INT,
    running=_INT,
    pending=_INT,
    failing=_INT,
    heat={**array(array(_INT)), "description": "For each node: its ready, not ready, pending and failing Pods."},
)
FAULT = obj(id=_STRING, kind=_STRING, target=_STRING, until={"type": ["string", "null"]}, since=_STRING)
MACHINE = obj(
    name=_STRING,
    power=_STRING,
    kubelet=_STRING,
    role=_STRING,
    zone=_STRING,
    cpu=_STRING,
    memory=_STRING,
    pods=_INT,
)
REVISION = obj(
    rev=_INT,
    key=_STRING,
    action={"enum": ["create", "update", "delete"]},
    actor=_STRING,
    vtime=_INT,
    version=_INT,
    previous=_INT,
)
VERDICT = obj(
    name=_STRING,
    feasible=_BOOL,
    plugin=_STRING,
    code=_STRING,
    reasons=array(_STRING),
    scores={"type": "object"},
    total={"type": ["integer", "null"]},
)


def clock_of(cluster: Cluster) -> ClockFrame:
    return clock_frame(cluster)


def cluster_of(cluster: Cluster, reach: Reach | None) -> dict[str, Any]:
    """What the list and the page of clusters show, without its objects."""
    clock = clock_frame(cluster)
    settings = cluster.settings or {}
    return {
        "name": cluster.name,
        "created": rfc3339_micro(cluster.created),
        "lastActivity": rfc3339_micro(cluster.vtime or cluster.clock_base),
        "revision": cluster.head,
        "compacted": cluster.compacted,
        "speed": clock["speed"],
        "paused": clock["paused"],
        "clock": clock,
        "role": reach.role if reach is not None else None,
        "workers": settings.get("workers", 0),
        "settings": settings,
        "seed": cluster.seed,
    }


def fault_of(fault: dict[str, Any]) -> dict[str, Any]:
    """A stored Fault."""
    spec = fault.get("spec") or {}
    return {
        "id": fault["metadata"]["name"],
        "kind": spec.get("kind", ""),
        "target": spec.get("target", ""),
        "until": spec.get("until"),
        "since": spec.get("since") or fault["metadata"].get("creationTimestamp", ""),
    }


def machine_of(machine: dict[str, Any]) -> dict[str, Any]:
    """A stored Machine."""
    spec = machine.get("spec") or {}
    shown = ("power", "kubelet", "role", "zone", "cpu", "memory", "pods")
    return {"name": machine["metadata"]["name"], **{k: spec.get(k) for k in shown}}
