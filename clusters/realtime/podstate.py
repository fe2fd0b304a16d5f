"""What a Pod looks like at a glance: kubectl's STATUS and READY, and the nine states the canvas draws.

Models: kubectl get pods (pkg/printers/internalversion, printPod).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from clusters.machinery.types import Obj

EMPTY: dict[str, Any] = {}

BAD_WAITING = frozenset(
    {
        *("CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName"),
        *("CreateContainerConfigError", "CreateContainerError", "RunContainerError", "ImageInspectError"),
        *("RegistryUnavailable", "PreStartHookError", "PostStartHookError", "StartError"),
    }
)
"""Reasons of a waiting container that somebody has to look at."""


class Glance(NamedTuple):
    """`state`: one of pending, creating, running, notready, crash, failed, succeeded, terminating, unknown.
    `reason`/`message`: why it is not running, if it is not."""

    state: str
    status: str
    ready: int
    total: int
    restarts: int
    reason: str
    message: str


def glance(pod: Obj) -> Glance:
    """All of it in one pass; it runs for each change of each Pod."""
    spec = pod.get("spec") or EMPTY
    status = pod.get("status") or EMPTY
    phase = status.get("phase") or "Pending"
    pod_reason = status.get("reason") or ""
    text = pod_reason or phase
    total = len(spec.get("containers") or ())
    reason = pod_reason
    message = status.get("message") or ""

    is_ready = initialized = gated = False
    scheduled: dict[str, Any] = EMPTY
    for cond in status.get("conditions") or ():
        kind = cond.get("type")
        if kind == "Ready":
            is_ready = cond.get("status") == "True"
        elif kind == "PodScheduled":
            scheduled = cond
            gated = cond.get("reason") == "SchedulingGated"
        elif kind == "Initialized":
            initialized = cond.get("status") == "True"
    if gated:
        text = "SchedulingGated"

    restarts = ready = sidecar_restarts = 0
    bad = initializing = False
    inits = spec.get("initContainers")
    if inits:
        sidecars = {c.get("name") for c in inits if c.get("restartPolicy") == "Always"}
        total += len(sidecars)
        for i, container in enumerate(status.get("initContainerStatuses") or ()):
            count = container.get("restartCount") or 0
            restarts += count
            sidecar = container.get("name") in sidecars
            if sidecar:
                sidecar_restarts += count
            now = container.get("state") or EMPTY
            ended = now.get("terminated")
            if ended is not None and not ended.get("exitCode"):
                continue
            if sidecar and container.get("started"):
                ready += bool(container.get("ready"))
                continue
            waiting = now.get("waiting")
            initializing = True
            if ended is not None:
                text = "Init:" + _ended(ended)
                reason, bad = _ended(ended), True
                message = ended.get("message") or message
            elif waiting and waiting.get("reason") and waiting["reason"] != "PodInitializing":
                text = "Init:" + waiting["reason"]
                reason, message = waiting["reason"], waiting.get("message") or message
                bad = reason in BAD_WAITING
            else:
                text = f"Init:{i}/{len(inits)}"
                reason = text
            break

    if not initializing or initialized:
        restarts = sidecar_restarts
        running = False
        for container in reversed(status.get("containerStatuses") or ()):
            restarts += container.get("restartCount") or 0
            now = container.get("state") or EMPTY
            waiting = now.get("waiting")
            ended = now.get("terminated")
            if waiting and waiting.get("reason"):
                text = reason = waiting["reason"]
                message = waiting.get("message") or ""
                bad = bad or reason in BAD_WAITING
            elif ended is not None:
                text = _ended(ended)
                if ended.get("exitCode") or text not in ("Completed", "ExitCode:0"):
                    reason, message, bad = text, ended.get("message") or "", True
            elif "running" in now and container.get("ready"):
                running = True
                ready += 1
        if text == "Completed" and running:
            text = "Running" if is_ready else "NotReady"

    deleting = "deletionTimestamp" in pod["metadata"]
    over = phase == "Succeeded" or phase == "Failed"
    if deleting and pod_reason == "NodeLost":
        return Glance("unknown", "Unknown", ready, total, restarts, pod_reason, message)
    if deleting and not over:
        return Glance("terminating", "Terminating", ready, total, restarts, "", "")
    if phase == "Succeeded":
        return Glance("succeeded", text, ready, total, restarts, "", "")
    if phase == "Failed":
        return Glance("failed", text, ready, total, restarts, reason or text, message)
    if phase == "Unknown":
        return Glance("unknown", text, ready, total, restarts, reason, message)
    if not spec.get("nodeName"):
        why = scheduled.get("message") or ""
        if gated:
            return Glance("pending", text, ready, total, restarts, "SchedulingGated", why)
        return Glance("pending", text, ready, total, restarts, why_pending(why), why)
    if bad:
        return Glance("crash", text, ready, total, restarts, reason, message)
    if phase == "Pending":
        return Glance("creating", text, ready, total, restarts, reason, message)
    if is_ready:
        return Glance("running", text, ready, total, restarts, "", "")
    return Glance("notready", text, ready, total, restarts, reason, message)


def _ended(ended: dict[str, Any]) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode') or 0}"


@lru_cache(maxsize=2048)
def why_pending(message: str) -> str:
    """The commonest reason of `0/3 nodes are available: 1 node(s) had ..., 2 Insufficient cpu. preemption: ...`:
    what unscheduled Pods are grouped by."""
    if not message:
        return ""
    _, found, rest = message.partition(" nodes are available: ")
    if not found:
        return message.partition(": ")[0].partition(". ")[0][:80]
    rest = rest.partition(" preemption: ")[0].strip().rstrip(".")
    best, most = "", -1
    for part in _reasons(rest):
        number, _, words = part.partition(" ")
        count, text = (int(number), words) if number.isdigit() else (0, part)
        if count > most:
            best, most = text, count
    best = best.removeprefix("node(s) ")
    return (best[:1].upper() + best[1:])[:80]


def _reasons(text: str) -> list[str]:
    """Split at `, N `: a reason itself may hold commas."""
    parts: list[str] = []
    for piece in text.split(", "):
        if parts and not piece.partition(" ")[0].isdigit():
            parts[-1] += ", " + piece
        else:
            parts.append(piece)
    return parts
