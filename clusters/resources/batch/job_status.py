"""What may be written into the status of a Job, which other controllers may manage.

Every rule holds only if what it speaks of has changed, so that a status that became wrong (by a change of the
spec) can still be written.

Models: kubernetes, pkg/registry/batch/job (getStatusValidationOptions), pkg/apis/batch/validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clusters.machinery.field import OMIT, ErrorList, FieldError, Path, duplicate, invalid, required
from clusters.machinery.types import Obj
from clusters.resources.batch.indexes import count_indexes, first_common
from clusters.resources.batch.job_spec import INDEXED
from clusters.resources.common.checks import nonnegative

_STATUS = Path("status")
_CONDITIONS = _STATUS.child("conditions")
_POSITIVE = ("active", "succeeded", "failed", "ready", "terminating")


class _Look:
    """One Job's status, with its conditions by type."""

    def __init__(self, job: Obj) -> None:
        self.spec: Obj = job.get("spec") or {}
        self.status: Obj = job.get("status") or {}
        true = {c.get("type") for c in self.status.get("conditions") or () if c.get("status") == "True"}
        self.true: set[Any] = true
        self.false = {c.get("type") for c in self.status.get("conditions") or () if c.get("status") == "False"}
        self.complete = "Complete" in true
        self.failed = "Failed" in true
        self.target = "FailureTarget" in true
        self.criteria = "SuccessCriteriaMet" in true
        self.finished = self.complete or self.failed

    def get(self, name: str) -> Any:
        return self.status.get(name)


def job_status_errors(new: Obj, old: Obj) -> ErrorList:
    now, was = _Look(new), _Look(old)
    return [*_state_errors(now, was), *_transition_errors(now, was)]


def _state_errors(now: _Look, was: _Look) -> Iterator[FieldError]:
    for name in _POSITIVE:
        yield from nonnegative(now.get(name), _STATUS.child(name))
    yield from _uncounted_errors(now.get("uncountedTerminatedPods") or {})
    completes, fails = now.complete != was.complete, now.failed != was.failed
    finishes, targets = now.finished != was.finished, now.target != was.target

    def changed(name: str) -> bool:
        return bool(now.get(name) != was.get(name))

    if (completes or fails) and now.complete and now.failed:
        yield _conditions("cannot set Complete=True and Failed=true conditions")
    if (completes or targets) and now.complete and now.target:
        yield _conditions("cannot set Complete=True and FailureTarget=true conditions")
    yield from _time_errors(now, completes, changed("startTime"), changed("completionTime"))
    if (fails or targets) and now.failed and not now.target:
        yield _conditions("cannot set Failed=True condition without the FailureTarget=true condition")
    if (completes or now.criteria != was.criteria) and now.complete and not now.criteria:
        yield _conditions("cannot set Complete=True condition without the SuccessCriteriaMet=true condition")
    active = now.get("active") or 0
    if (finishes or changed("active")) and active > 0 and now.finished:
        yield invalid(_STATUS.child("active"), active, "active>0 is invalid for finished job")
    if (finishes or changed("startTime")) and now.finished and not now.get("startTime"):
        yield required(_STATUS.child("startTime"), "startTime is required for finished job")
    uncounted = now.get("uncountedTerminatedPods") or {}
    if (finishes or changed("uncountedTerminatedPods")) and now.finished and any(uncounted.values()):
        shown = {"Succeeded": uncounted.get("succeeded"), "Failed": uncounted.get("failed")}
        text = "uncountedTerminatedPods needs to be empty for finished job"
        yield invalid(_STATUS.child("uncountedTerminatedPods"), shown, text)
    yield from _index_errors(now, changed("completedIndexes"), changed("failedIndexes"))
    terminating, ready = now.get("terminating") or 0, now.get("ready") or 0
    if (finishes or changed("terminating")) and terminating > 0 and now.finished:
        yield invalid(_STATUS.child("terminating"), terminating, "terminating>0 is invalid for finished job")
    if ready > active:
        yield invalid(_STATUS.child("ready"), ready, "cannot set more ready pods than active")
    if now.criteria and now.failed:
        yield _conditions("cannot set SuccessCriteriaMet=True and Failed=true conditions")
    if now.criteria and now.target:
        yield _conditions("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions")
    if now.spec.get("successPolicy") is not None and now.complete and not now.criteria:
        yield _conditions("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True")


