"""One sync of a Job: count what has ended, decide whether it is over, run as many pods as it wants.

Ended pods are counted exactly once: they keep a finalizer until their uid has been written to the status
(`uncountedTerminatedPods`) and counted. Models: kube-controller-manager, job/job_controller.go.
"""

from __future__ import annotations

from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.job import conditions as verdicts
from clusters.components.controllers.job import pods as job_pods
from clusters.components.controllers.job.progress import Progress, measure
from clusters.components.controllers.shared import conditions
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.claims import claim
from clusters.components.controllers.shared.objects import draft
from clusters.components.controllers.shared.podcontrol import PodControl, is_namespace_terminating, slow_start
from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery import meta
from clusters.machinery.errors import ApiError, NotFound
from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj, UserInfo

JOBS = "jobs.batch"
BACKOFF, MAX_BACKOFF = 10 * SECOND, 600 * SECOND
"""Between a failure and the pod that replaces it, doubling with each failure in a row."""


class JobController(Controller):
    """`jobs.batch`."""

    name: ClassVar[str] = "job-controller"
    user: ClassVar[UserInfo] = controller_user("job-controller")

    def setup(self) -> None:
        self.jobs, self.pods = self.env.informers[JOBS], self.env.informers["pods"]
        self.events = self.env.events("job-controller", "")
        self.control = PodControl(self.env.client, self.events)
        pod_of.index_by_controller(self.pods)
        self.jobs.add_index("uid", lambda obj: (obj["metadata"]["uid"],))
        self.jobs.on_change(self._job_changed)
        self.pods.on_change(self._pod_changed)

    def _job_changed(self, old: Obj | None, new: Obj | None) -> None:
        changed = new or old
        assert changed is not None
        self.queue.add(key_of(changed))

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        for obj in (old, new):
            ref = meta.controller_of(obj) if obj is not None else None
            if ref is None or ref["kind"] != "Job":
                continue
            owners = self.jobs.by_index("uid", ref["uid"])
            for owner in owners:
                self.queue.add(key_of(owner))
            if not owners and new is not None and job_pods.tracked(new):
                # The Job is gone: nobody will count this pod any more.
                self.queue.add(f"orphan|{key_of(new)}")

    def sync(self, key: str) -> None:
        if key.startswith("orphan|"):
            pod = self.pods.by_key(key.removeprefix("orphan|"))
            ref = meta.controller_of(pod) if pod is not None else None
            if pod is not None and ref is not None and not self.jobs.by_index("uid", ref["uid"]):
                self._untrack(pod)
            return
        job = self.jobs.by_key(key)
        if (
            job is None
            or job["spec"].get("managedBy", "kubernetes.io/job-controller") != "kubernetes.io/job-controller"
        ):
            return
        if verdicts.is_finished(job):
            for pod in pod_of.owned_by(self.pods, job["metadata"]["uid"]):
                self._untrack(pod)
            return
        _Sync(self, job).run()

    def _untrack(self, pod: Obj) -> None:
        """Take the finalizer away that holds an ended pod."""
        if not job_pods.tracked(pod):
            return
        own = pod["metadata"]
        left = [f for f in own["finalizers"] if f != job_pods.TRACKING]
        patch = {"metadata": {"finalizers": left or None}}
        try:
            self.env.client.patch("pods", own["namespace"], own["name"], patch, uid=own["uid"])
        except NotFound:
            return


