"""Job. Models: kubernetes, pkg/registry/batch/job, pkg/apis/batch (defaults, validation)."""

from __future__ import annotations

from copy import deepcopy

from clusters.kernel.clock import parse_rfc3339
from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.names import dns1123_label
from clusters.machinery.types import Obj
from clusters.resources.apps.rules import (
    MISMATCH,
    SELECTOR,
    SPEC,
    TEMPLATE,
    maybe_selector,
    name_warnings,
)
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.batch.job_spec import INDEXED, NON_INDEXED, job_spec_errors
from clusters.resources.batch.job_status import job_status_errors
from clusters.resources.common.ages import human_duration
from clusters.resources.common.columns import AGE, CONTAINERS, IMAGES, NAME, selector_column
from clusters.resources.common.labels import selector_errors
from clusters.resources.common.meta import METADATA, immutable_errors
from clusters.resources.pod_spec.defaults import default_template
from clusters.resources.pod_spec.warnings import template_warnings

CONTROLLER_UID, JOB_NAME = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"
_LEGACY_UID, _LEGACY_NAME = "controller-uid", "job-name"
_MAX_INT32 = 2**31 - 1
_SOFT_COMPLETIONS, _SOFT_PARALLELISM = 100_000, 10_000
_TOO_MANY = (
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes"
    " might not be able to track completedIndexes when a big number of indexes fail"
)


_ORPHAN_WARNING = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them"
    " or set propagationPolicy=Orphan to suppress this warning"
)


class JobStrategy(Strategy):
    has_generation = True
    validates_whole_update = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        default_job_spec(spec)
        labels = (spec["template"].get("metadata") or {}).get("labels")
        if labels and not obj["metadata"].get("labels"):
            obj["metadata"]["labels"] = dict(labels)
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}
        # A CronJob's template has none of a Job's defaults, and its controller's writes are not decoded.
        default_job_spec(obj["spec"])
        if not obj["spec"]["manualSelector"]:
            _generate_selector(obj)
        if not obj["metadata"].get("labels"):
            obj["metadata"]["labels"] = dict(obj["spec"]["template"]["metadata"].get("labels") or {})

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _job_errors(obj, prefixed=True)

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return name_warnings(obj) + job_spec_warnings(obj["spec"], SPEC)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        """The server validates the new Job by itself, and its spec once more as that of an update."""
        spec, before = new["spec"], old["spec"]
        had = (before["template"].get("metadata") or {}).get("labels") or {}
        errors = _job_errors(new, prefixed=JOB_NAME in had and CONTROLLER_UID in had)
        errors += _spec_errors(spec)
        errors += _completion_errors(spec, before)
        errors += immutable_errors(spec.get("selector"), before.get("selector"), SELECTOR)
        errors += _template_change_errors(spec, old)
        for name in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
            errors += immutable_errors(spec.get(name), before.get(name), SPEC.child(name))
        return errors

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        if new["metadata"].get("generation") == old["metadata"].get("generation"):
            return []
        return job_spec_warnings(new["spec"], SPEC)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return job_status_errors(new, old)

    def default_propagation(self, obj: Obj) -> str:
        return "Orphan"

    def warn_delete(self, obj: Obj, propagation: str) -> list[str]:
        return [] if propagation else [_ORPHAN_WARNING]


def default_job_spec(spec: Obj) -> None:
    """In place."""
    if spec.get("parallelism") is None:
        if spec.get("completions") is None:
            spec["completions"] = 1
        spec["parallelism"] = 1
    if spec.get("backoffLimit") is None:
        spec["backoffLimit"] = 6 if spec.get("backoffLimitPerIndex") is None else _MAX_INT32
    if spec.get("completionMode") is None:
        spec["completionMode"] = NON_INDEXED
    if spec.get("suspend") is None:
        spec["suspend"] = False
    if spec.get("manualSelector") is None:
        spec["manualSelector"] = False
    policy = spec.get("podFailurePolicy")
    if policy is not None:
        for rule in policy.get("rules") or ():
            for pattern in rule.get("onPodConditions") or ():
                if not pattern.get("status"):
                    pattern["status"] = "True"
    if spec.get("podReplacementPolicy") is None:
        spec["podReplacementPolicy"] = "TerminatingOrFailed" if policy is None else "Failed"
    default_template(spec.setdefault("template", {}))


