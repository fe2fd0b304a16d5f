"""One sync of a CronJob: clean up ended Jobs, start the one that is due, wake at the next time.

Models: kube-controller-manager, cronjob/cronjob_controllerv2.go and utils.go.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.job import conditions as verdicts
from clusters.components.controllers.job.controller import JOBS
from clusters.components.controllers.shared import pods as owned
from clusters.components.controllers.shared.objects import deep, draft
from clusters.components.controllers.shared.podcontrol import is_namespace_terminating
from clusters.components.controllers.shared.pods import when
from clusters.components.controllers.shared.telling import Once
from clusters.kernel.clock import MINUTE, SECOND, rfc3339
from clusters.machinery import meta
from clusters.machinery.errors import AlreadyExists, ApiError, NotFound
from clusters.machinery.field import go_quote
from clusters.machinery.types import Obj, UserInfo

CRONJOBS = "cronjobs.batch"
SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_TOO_MANY = 100
_MACROS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip


class CronJobController(Controller):
    """`cronjobs.batch`."""

    name: ClassVar[str] = "cronjob-controller"
    user: ClassVar[UserInfo] = controller_user("cronjob-controller")

    def setup(self) -> None:
        self.crons, self.jobs = self.env.informers[CRONJOBS], self.env.informers[JOBS]
        self.events = self.env.events("cronjob-controller", "")
        self.states = Once(self.events, self.env.informers["events"])
        owned.index_by_controller(self.jobs)
        self.crons.add_index("uid", lambda obj: (obj["metadata"]["uid"],))
        self.crons.on_change(self._cron_changed)
        self.jobs.on_change(self._job_changed)

    def _cron_changed(self, old: Obj | None, new: Obj | None) -> None:
        changed = new or old
        assert changed is not None
        self.queue.add(key_of(changed))

    def _job_changed(self, old: Obj | None, new: Obj | None) -> None:
        job = new or old
        assert job is not None
        ref = meta.controller_of(job)
        if ref is not None and ref["kind"] == "CronJob":
            for cron in self.crons.by_index("uid", ref["uid"]):
                self.queue.add(key_of(cron))

    def sync(self, key: str) -> None:
        cron = self.crons.by_key(key)
        if cron is None or "deletionTimestamp" in cron["metadata"]:
            return
        now = self.env.clock.now()
        jobs = owned.owned_by(self.jobs, cron["metadata"]["uid"])
        status = self._follow_jobs(cron, dict(cron.get("status") or {}), jobs)
        self._clean_up(cron, jobs)
        try:
            self._start_due(cron, status, key, now)
        finally:
            self._write(cron, status)

    # jobs that exist

    def _follow_jobs(self, cron: Obj, status: dict[str, Any], jobs: list[Obj]) -> dict[str, Any]:
        """`active` and `lastSuccessfulTime` as the Jobs say."""
        by_uid = {j["metadata"]["uid"]: j for j in jobs}
        active = {ref["uid"]: ref for ref in status.get("active") or ()}
        for uid, job in by_uid.items():
            finished = verdicts.is_finished(job)
            if uid not in active and not finished:
                # Somebody else made it by hand: it is not waited for.
                text = f"Saw a job that the controller did not create or forgot: {job['metadata']['name']}"
                self.states.event(cron, "Warning", "UnexpectedJob", text)
            elif uid in active and finished:
                word = "Complete" if verdicts.true(job, "Complete") else "Failed"
                text = f"Saw completed job: {job['metadata']['name']}, condition: {word}"
                self.events.event(cron, "Normal", "SawCompletedJob", text)
                del active[uid]
            ended = (job.get("status") or {}).get("completionTime")
            if verdicts.true(job, "Complete") and ended and ended > status.get("lastSuccessfulTime", ""):
                status["lastSuccessfulTime"] = ended
        for uid in [u for u in active if u not in by_uid]:
            text = f"Active job went missing: {active[uid].get('name', '')}"
            self.events.event(cron, "Normal", "MissingJob", text)
            del active[uid]
        _set_active(status, list(active.values()))
        return status

    def _clean_up(self, cron: Obj, jobs: list[Obj]) -> None:
        spec = cron["spec"]
        limits = (
            ("Complete", spec.get("successfulJobsHistoryLimit", 3)),
            ("Failed", spec.get("failedJobsHistoryLimit", 1)),
        )
        for kind, limit in limits:
            if limit is None:
                continue
            ended = [j for j in jobs if verdicts.true(j, kind)]
            ended.sort(key=lambda j: ((j.get("status") or {}).get("startTime", ""), j["metadata"]["name"]))
            for job in ended[: max(len(ended) - limit, 0)]:
                self._delete(cron, job)

    def _delete(self, cron: Obj, job: Obj) -> None:
        own = job["metadata"]
        try:
            self.env.client.delete(JOBS, own["namespace"], own["name"], propagation="Background", uid=own["uid"])
        except NotFound:
            return
        self.events.event(cron, "Normal", "SuccessfulDelete", f"Deleted job {own['name']}")

    # the next one

    def _start_due(self, cron: Obj, status: dict[str, Any], key: str, now: int) -> None:
        spec = cron["spec"]
        if spec.get("suspend"):
            return
        try:
            schedule = Schedule.parse(spec["schedule"], spec.get("timeZone") or "UTC")
        except ZoneInfoNotFoundError:
            text = f'invalid timeZone: "{spec["timeZone"]}": unknown time zone {spec["timeZone"]}'
            self.states.event(cron, "Warning", "UnknownTimeZone", text)
            return
        except ValueError as error:
            text = f"unparseable schedule: {go_quote(spec['schedule'])} : {error}"
            self.states.event(cron, "Warning", "UnparseableSchedule", text)
            return
        earliest = when(status.get("lastScheduleTime") or cron["metadata"]["creationTimestamp"])
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None:
            earliest = max(earliest, now - int(deadline) * SECOND)
        due, missed = schedule.last_between(earliest, now)
        following = schedule.after(now)
        if following is not None:
            self.queue.add_at(key, following, background=True)
        if missed > _TOO_MANY:
            text = (
                f"too many missed start times: {missed}. "
                "Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            )
            self.states.event(cron, "Warning", "TooManyMissedTimes", text)
        if due is None:
            return
        policy, active = spec.get("concurrencyPolicy", "Allow"), status.get("active") or []
        if policy == "Forbid" and active:
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self.events.event(cron, "Normal", "JobAlreadyActive", text)
            return
        if policy == "Replace":
            for reference in active:
                job = self.jobs.get(cron["metadata"]["namespace"], reference["name"])
                if job is not None:
                    self._delete(cron, job)
            _set_active(status, [])
        self._create(cron, status, due)

    def _create(self, cron: Obj, status: dict[str, Any], due: int) -> None:
        namespace = cron["metadata"]["namespace"]
        try:
            job = self.env.client.create(JOBS, namespace, _new_job(cron, due))
        except AlreadyExists:
            known = self.jobs.get(namespace, f"{cron['metadata']['name']}-{due // MINUTE}")
            if known is not None and meta.controlled_by(known, cron):
                status["lastScheduleTime"] = rfc3339(due)
            return
        except ApiError as error:
            if is_namespace_terminating(error):
                return
            self.events.event(cron, "Warning", "FailedCreate", f"Error creating job: {error.message}")
            raise
        self.events.event(cron, "Normal", "SuccessfulCreate", f"Created job {job['metadata']['name']}")
        _set_active(status, [*(status.get("active") or ()), _reference(job)])
        status["lastScheduleTime"] = rfc3339(due)

    def _write(self, cron: Obj, status: dict[str, Any]) -> None:
        if status == (cron.get("status") or {}):
            return
        fresh = self.crons.by_key(key_of(cron))
        if fresh is not None:
            self.env.client.update_status(CRONJOBS, draft(fresh, status=status))


class Schedule:
    """A cron line in a time zone."""

    def __init__(self, line: str, zone: ZoneInfo) -> None:
        self.line = line
        self.zone = zone

    @staticmethod
    def parse(line: str, zone: str) -> Schedule:
        """Raises ValueError; ZoneInfoNotFoundError for an unknown zone."""
        return _schedule(line, zone)

    def after(self, moment: int) -> int | None:
        """The first time after `moment` (virtual microseconds)."""
        base = datetime.fromtimestamp(moment // SECOND, UTC).astimezone(self.zone)
        try:
            found: datetime = croniter(self.line, base).get_next(datetime)
        except CroniterError:
            return None
        return int(found.timestamp()) * SECOND

    def last_between(self, after: int, until: int) -> tuple[int | None, int]:
        """(the last time in (after, until], how many there are, at most one more than too many)."""
        last, count, at = None, 0, self.after(after)
        while at is not None and at <= until:
            last, count = at, count + 1
            if count > _TOO_MANY:
                base = datetime.fromtimestamp((until + SECOND) // SECOND, UTC).astimezone(self.zone)
                previous: datetime = croniter(self.line, base).get_prev(datetime)
                return int(previous.timestamp()) * SECOND, count
            at = self.after(at)
        return last, count


@lru_cache(maxsize=1024)
def _schedule(line: str, zone: str) -> Schedule:
    if line.startswith(("TZ=", "CRON_TZ=")):
        prefix, _, line = line.partition(" ")
        zone = prefix.partition("=")[2]
    line = _MACROS.get(line.strip(), line.strip())
    if line.startswith("@every "):
        raise ValueError("intervals are not supported")
    if not croniter.is_valid(line):
        raise ValueError("not a cron line")
    return Schedule(line, ZoneInfo("UTC" if zone in ("", "Local") else zone))


def _new_job(cron: Obj, due: int) -> Obj:
    own, template = cron["metadata"], cron["spec"]["jobTemplate"]
    source = template.get("metadata") or {}
    metadata: dict[str, Any] = {
        "name": f"{own['name']}-{due // MINUTE}",
        "namespace": own["namespace"],
        "annotations": {**(source.get("annotations") or {}), SCHEDULED_AT: rfc3339(due)},
        "ownerReferences": [meta.owner_reference(cron)],
    }
    if source.get("labels"):
        metadata["labels"] = dict(source["labels"])
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": deep(template["spec"])}


def _reference(job: Obj) -> dict[str, Any]:
    own = job["metadata"]
    return {
        "kind": "Job",
        "namespace": own["namespace"],
        "name": own["name"],
        "uid": own["uid"],
        "apiVersion": "batch/v1",
        "resourceVersion": own.get("resourceVersion", ""),
    }


def _set_active(status: dict[str, Any], active: list[dict[str, Any]]) -> None:
    if active:
        status["active"] = active
    else:
        status.pop("active", None)
