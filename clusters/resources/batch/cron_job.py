"""CronJob. Models: kubernetes, pkg/registry/batch/cronjob, pkg/apis/batch (defaults, validation)."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.apps.rules import SPEC, name_warnings
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.batch.job import job_spec_warnings
from clusters.resources.batch.job_spec import job_spec_errors
from clusters.resources.batch.schedule import parse
from clusters.resources.batch.time_zones import time_zone_errors
from clusters.resources.common.ages import since
from clusters.resources.common.checks import nonnegative
from clusters.resources.common.columns import (
    AGE,
    NAME,
    NONE,
    container_images,
    container_names,
    selector,
    text,
)
from clusters.resources.common.meta import METADATA
from clusters.resources.pod_spec.defaults import default_template

_JOB = SPEC.child("jobTemplate", "spec")
_SCHEDULE = SPEC.child("schedule")
_POLICIES = ("Allow", "Forbid", "Replace")
_MAX_NAME = 52
"""What is left of a Job's 63 once the controller has appended the time."""


class CronJobStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        spec.setdefault("schedule", "")
        if not spec.get("concurrencyPolicy"):
            spec["concurrencyPolicy"] = "Allow"
        if spec.get("suspend") is None:
            spec["suspend"] = False
        if spec.get("successfulJobsHistoryLimit") is None:
            spec["successfulJobsHistoryLimit"] = 3
        if spec.get("failedJobsHistoryLimit") is None:
            spec["failedJobsHistoryLimit"] = 1
        template = spec.setdefault("jobTemplate", {})
        template.setdefault("metadata", {})
        default_template(template.setdefault("spec", {}).setdefault("template", {}))
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors = _spec_errors(obj["spec"], None)
        name = obj["metadata"].get("name", "")
        if len(name) > _MAX_NAME:
            errors.append(invalid(METADATA.child("name"), name, f"must be no more than {_MAX_NAME} characters"))
        return errors

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        out = name_warnings(obj) + job_spec_warnings(obj["spec"]["jobTemplate"]["spec"], _JOB)
        return out + _zone_warnings(obj["spec"])

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return _spec_errors(new["spec"], old["spec"])

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        out: list[str] = []
        if new["metadata"].get("generation") != old["metadata"].get("generation"):
            out += job_spec_warnings(new["spec"]["jobTemplate"]["spec"], _JOB)
        return out + _zone_warnings(new["spec"])


def _spec_errors(spec: Obj, old: Obj | None) -> ErrorList:
    schedule, zone = spec.get("schedule", ""), spec.get("timeZone")
    errors: ErrorList = []
    if not schedule:
        errors.append(required(_SCHEDULE))
    else:
        had = old is not None and "TZ" in old.get("schedule", "")
        errors += _schedule_errors(schedule, zone, may_have_zone=had)
    errors += nonnegative(spec.get("startingDeadlineSeconds"), SPEC.child("startingDeadlineSeconds"))
    if old is None or old.get("timeZone") != zone:
        errors += time_zone_errors(zone, SPEC.child("timeZone"))
    policy, at = spec.get("concurrencyPolicy", ""), SPEC.child("concurrencyPolicy")
    if policy not in _POLICIES:
        errors.append(not_supported(at, policy, _POLICIES) if policy else required(at))
    job = spec["jobTemplate"]["spec"]
    errors += job_spec_errors(job, _JOB)
    if job.get("selector") is not None:
        errors.append(invalid(_JOB.child("selector"), job["selector"], "`selector` will be auto-generated"))
    if job.get("manualSelector"):
        errors.append(not_supported(_JOB.child("manualSelector"), True, ("nil", "false")))
    for name in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        errors += nonnegative(spec.get(name), SPEC.child(name))
    return errors


def _schedule_errors(schedule: str, zone: str | None, *, may_have_zone: bool) -> ErrorList:
    errors: ErrorList = []
    try:
        parse(schedule)
    except ValueError as error:
        errors.append(invalid(_SCHEDULE, schedule, str(error)))
    if "TZ" in schedule:
        if not may_have_zone:
            why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            errors.append(invalid(_SCHEDULE, schedule, why))
        elif zone is not None:
            why = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
            errors.append(invalid(_SCHEDULE, schedule, why))
    return errors


def _zone_warnings(spec: Obj) -> list[str]:
    if "TZ" not in spec.get("schedule", ""):
        return []
    where = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
    return [f"CRON_TZ or TZ used in spec.spec.schedule is not officially supported, see {where} for more details"]


def _containers(obj: Obj) -> list[Obj]:
    return list(obj["spec"]["jobTemplate"]["spec"]["template"]["spec"].get("containers") or ())


def _last_schedule(obj: Obj, now: int) -> str:
    last = (obj.get("status") or {}).get("lastScheduleTime")
    return since(last, now) if last else NONE


RESOURCE = Resource(
    group="batch",
    name="cronjobs",
    kind="CronJob",
    singular="cronjob",
    versions=(Version(name="v1", schema="io.k8s.api.batch.v1.CronJob"),),
    short_names=("cj",),
    categories=("all",),
    subresources=(Subresource(name="status"),),
    strategy=CronJobStrategy(),
    columns=(
        NAME,
        Column(
            name="Schedule",
            description="The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.",
            value=lambda o, now: o["spec"].get("schedule", ""),
        ),
        Column(
            name="Timezone",
            description="The time zone name for the given schedule, see"
            " https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this will default to the"
            " time zone of the kube-controller-manager process. The set of valid time zone names and the time zone"
            " offset is loaded from the system-wide time zone database by the API server during CronJob validation and"
            " the controller manager during execution. If no system-wide time zone database can be found a bundled"
            " version of the database is used instead. If the time zone name becomes invalid during the lifetime of a"
            " CronJob or due to a change in host configuration, the controller will stop creating new new Jobs and"
            " will create a system event with the reason UnknownTimeZone. More information can be found in"
            " https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones",
            value=lambda o, now: text(o["spec"].get("timeZone")),
        ),
        Column(
            name="Suspend",
            type="boolean",
            description="This flag tells the controller to suspend subsequent executions, it does not apply to already"
            " started executions.  Defaults to false.",
            value=lambda o, now: "True" if o["spec"].get("suspend") else "False",
        ),
        Column(
            name="Active",
            type="integer",
            description="A list of pointers to currently running jobs.",
            value=lambda o, now: len((o.get("status") or {}).get("active") or ()),
        ),
        Column(
            name="Last Schedule",
            description="Information when was the last time the job was successfully scheduled.",
            value=_last_schedule,
        ),
        AGE,
        Column(
            name="Containers",
            priority=1,
            description="Names of each container in the template.",
            value=lambda o, now: container_names(_containers(o)),
        ),
        Column(
            name="Images",
            priority=1,
            description="Images referenced by each container in the template.",
            value=lambda o, now: container_images(_containers(o)),
        ),
        Column(
            name="Selector",
            priority=1,
            description="A label query over pods that should match the pod count. Normally, the system sets this field"
            " for you. More info:"
            " https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
            value=lambda o, now: selector(o["spec"]["jobTemplate"]["spec"].get("selector")),
        ),
    ),
)