def _generate_selector(job: Obj) -> None:
    """The Pods of a Job carry its name and uid; the selector takes those of its uid."""
    meta, spec = job["metadata"], job["spec"]
    template = spec["template"]["metadata"]
    labels = dict(template.get("labels") or {})
    name = meta.get("name", "")
    for key, value in (
        (_LEGACY_NAME, name),
        (JOB_NAME, name),
        (_LEGACY_UID, meta["uid"]),
        (CONTROLLER_UID, meta["uid"]),
    ):
        labels.setdefault(key, value)
    template["labels"] = dict(sorted(labels.items()))
    selector = dict(spec.get("selector") or {})
    selector["matchLabels"] = {CONTROLLER_UID: meta["uid"], **(selector.get("matchLabels") or {})}
    spec["selector"] = selector


def _job_errors(job: Obj, *, prefixed: bool) -> ErrorList:
    spec, name = job["spec"], job["metadata"].get("name", "")
    errors = _generated_errors(job, prefixed=prefixed) + _spec_errors(spec)
    completions = spec.get("completions")
    if spec.get("completionMode") == INDEXED and completions is not None and completions > 0:
        hostname = f"{name}-{completions - 1}"
        if dns1123_label(hostname):
            text = f"will not able to create pod with invalid DNS label: {hostname}"
            errors.append(invalid(METADATA.child("name"), name, text))
    return errors


def _generated_errors(job: Obj, *, prefixed: bool) -> ErrorList:
    """The labels that were to be generated may have been given otherwise."""
    meta, spec = job["metadata"], job["spec"]
    selector = spec.get("selector")
    if spec.get("manualSelector") or selector is None:
        return []
    at, labels = TEMPLATE.child("metadata"), spec["template"]["metadata"].get("labels") or {}
    expected = {_LEGACY_UID: meta.get("uid", ""), _LEGACY_NAME: meta.get("name", "")}
    if prefixed:
        expected |= {CONTROLLER_UID: meta.get("uid", ""), JOB_NAME: meta.get("name", "")}
    errors: ErrorList = []
    for key, value in expected.items():
        where = at.child("labels").key(key)
        if key not in labels:
            errors.append(required(where, f"must be '{value}'"))
        elif labels[key] != value:
            errors.append(invalid(where, labels[key], f"must be '{value}'"))
    matcher = maybe_selector(selector)
    if matcher is not None and not matcher.matches(expected):
        errors.append(invalid(SELECTOR, selector, "`selector` not auto-generated"))
    return errors


def _spec_errors(spec: Obj) -> ErrorList:
    errors = job_spec_errors(spec, SPEC)
    selector = spec.get("selector")
    errors += [required(SELECTOR)] if selector is None else selector_errors(selector, SELECTOR)
    labels = spec["template"]["metadata"].get("labels")
    matcher = maybe_selector(selector)
    if matcher is not None and not matcher.matches(labels):
        errors.append(invalid(TEMPLATE.child("metadata", "labels"), labels, MISMATCH))
    return errors


def _completion_errors(spec: Obj, before: Obj) -> ErrorList:
    """Completions stay, but an Indexed Job may grow and shrink with its parallelism."""
    at, wanted = SPEC.child("completions"), spec.get("completions")
    if spec.get("completionMode") != INDEXED:
        return immutable_errors(wanted, before.get("completions"), at)
    if wanted in (None, before.get("completions"), spec.get("parallelism")):
        return []
    return [invalid(at, wanted, "can only be modified in tandem with spec.parallelism")]


