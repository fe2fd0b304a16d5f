"""The taints that a node's conditions call for. Pure functions.

Models: kube-controller-manager, nodelifecycle (doNoScheduleTaintingPass, processTaintBaseEviction).
"""

from __future__ import annotations

from typing import Any

from clusters.components.controllers.node.health import readiness
from clusters.kernel.clock import rfc3339
from clusters.machinery.types import Obj

Taint = dict[str, Any]
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_BY_CONDITION = {
    "Ready": {"False": NOT_READY, "Unknown": UNREACHABLE},
    "MemoryPressure": {"True": "node.kubernetes.io/memory-pressure"},
    "DiskPressure": {"True": "node.kubernetes.io/disk-pressure"},
    "NetworkUnavailable": {"True": "node.kubernetes.io/network-unavailable"},
    "PIDPressure": {"True": "node.kubernetes.io/pid-pressure"},
}
_OURS = {key for keys in _BY_CONDITION.values() for key in keys.values()} | {UNSCHEDULABLE}


def no_schedule(node: Obj, now: int) -> list[Taint] | None:
    """All of the node's taints with the NoSchedule ones as they should be; None if they are."""
    wanted: list[str] = []
    for condition in (node.get("status") or {}).get("conditions") or ():
        key = _BY_CONDITION.get(condition["type"], {}).get(condition["status"])
        if key:
            wanted.append(key)
    if node["spec"].get("unschedulable"):
        wanted.append(UNSCHEDULABLE)
    return _with(node, wanted, "NoSchedule", _OURS, now)


def no_execute(node: Obj, now: int) -> list[Taint] | None:
    """The same for the NoExecute taints of a node that is not ready or cannot be reached."""
    state = readiness(node)
    wanted = {"False": [NOT_READY], "Unknown": [UNREACHABLE]}.get(state, [])
    return _with(node, wanted, "NoExecute", {NOT_READY, UNREACHABLE}, now)


def reachable(node: Obj, now: int) -> list[Taint] | None:
    """Without the NoExecute taints of silence."""
    return _with(node, [], "NoExecute", {NOT_READY, UNREACHABLE}, now)


def _with(node: Obj, wanted: list[str], effect: str, ours: set[str], now: int) -> list[Taint] | None:
    taints: list[Taint] = node["spec"].get("taints") or []
    have = {t["key"] for t in taints if t["effect"] == effect and t["key"] in ours}
    if have == set(wanted):
        return None
    kept = [t for t in taints if t["effect"] != effect or t["key"] not in ours or t["key"] in wanted]
    added = [{"key": key, "effect": effect, "timeAdded": rfc3339(now)} for key in wanted if key not in have]
    return kept + added