class _Sync:
    """One pass over one Job."""

    def __init__(self, controller: JobController, job: Obj) -> None:
        self.controller = controller
        self.client = controller.env.client
        self.now = controller.env.clock.now()
        self.key = key_of(job)
        self.job = job
        self.pods: list[Obj] = []
        self.status: dict[str, Any] = dict(job.get("status") or {})
        self.conditions = verdicts.of(job)

    def run(self) -> None:
        job, own = self.job, self.job["metadata"]
        informer = self.controller.pods
        candidates = pod_of.owned_by(informer, own["uid"]) + pod_of.orphans(informer, own["namespace"])
        self.pods = claim(self.client, "pods", job, from_label_selector(job["spec"].get("selector")), candidates)
        suspended = job_pods.is_suspended(job)
        if not self.status.get("startTime") and not suspended:
            self.status["startTime"] = rfc3339(self.now)
        found = measure(job, self.pods, self.status)
        verdict = self._verdict(found)
        failure: ApiError | None = None
        try:
            if verdict is not None:
                self._end_pods(found)
            elif not meta.deleting(job):
                self._manage(found, suspended=suspended)
        except ApiError as error:
            failure = error
        self._note_suspension(suspended)
        self._count(found, verdict)
        if failure is not None and not is_namespace_terminating(failure):
            raise failure

    # is it over?

    def _verdict(self, found: Progress) -> dict[str, Any] | None:
        """The FailureTarget or SuccessCriteriaMet condition of a Job that is over, noted or new."""
        for kind in ("FailureTarget", "SuccessCriteriaMet"):
            noted = verdicts.true(self.job, kind)
            if noted is not None:
                return noted
        spec = self.job["spec"]
        limit = int(spec.get("backoffLimit", 6))

        def failed(reason: str, message: str) -> dict[str, Any]:
            return verdicts.made("FailureTarget", "True", reason, message, self.now)

        if found.fail_message:
            return failed(verdicts.FAILURE_POLICY, found.fail_message)
        if found.failed > limit or self._restarted_too_often(limit):
            return failed(*verdicts.BACKOFF_LIMIT)
        if self._past_deadline():
            return failed(*verdicts.DEADLINE)
        if job_pods.is_indexed(self.job) and spec.get("backoffLimitPerIndex") is not None:
            most = spec.get("maxFailedIndexes")
            if most is not None and len(found.failed_indexes) > most:
                return failed(*verdicts.MAX_FAILED_INDEXES)
            if found.failed_indexes and len(found.failed_indexes | found.done_indexes) >= spec["completions"]:
                return failed(*verdicts.FAILED_INDEXES)
        if found.success_message:
            return verdicts.made("SuccessCriteriaMet", "True", verdicts.SUCCESS_POLICY, found.success_message, self.now)
        completions = spec.get("completions")
        if completions is None:
            complete = found.succeeded > 0 and not found.active
        else:
            complete = found.succeeded >= completions
        if complete and not job_pods.is_suspended(self.job):
            return verdicts.made("SuccessCriteriaMet", "True", *verdicts.COMPLETIONS, self.now)
        return None

    def _restarted_too_often(self, limit: int) -> bool:
        template = self.job["spec"]["template"].get("spec") or {}
        if template.get("restartPolicy") != "OnFailure":
            return False
        restarts = 0
        for pod in self.pods:
            if pod_of.phase(pod) in ("Running", "Pending"):
                status = pod.get("status") or {}
                for key in ("initContainerStatuses", "containerStatuses"):
                    restarts += sum(int(s.get("restartCount", 0)) for s in status.get(key) or ())
        return restarts > 0 if limit == 0 else restarts >= limit

    def _past_deadline(self) -> bool:
        seconds = self.job["spec"].get("activeDeadlineSeconds")
        if seconds is None or not self.status.get("startTime") or job_pods.is_suspended(self.job):
            return False
        due = pod_of.when(self.status["startTime"]) + int(seconds) * SECOND
        if self.now >= due:
            return True
        self.controller.queue.add_at(self.key, due)
        return False

    # pods

    def _end_pods(self, found: Progress) -> None:
        for pod in found.active:
            self.controller.control.delete(pod, self.job)
        found.terminating += len(found.active)
        found.active = []

    def _manage(self, found: Progress, *, suspended: bool) -> None:
        spec = self.job["spec"]
        if suspended:
            for pod in found.active:
                self.controller._untrack(pod)
                self.controller.control.delete(pod, self.job)
            found.terminating += len(found.active)
            found.active = []
            return
        parallelism, completions = int(spec.get("parallelism", 1)), spec.get("completions")
        if completions is None:
            wanted = len(found.active) if found.succeeded > 0 else parallelism
        else:
            wanted = max(min(completions - found.succeeded, parallelism), 0)
        surplus = len(found.active) - wanted
        if surplus > 0:
            doomed = sorted(found.active, key=_least_wanted)[:surplus]
            for pod in doomed:
                self.controller._untrack(pod)
                self.controller.control.delete(pod, self.job)
            found.active = [p for p in found.active if p not in doomed]
            return
        missing = wanted - len(found.active)
        if job_pods.only_failed_replaced(self.job):
            missing -= found.terminating
        if missing > 0 and not self._backing_off(found):
            self._create(found, missing)

    def _backing_off(self, found: Progress) -> bool:
        """After failures in a row the next pod waits."""
        if not found.failures_in_row or self.job["spec"].get("backoffLimitPerIndex") is not None:
            return False
        return self._waits_after(found.failures_in_row, found.last_failure)

    def _waits_after(self, failures: int, last: int) -> bool:
        due = last + min(BACKOFF << min(failures - 1, 10), MAX_BACKOFF)
        if self.now >= due:
            return False
        self.controller.queue.add_at(self.key, due)
        return True

    def _create(self, found: Progress, missing: int) -> None:
        indexes: list[int | None] = [None] * missing
        if job_pods.is_indexed(self.job):
            taken = found.done_indexes | found.failed_indexes | {job_pods.index_of(p) for p in found.active}
            total = int(self.job["spec"].get("completions") or 0)
            pending = [i for i in range(total) if i not in taken][:missing]
            indexes = [i for i in pending if not self._index_waits(found.last_of_index.get(i))]
        left = iter(indexes)

        def one() -> None:
            index = next(left)
            replaced = found.last_of_index.get(index) if index is not None else None
            pod = job_pods.new_pod(self.job, index, replaced)
            found.active.append(self.controller.control.create(pod, self.job))

        _, failure = slow_start(len(indexes), one)
        if failure is not None:
            raise failure

    def _index_waits(self, last: Obj | None) -> bool:
        """With a limit for each index, each has its own pauses."""
        return last is not None and self._waits_after(job_pods.failures_before(last) + 1, job_pods.finished_at(last))

    # status

    def _note_suspension(self, suspended: bool) -> None:
        noted = conditions.is_true(self.conditions, "Suspended")
        if suspended and not noted:
            self._set(verdicts.made("Suspended", "True", "JobSuspended", "Job suspended", self.now))
            self.status.pop("startTime", None)
            self.controller.events.event(self.job, "Normal", "Suspended", "Job suspended")
        elif not suspended and noted:
            self._set(verdicts.made("Suspended", "False", "JobResumed", "Job resumed", self.now))
            self.status["startTime"] = rfc3339(self.now)
            self.controller.events.event(self.job, "Normal", "Resumed", "Job resumed")

    def _set(self, condition: dict[str, Any]) -> None:
        self.conditions = conditions.put(self.conditions, condition)

    def _count(self, found: Progress, verdict: dict[str, Any] | None) -> None:
        """Write the status; ended pods first as uncounted, then without finalizer, then in the counts."""
        if verdict is not None and conditions.find(self.conditions, verdict["type"]) is None:
            self._set(verdict)
        self._numbers(found)
        kept = [] if verdict is not None else [p["metadata"]["uid"] for p in found.last_of_index.values()]
        fresh_pods = [p for p in found.newly_ended if job_pods.tracked(p)]
        if fresh_pods:
            waiting = self.status.get("uncountedTerminatedPods") or {}
            lists = {
                kind: [*waiting.get(kind, ()), *(u for u in uids if u not in waiting.get(kind, ()))]
                for kind, uids in (("succeeded", found.new_succeeded), ("failed", found.new_failed))
            }
            self.status["uncountedTerminatedPods"] = {k: v for k, v in lists.items() if v}
            self._write()
            for pod in fresh_pods:
                if pod["metadata"]["uid"] not in kept:
                    self.controller._untrack(pod)
        for pod in found.ignored:
            self.controller._untrack(pod)
        for field, count in (("succeeded", found.succeeded), ("failed", found.failed - len(kept))):
            if count:
                self.status[field] = count
        if found.done_indexes:
            self.status["completedIndexes"] = job_pods.format_indexes(found.done_indexes)
        if found.failed_indexes:
            self.status["failedIndexes"] = job_pods.format_indexes(found.failed_indexes)
        self.status["uncountedTerminatedPods"] = {"failed": sorted(kept)} if kept else {}
        if verdict is not None and not found.active and not found.terminating:
            self._finish(verdict)
        self._write()

    def _numbers(self, found: Progress) -> None:
        if found.active:
            self.status["active"] = len(found.active)
        else:
            self.status.pop("active", None)
        self.status["ready"] = sum(pod_of.is_ready(p) for p in found.active)
        self.status["terminating"] = found.terminating
        self.status.setdefault("uncountedTerminatedPods", {})

    def _finish(self, verdict: dict[str, Any]) -> None:
        reason, message = verdict["reason"], verdict["message"]
        if verdict["type"] == "SuccessCriteriaMet":
            self._set(verdicts.made("Complete", "True", reason, message, self.now))
            self.status["completionTime"] = rfc3339(self.now)
            self.controller.events.event(self.job, "Normal", "Completed", "Job completed")
        else:
            self._set(verdicts.made("Failed", "True", reason, message, self.now))
            self.controller.events.event(self.job, "Warning", reason, message)

    def _write(self) -> None:
        if self.conditions:
            self.status["conditions"] = self.conditions
        fresh = self.controller.jobs.by_key(self.key)
        if fresh is None or fresh["metadata"]["uid"] != self.job["metadata"]["uid"]:
            return
        if self.status != (fresh.get("status") or {}):
            self.client.update_status(JOBS, draft(fresh, status=dict(self.status)))


def _least_wanted(pod: Obj) -> tuple[Any, ...]:
    return (bool(pod_of.node_name(pod)), pod_of.phase(pod) == "Running", pod_of.is_ready(pod), pod["metadata"]["name"])