def _template_change_errors(spec: Obj, old: Obj) -> ErrorList:
    """A Job that is suspended, and has no Pods, may get another place and other resources."""
    template, before = spec["template"], old["spec"]["template"]
    if template == before:
        return []
    status = old.get("status") or {}
    suspended = any(c.get("type") == "Suspended" and c.get("status") == "True" for c in status.get("conditions") or ())
    idle = not status.get("startTime") or (suspended and not status.get("active"))
    if old["spec"].get("suspend") and idle:
        before = _with_new_place(template, before)
    return immutable_errors(template, before, TEMPLATE)


def _with_new_place(template: Obj, old: Obj) -> Obj:
    """The old template with what a suspended Job may change taken from the new one."""
    before, pod = deepcopy(old), template["spec"]
    for name in ("nodeSelector", "tolerations", "schedulingGates"):
        _take(before["spec"], pod, name)
    for name in ("annotations", "labels"):
        _take(before["metadata"], template["metadata"], name)
    affinity = dict(before["spec"].get("affinity") or {})
    _take(affinity, pod.get("affinity") or {}, "nodeAffinity")
    if affinity or (pod.get("affinity") is not None and not pod["affinity"]):
        before["spec"]["affinity"] = affinity
    else:
        before["spec"].pop("affinity", None)
    for name in ("containers", "initContainers"):
        for container, was in zip(pod.get(name) or (), before["spec"].get(name) or (), strict=False):
            if container.get("name") == was.get("name"):
                _take(was, container, "resources")
    return before


def _take(to: Obj, source: Obj, name: str) -> None:
    if source.get(name) is not None:
        to[name] = source[name]
    else:
        to.pop(name, None)


def job_spec_warnings(spec: Obj, path: Path) -> list[str]:
    out = []
    many = (spec.get("completions") or 0) > _SOFT_COMPLETIONS and (spec.get("parallelism") or 0) > _SOFT_PARALLELISM
    if spec.get("completionMode") == INDEXED and many:
        out.append(f"{path}: {_TOO_MANY}")
    return out + template_warnings(spec.get("template"), path.child("template"))


# -- columns


def _state(job: Obj, now: int) -> str:
    true = {c.get("type") for c in (job.get("status") or {}).get("conditions") or () if c.get("status") == "True"}
    for kind in ("Complete", "Failed"):
        if kind in true:
            return kind
    if job["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((k for k in ("Suspended", "FailureTarget", "SuccessCriteriaMet") if k in true), "Running")


def _completions(job: Obj, now: int) -> str:
    spec, done = job["spec"], (job.get("status") or {}).get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"


def _duration(job: Obj, now: int) -> str:
    status = job.get("status") or {}
    start, end = status.get("startTime"), status.get("completionTime")
    if not start:
        return ""
    return human_duration((parse_rfc3339(end) if end else now) - parse_rfc3339(start))


RESOURCE = Resource(
    group="batch",
    name="jobs",
    kind="Job",
    singular="job",
    versions=(Version(name="v1", schema="io.k8s.api.batch.v1.Job"),),
    categories=("all",),
    subresources=(Subresource(name="status"),),
    strategy=JobStrategy(),
    fields={"status.successful": lambda o: str((o.get("status") or {}).get("succeeded", 0))},
    columns=(
        NAME,
        Column(name="Status", description="Status of the job.", value=_state),
        Column(
            name="Completions",
            description="The number of pods which reached phase Succeeded. The value increases monotonically for a"
            " given spec. However, it may decrease in reaction to scale down of elastic indexed jobs.",
            value=_completions,
        ),
        Column(name="Duration", description="Time required to complete the job.", value=_duration),
        AGE,
        CONTAINERS,
        IMAGES,
        selector_column(
            "A label query over pods that should match the pod count. Normally, the system sets this field for you."
            " More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"
        ),
    ),
)
