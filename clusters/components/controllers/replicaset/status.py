"""A ReplicaSet's status from its pods. Models: kube-controller-manager, replicaset/replica_set_utils.go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.components.controllers.shared import conditions
from clusters.components.controllers.shared import pods as pod_of
from clusters.kernel.clock import rfc3339
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj


def calculate(
    owner: Obj, active: Sequence[Obj], terminating: int | None, failure: ApiError | None, now: int
) -> dict[str, Any]:
    """The new status. `terminating` is None for a kind that does not count them (ReplicationController)."""
    spec, old = owner["spec"], owner.get("status") or {}
    wanted = (spec.get("template") or {}).get("metadata", {}).get("labels") or {}
    min_ready = spec.get("minReadySeconds", 0)
    labelled = ready = available = 0
    wanted_items = wanted.items()
    for pod in active:
        if wanted_items <= (pod["metadata"].get("labels") or {}).items():
            labelled += 1
        since = pod_of.available_at(pod, min_ready)
        if since is not None:
            ready += 1
            if not min_ready or since <= now:
                available += 1
    found = list(old.get("conditions") or ())
    diff = len(active) - spec.get("replicas", 0)
    if failure is not None and conditions.find(found, "ReplicaFailure") is None:
        found = conditions.move_to_end(
            found,
            {
                "type": "ReplicaFailure",
                "status": "True",
                "lastTransitionTime": rfc3339(now),
                "reason": "FailedCreate" if diff < 0 else "FailedDelete",
                "message": failure.message,
            },
        )
    elif failure is None:
        found = conditions.drop(found, "ReplicaFailure")
    status: dict[str, Any] = {"replicas": len(active)}
    if labelled:
        status["fullyLabeledReplicas"] = labelled
    if ready:
        status["readyReplicas"] = ready
    if available:
        status["availableReplicas"] = available
    if terminating is not None:
        status["terminatingReplicas"] = terminating
    status["observedGeneration"] = owner["metadata"].get("generation", 0)
    if found:
        status["conditions"] = found
    return status
