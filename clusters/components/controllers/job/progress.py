"""How far a Job is, from its pods and what was counted before. A pure function.

Models: kube-controller-manager, job/job_controller.go (getNewFinishedPods), backoff_utils.go, success_policy.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from clusters.components.controllers.job import pods as job_pods
from clusters.components.controllers.shared import pods as pod_of
from clusters.machinery.types import Obj


@dataclass(slots=True)
class Progress:
    """Counts include what is written as uncounted and what ended just now."""

    succeeded: int = 0
    failed: int = 0
    active: list[Obj] = field(default_factory=list)
    terminating: int = 0
    newly_ended: list[Obj] = field(default_factory=list)
    new_succeeded: list[str] = field(default_factory=list)
    new_failed: list[str] = field(default_factory=list)
    ignored: list[Obj] = field(default_factory=list)
    """Failed pods that the failure policy does not count."""
    done_indexes: set[int] = field(default_factory=set)
    failed_indexes: set[int] = field(default_factory=set)
    fail_message: str = ""
    """Why the failure policy ends the Job."""
    success_message: str = ""
    """Which rule of the success policy ends the Job."""
    last_of_index: dict[int, Obj] = field(default_factory=dict)
    """With a limit for each index: its last failed pod, which is kept until another takes its place."""
    failures_in_row: int = 0
    last_failure: int = 0


def measure(job: Obj, pods: Sequence[Obj], status: dict[str, Any]) -> Progress:
    """`status` is the Job's stored status."""
    found = Progress()
    waiting = status.get("uncountedTerminatedPods") or {}
    known = {kind: set(waiting.get(kind) or ()) for kind in ("succeeded", "failed")}
    found.done_indexes = job_pods.parse_indexes(status.get("completedIndexes", ""))
    found.failed_indexes = job_pods.parse_indexes(status.get("failedIndexes", ""))
    indexed = job_pods.is_indexed(job)
    per_index = job["spec"].get("backoffLimitPerIndex") if indexed else None
    for pod in pods:
        if pod_of.is_active(pod):
            found.active.append(pod)
        elif pod_of.is_terminating(pod):
            found.terminating += 1
        uid = pod["metadata"]["uid"]
        if not job_pods.tracked(pod):
            continue
        if pod_of.phase(pod) == "Succeeded":
            _succeed(found, job, pod, known, indexed=indexed)
        elif job_pods.is_failed(job, pod):
            action, message = job_pods.failure_action(job, pod)
            if action == job_pods.FAIL_JOB and not found.fail_message:
                found.fail_message = message
            if action == job_pods.IGNORE:
                found.ignored.append(pod)
                continue
            index = job_pods.index_of(pod)
            if per_index is not None and index is not None:
                if action == job_pods.FAIL_INDEX or job_pods.failures_before(pod) >= per_index:
                    found.failed_indexes.add(index)
                last = found.last_of_index.get(index)
                if last is None or job_pods.finished_at(pod) > job_pods.finished_at(last):
                    found.last_of_index[index] = pod
            if uid not in known["failed"]:
                found.new_failed.append(uid)
            found.newly_ended.append(pod)
    over = found.done_indexes | found.failed_indexes | {job_pods.index_of(p) for p in found.active}
    found.last_of_index = {
        i: p for i, p in found.last_of_index.items() if i not in over and "deletionTimestamp" not in p["metadata"]
    }
    found.failed = int(status.get("failed", 0)) + len(known["failed"]) + len(found.new_failed)
    if indexed:
        found.succeeded = len(found.done_indexes)
    else:
        found.succeeded = int(status.get("succeeded", 0)) + len(known["succeeded"]) + len(found.new_succeeded)
    found.success_message = _success(job, found.done_indexes) if indexed else ""
    _failures(found, job, pods)
    return found


def _succeed(found: Progress, job: Obj, pod: Obj, known: dict[str, set[str]], *, indexed: bool) -> None:
    uid = pod["metadata"]["uid"]
    if indexed:
        index = job_pods.index_of(pod)
        if index is not None and index < int(job["spec"].get("completions") or 0):
            found.done_indexes.add(index)
    if uid not in known["succeeded"]:
        found.new_succeeded.append(uid)
    found.newly_ended.append(pod)


def _failures(found: Progress, job: Obj, pods: Sequence[Obj]) -> None:
    """Failures since the last success, by the time the pods ended."""
    ended = [
        (job_pods.finished_at(p), pod_of.phase(p) == "Succeeded")
        for p in pods
        if pod_of.phase(p) == "Succeeded" or job_pods.is_failed(job, p)
    ]
    for at, well in sorted(ended, reverse=True):
        if well:
            break
        found.failures_in_row += 1
        found.last_failure = max(found.last_failure, at)


def _success(job: Obj, done: set[int]) -> str:
    for i, rule in enumerate((job["spec"].get("successPolicy") or {}).get("rules") or ()):
        wanted = rule.get("succeededIndexes")
        among = done & job_pods.parse_indexes(wanted) if wanted else done
        needed = rule.get("succeededCount")
        if needed is None and wanted:
            needed = len(job_pods.parse_indexes(wanted))
        if needed is not None and len(among) >= needed:
            return f"Matched rules at index {i}"
    return ""
