"""The DisruptionTarget condition that says who ended a pod. Models: pkg/api/v1/pod, KEP-3329."""

from __future__ import annotations

from typing import Any

from clusters.components.controllers.shared import conditions
from clusters.kernel.clock import rfc3339
from clusters.machinery.types import Obj


def with_target(pod: Obj, reason: str, message: str, now: int, *, fail: bool = False) -> dict[str, Any] | None:
    """The pod's status with that condition (and phase Failed); None if it has it already."""
    old = pod.get("status") or {}
    condition: dict[str, Any] = {"type": "DisruptionTarget"}
    if pod["metadata"].get("generation"):
        condition["observedGeneration"] = pod["metadata"]["generation"]
    condition |= {
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": rfc3339(now),
        "reason": reason,
        "message": message,
    }
    had = conditions.find(old.get("conditions"), "DisruptionTarget")
    same = had is not None and had["status"] == "True" and had.get("reason") == reason
    if same and not fail:
        return None
    found = list(old.get("conditions") or ()) if same else conditions.put(old.get("conditions"), condition)
    out = {**old, "conditions": found}
    if fail:
        out["phase"] = "Failed"
    return out
