"""Whether a node was heard of lately, and what its conditions come to when it was not. Pure functions.

Models: kube-controller-manager, nodelifecycle/node_lifecycle_controller.go (tryUpdateNodeHealth).
"""

from __future__ import annotations

from typing import Any

from clusters.components.controllers.shared import conditions
from clusters.components.controllers.shared.pods import when
from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery.types import Obj
from clusters.resources.coordination.heartbeat import is_live

GRACE = 50 * SECOND
"""--node-monitor-grace-period."""
STARTUP_GRACE = 60 * SECOND
"""--node-startup-grace-period, for a node that never said anything."""
WATCHED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


def overdue_at(node: Obj, lease: Obj | None) -> int | None:
    """When the node counts as silent; None while its lease is live."""
    if lease is not None and is_live(lease):
        return None
    created = when(node["metadata"]["creationTimestamp"])
    ready = ready_condition(node)
    if ready is None:
        return created + STARTUP_GRACE
    heard = [created]
    if ready["reason"] not in ("NodeStatusUnknown", "NodeStatusNeverUpdated"):
        heard += [when(ready[k]) for k in ("lastHeartbeatTime", "lastTransitionTime") if ready.get(k)]
    renewed = ((lease or {}).get("spec") or {}).get("renewTime")
    if renewed:
        heard.append(when(renewed))
    return max(heard) + GRACE


def ready_condition(node: Obj) -> dict[str, Any] | None:
    found = conditions.find((node.get("status") or {}).get("conditions"), "Ready")
    return {"reason": "", **found} if found is not None else None


def readiness(node: Obj) -> str:
    """`True`, `False`, `Unknown`; "" for a node without the condition."""
    found = ready_condition(node)
    return str(found["status"]) if found is not None else ""


def silenced(node: Obj, now: int) -> list[dict[str, Any]]:
    """The conditions of a node that was not heard of for too long."""
    out = [dict(c) for c in (node.get("status") or {}).get("conditions") or ()]
    stamp = rfc3339(now)
    for kind in WATCHED:
        found = next((c for c in out if c["type"] == kind), None)
        if found is None:
            out.append(
                {
                    "type": kind,
                    "status": "Unknown",
                    "lastHeartbeatTime": node["metadata"]["creationTimestamp"],
                    "lastTransitionTime": stamp,
                    "reason": "NodeStatusNeverUpdated",
                    "message": "Kubelet never posted node status.",
                }
            )
        elif found["status"] != "Unknown":
            found.update(
                status="Unknown",
                lastTransitionTime=stamp,
                reason="NodeStatusUnknown",
                message="Kubelet stopped posting node status.",
            )
    return out