def _conditions(text: str) -> FieldError:
    return invalid(_CONDITIONS, OMIT, text)


def _uncounted_errors(uncounted: Obj) -> Iterator[FieldError]:
    seen: set[str] = set()
    for name in ("succeeded", "failed"):
        for i, uid in enumerate(uncounted.get(name) or ()):
            at = _STATUS.child("uncountedTerminatedPods", name).index(i)
            if not uid:
                yield invalid(at, uid, "must not be empty")
            elif uid in seen:
                yield duplicate(at, uid)
            seen.add(uid)


def _time_errors(now: _Look, completes: bool, started: bool, ended: bool) -> Iterator[FieldError]:
    start, end, at = now.get("startTime"), now.get("completionTime"), _STATUS.child("completionTime")
    if (completes or ended) and end and not now.complete:
        yield invalid(at, end, "cannot set completionTime when there is no Complete=True condition")
    if (completes or ended) and not end and now.complete:
        yield required(at, "completionTime is required for Complete jobs")
    if (started or ended) and start and end and end < start:
        yield invalid(at, end, "completionTime cannot be set before startTime")


def _index_errors(now: _Look, completed_changed: bool, failed_changed: bool) -> Iterator[FieldError]:
    completions, per_index = now.spec.get("completions"), now.spec.get("backoffLimitPerIndex")
    completed, failed = now.get("completedIndexes") or "", now.get("failedIndexes")
    at, failed_at = _STATUS.child("completedIndexes"), _STATUS.child("failedIndexes")
    if completed_changed and completions is not None:
        try:
            count_indexes(completed, completions)
        except ValueError as error:
            yield invalid(at, completed, f"error parsing completedIndexes: {error}")
    if failed_changed and completions is not None and per_index is not None and failed is not None:
        try:
            count_indexes(failed, completions)
        except ValueError as error:
            yield invalid(failed_at, failed, f"error parsing failedIndexes: {error}")
    if completed_changed and completed and now.spec.get("completionMode") != INDEXED:
        yield invalid(at, completed, "cannot set non-empty completedIndexes when non-indexed completion mode")
    if failed_changed and per_index is None and failed is not None:
        yield invalid(failed_at, failed, "cannot set non-null failedIndexes when backoffLimitPerIndex is null")
    if (completed_changed or failed_changed) and completions is not None and failed is not None:
        common = first_common(completed, failed, completions)
        if common is not None:
            text = f"failedIndexes and completedIndexes overlap at index: {common}"
            yield invalid(failed_at, failed, text)


def _transition_errors(now: _Look, was: _Look) -> Iterator[FieldError]:
    for kind in ("Failed", "Complete", "FailureTarget"):
        if kind in was.true and kind not in now.true:
            yield _conditions(f"cannot disable the terminal {kind}=True condition")
    failed, succeeded = now.get("failed") or 0, now.get("succeeded") or 0
    if failed < (was.get("failed") or 0):
        yield invalid(_STATUS.child("failed"), failed, "cannot decrease the failed counter")
    elastic = now.spec.get("completionMode") == INDEXED and (now.spec.get("completions") == now.spec.get("parallelism"))
    if not elastic and succeeded < (was.get("succeeded") or 0):
        yield invalid(_STATUS.child("succeeded"), succeeded, "cannot decrease the succeeded counter")
    end, ended = now.get("completionTime"), was.get("completionTime")
    if end and ended and end != ended:
        yield invalid(_STATUS.child("completionTime"), end, "completionTime cannot be mutated")
    started = was.get("startTime")
    resumes = "Suspended" in was.true and "Suspended" in now.false
    if started and started != now.get("startTime") and not now.spec.get("suspend") and not resumes:
        why = "field is immutable for unsuspended job once set"
        yield invalid(_STATUS.child("startTime"), now.get("startTime"), why)
    if was.criteria and not now.criteria:
        yield _conditions("cannot disable the SuccessCriteriaMet=True condition")
    if was.complete and not was.criteria and now.criteria:
        yield _conditions("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions")
