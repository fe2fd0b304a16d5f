"""A StatefulSet's status from its pods. Models: kube-controller-manager, statefulset/stateful_set_control.go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.statefulset import identity
from clusters.machinery.types import Obj


def is_running_and_ready(pod: Obj) -> bool:
    return pod_of.phase(pod) == "Running" and pod_of.is_ready(pod)


def is_running_and_available(pod: Obj, min_ready: int, now: int) -> bool:
    return is_running_and_ready(pod) and pod_of.is_available(pod, min_ready, now)


def calculate(
    owner: Obj, pods: Iterable[Obj], *, current: str, update: str, collisions: int, now: int
) -> dict[str, Any]:
    """The status; `current` and `update` are the names of the two revisions."""
    min_ready = owner["spec"].get("minReadySeconds", 0)
    numbers = dict.fromkeys(("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"), 0)
    for pod in pods:
        numbers["replicas"] += 1
        if is_running_and_ready(pod):
            numbers["readyReplicas"] += 1
            if pod_of.is_available(pod, min_ready, now):
                numbers["availableReplicas"] += 1
        if "deletionTimestamp" not in pod["metadata"]:
            revision = identity.revision_of(pod)
            numbers["currentReplicas"] += revision == current
            numbers["updatedReplicas"] += revision == update
    complete = (owner["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate" and numbers[
        "updatedReplicas"
    ] == numbers["replicas"] == numbers["readyReplicas"]
    if complete:
        numbers["currentReplicas"], current = numbers["updatedReplicas"], update
    status: dict[str, Any] = {"observedGeneration": owner["metadata"].get("generation", 0)}
    status["replicas"] = numbers.pop("replicas")
    available = numbers.pop("availableReplicas")
    status.update({k: v for k, v in numbers.items() if v})
    status |= {
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": collisions,
        "availableReplicas": available,
    }
    return status
