"""What a Pod looks like at a glance: the nine states that the canvas draws, and why it is not running.

The words of kubectl's STATUS and READY are those of the printer columns.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from clusters.machinery.types import Obj
from clusters.resources.core.pod_columns import summary

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
    `status` and `ready` are kubectl's. `reason`/`message`: why it is not running, if it is not."""

    state: str
    status: str
    ready: str
    restarts: int
    reason: str
    message: str


def glance(pod: Obj) -> Glance:
    """All of it; it runs for each change of each Pod."""
    spec = pod["spec"]
    status = pod.get("status") or EMPTY
    phase = status.get("phase") or "Pending"
    # The age of the last restart depends on the time, so it is not for us.
    ready, text, restarted = summary(pod, 0)
    restarts = int(restarted.partition(" ")[0])

    if "deletionTimestamp" in pod["metadata"]:
        if status.get("reason") == "NodeLost":
            return Glance("unknown", text, ready, restarts, "NodeLost", status.get("message") or "")
        if text == "Terminating":
            return Glance("terminating", text, ready, restarts, "", "")
    if phase == "Succeeded":
        return Glance("succeeded", text, ready, restarts, "", "")

    is_ready = False
    scheduled: dict[str, Any] = EMPTY
    for cond in status.get("conditions") or ():
        kind = cond.get("type")
        if kind == "Ready":
            is_ready = cond.get("status") == "True"
        elif kind == "PodScheduled":
            scheduled = cond
    trouble = _trouble(status)
    if trouble.bad and phase not in ("Failed", "Unknown"):
        return Glance("crash", text, ready, restarts, trouble.reason, trouble.message)
    if phase == "Running" and is_ready:
        return Glance("running", text, ready, restarts, "", "")
    if phase == "Pending" and not spec.get("nodeName"):
        why = scheduled.get("message") or ""
        group = "SchedulingGated" if text == "SchedulingGated" else why_pending(why)
        return Glance("pending", text, ready, restarts, group, why)
    state = {"Failed": "failed", "Unknown": "unknown", "Pending": "creating"}.get(phase, "notready")
    reason = trouble.reason or status.get("reason") or ("" if state in ("creating", "notready") else text)
    return Glance(state, text, ready, restarts, reason, trouble.message or status.get("message") or "")


class _Trouble(NamedTuple):
    reason: str
    message: str
    bad: bool


_FINE = _Trouble("", "", False)


def _trouble(status: dict[str, Any]) -> _Trouble:
    """What keeps the first troubled container from running; `bad` if waiting alone will not help it."""
    found = _FINE
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(field) or ():
            state = container.get("state") or EMPTY
            if "running" in state:
                continue
            ended = state.get("terminated")
            if ended is not None:
                if ended.get("exitCode"):
                    reason = ended.get("reason") or f"ExitCode:{ended['exitCode']}"
                    return _Trouble(reason, ended.get("message") or "", True)
                continue
            waiting = state.get("waiting") or EMPTY
            reason = waiting.get("reason") or ""
            if reason in BAD_WAITING:
                return _Trouble(reason, waiting.get("message") or "", True)
            if not found.reason:
                found = _Trouble(reason, waiting.get("message") or "", False)
    return found


@lru_cache(maxsize=2048)
def why_pending(message: str) -> str:
    """The commonest reason of `0/3 nodes are available: 1 node(s) had ..., 2 Insufficient cpu. no new claims to
    deallocate, preemption: ...`: what unscheduled Pods are grouped by."""
    if not message:
        return ""
    _, found, rest = message.partition(" nodes are available: ")
    if not found:
        return message.partition(": ")[0].partition(". ")[0][:80]
    # What follows the first full stop is about preemption.
    rest = rest.partition(". ")[0].rstrip(".")
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
