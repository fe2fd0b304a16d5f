"""How far a rollout is: the Deployment's status and its conditions.

Models: kube-controller-manager, deployment/progress.go and sync.go (calculateStatus).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.components.controllers.deployment import replicas
from clusters.components.controllers.shared import conditions
from clusters.components.controllers.shared.objects import draft
from clusters.components.controllers.shared.pods import when
from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery.types import Obj

COMPLETE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
PAUSED = "DeploymentPaused"


def has_deadline(deployment: Obj) -> bool:
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    return deadline is not None and deadline != replicas.MAX_INT32


def condition(deployment: Obj, kind: str) -> dict[str, Any] | None:
    return conditions.find((deployment.get("status") or {}).get("conditions"), kind)


def made(kind: str, now: int, status: str, reason: str, message: str) -> dict[str, Any]:
    time = rfc3339(now)
    return {
        "type": kind,
        "status": status,
        "lastUpdateTime": time,
        "lastTransitionTime": time,
        "reason": reason,
        "message": message,
    }


def with_condition(deployment: Obj, now: int, status: str, reason: str, message: str) -> Obj:
    """The Deployment with that `Progressing` condition."""
    old = deployment.get("status") or {}
    new = conditions.move_to_end(old.get("conditions"), made("Progressing", now, status, reason, message))
    return draft(deployment, status={**old, "conditions": new})


def calculate(deployment: Obj, sets: Sequence[Obj], new: Obj | None, now: int) -> dict[str, Any]:
    """The status that the ReplicaSets' statuses add up to; `Progressing` is left as it was."""
    old = deployment.get("status") or {}
    count, available = replicas.total(sets, "replicas"), replicas.total(sets, "availableReplicas")
    desired = replicas.wanted(deployment)
    status: dict[str, Any] = {"observedGeneration": deployment["metadata"].get("generation", 0)}
    numbers = {
        "replicas": count,
        "updatedReplicas": replicas.reported(new, "replicas") if new is not None else 0,
        "readyReplicas": replicas.total(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(count - available, 0),
    }
    status.update({k: v for k, v in numbers.items() if v})
    status["terminatingReplicas"] = replicas.total(sets, "terminatingReplicas")
    if available >= desired - replicas.max_unavailable(deployment):
        verdict = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        verdict = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    status["conditions"] = conditions.move_to_end(old.get("conditions"), made("Available", now, *verdict))
    if old.get("collisionCount") is not None:
        status["collisionCount"] = old["collisionCount"]
    return status


def is_complete(deployment: Obj, status: dict[str, Any]) -> bool:
    desired = replicas.wanted(deployment)
    return bool(
        status.get("updatedReplicas", 0) == desired
        and status.get("replicas", 0) == desired
        and status.get("availableReplicas", 0) == desired
        and status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    )


def is_progressing(deployment: Obj, status: dict[str, Any]) -> bool:
    """Better than the last status: more updated, ready or available, or fewer old replicas."""
    old = deployment.get("status") or {}

    def of(source: dict[str, Any], key: str) -> int:
        return int(source.get(key, 0))

    old_before = of(old, "replicas") - of(old, "updatedReplicas")
    old_after = of(status, "replicas") - of(status, "updatedReplicas")
    return (
        of(status, "updatedReplicas") > of(old, "updatedReplicas")
        or old_after < old_before
        or of(status, "readyReplicas") > of(old, "readyReplicas")
        or of(status, "availableReplicas") > of(old, "availableReplicas")
    )


def deadline_at(deployment: Obj, status: dict[str, Any]) -> int | None:
    """When the rollout counts as stuck: the deadline after the last progress that was noted."""
    current = conditions.find(status.get("conditions"), "Progressing")
    if not has_deadline(deployment) or current is None:
        return None
    return when(current["lastUpdateTime"]) + int(deployment["spec"]["progressDeadlineSeconds"]) * SECOND


def timed_out(deployment: Obj, status: dict[str, Any], now: int) -> bool:
    current = conditions.find(status.get("conditions"), "Progressing")
    if not has_deadline(deployment) or current is None or current["reason"] == COMPLETE:
        return False
    if current["reason"] == TIMED_OUT:
        return True
    due = deadline_at(deployment, status)
    return due is not None and due < now


def roll_out_status(deployment: Obj, sets: Sequence[Obj], new: Obj | None, now: int) -> dict[str, Any]:
    """The status in the course of a rollout, with `Progressing` and `ReplicaFailure`."""
    status = calculate(deployment, sets, new, now)
    if not has_deadline(deployment):
        status["conditions"] = conditions.drop(status["conditions"], "Progressing")
    current = condition(deployment, "Progressing")
    finished = (
        status.get("replicas", 0) == status.get("updatedReplicas", 0)
        and current is not None
        and current["reason"] == COMPLETE
    )
    if has_deadline(deployment) and not finished:
        status["conditions"] = _progress(deployment, status, new, current, now)
    status["conditions"] = conditions.drop(status["conditions"], "ReplicaFailure")
    failure = _replica_failure(sets, new)
    if failure is not None:
        status["conditions"] = conditions.move_to_end(status["conditions"], failure)
    return status


def _progress(
    deployment: Obj, status: dict[str, Any], new: Obj | None, current: dict[str, Any] | None, now: int
) -> list[dict[str, Any]]:
    what = (
        f'ReplicaSet "{new["metadata"]["name"]}"'
        if new is not None
        else f'Deployment "{deployment["metadata"]["name"]}"'
    )
    found: list[dict[str, Any]] = status["conditions"]
    if is_complete(deployment, status):
        text = f"{what} has successfully progressed."
        return conditions.move_to_end(found, made("Progressing", now, "True", COMPLETE, text))
    if is_progressing(deployment, status):
        entry = made("Progressing", now, "True", "ReplicaSetUpdated", f"{what} is progressing.")
        if current is not None:
            if current["status"] == "True":
                entry["lastTransitionTime"] = current["lastTransitionTime"]
            found = conditions.drop(found, "Progressing")
        return conditions.move_to_end(found, entry)
    if timed_out(deployment, status, now):
        text = f"{what} has timed out progressing."
        return conditions.move_to_end(found, made("Progressing", now, "False", TIMED_OUT, text))
    return found


def _replica_failure(sets: Sequence[Obj], new: Obj | None) -> dict[str, Any] | None:
    """The first ReplicaSet's failure condition as a Deployment's, the new set's before the others'."""
    ordered = ([new] if new is not None else []) + list(sets)
    for rs in ordered:
        found = conditions.find((rs.get("status") or {}).get("conditions"), "ReplicaFailure")
        if found is not None:
            time = found.get("lastTransitionTime", "")
            return {
                "type": "ReplicaFailure",
                "status": found["status"],
                "lastUpdateTime": time,
                "lastTransitionTime": time,
                "reason": found.get("reason", ""),
                "message": found.get("message", ""),
            }
    return None
