"""A Job's conditions and what they mean. Models: kube-controller-manager, job/utils.go."""

from __future__ import annotations

from typing import Any

from clusters.components.controllers.shared import conditions
from clusters.kernel.clock import rfc3339
from clusters.machinery.types import Obj

BACKOFF_LIMIT = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
DEADLINE = ("DeadlineExceeded", "Job was active longer than specified deadline")
COMPLETIONS = ("CompletionsReached", "Reached expected number of succeeded pods")
SUCCESS_POLICY = "SuccessPolicy"
FAILED_INDEXES = ("FailedIndexes", "Job has failed indexes")
MAX_FAILED_INDEXES = (
    "MaxFailedIndexesExceeded",
    "Job has exceeded the specified maximal number of failed indexes",
)
FAILURE_POLICY = "PodFailurePolicy"


def made(kind: str, status: str, reason: str, message: str, now: int) -> dict[str, Any]:
    stamp = rfc3339(now)
    return {
        "type": kind,
        "status": status,
        "lastProbeTime": stamp,
        "lastTransitionTime": stamp,
        "reason": reason,
        "message": message,
    }


def of(job: Obj) -> list[dict[str, Any]]:
    return list((job.get("status") or {}).get("conditions") or ())


def true(job: Obj, kind: str) -> dict[str, Any] | None:
    found = conditions.find(of(job), kind)
    return found if found is not None and found["status"] == "True" else None


def is_finished(job: Obj) -> bool:
    return true(job, "Complete") is not None or true(job, "Failed") is not None


def finish_time(job: Obj) -> str:
    """When the Job ended, as stored; "" while it has not."""
    found = true(job, "Complete") or true(job, "Failed")
    return str(found["lastTransitionTime"]) if found is not None else ""
