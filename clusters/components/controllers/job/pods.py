"""A Job's pods: which have ended and how, which indexes are done, what a new one looks like. Pure functions.

Models: kube-controller-manager, job/job_controller.go, indexed_job_utils.go and pod_failure_policy.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.podcontrol import pod_from_template
from clusters.machinery.types import Obj

TRACKING = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
_INDEX_ENV = "JOB_COMPLETION_INDEX"


def is_indexed(job: Obj) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def is_suspended(job: Obj) -> bool:
    return bool(job["spec"].get("suspend"))


def tracked(pod: Obj) -> bool:
    return TRACKING in (pod["metadata"].get("finalizers") or ())


def only_failed_replaced(job: Obj) -> bool:
    """A deleted pod counts once it has really ended."""
    spec = job["spec"]
    return bool(spec.get("podReplacementPolicy") == "Failed" or spec.get("podFailurePolicy"))


def is_failed(job: Obj, pod: Obj) -> bool:
    if pod_of.phase(pod) == "Failed":
        return True
    if only_failed_replaced(job):
        return False
    return "deletionTimestamp" in pod["metadata"] and pod_of.phase(pod) != "Succeeded"


def index_of(pod: Obj) -> int | None:
    text = (pod["metadata"].get("annotations") or {}).get(INDEX)
    return int(text) if text is not None and text.isdigit() else None


def failures_before(pod: Obj) -> int:
    """How often pods of the same index had failed when this one was made."""
    text = (pod["metadata"].get("annotations") or {}).get(FAILURES, "")
    return int(text) if text.isdigit() else 0


def new_pod(job: Obj, index: int | None, replaced: Obj | None = None) -> Obj:
    """A pod of the Job, for a completion index if it is an indexed one. `replaced` is the index's last failed pod."""
    pod = pod_from_template(job["spec"]["template"], job)
    meta, spec = pod["metadata"], pod["spec"]
    meta["finalizers"] = [*(meta.get("finalizers") or ()), TRACKING]
    if index is None:
        return pod
    name = job["metadata"]["name"]
    meta["generateName"] = f"{name}-{index}-"
    meta["annotations"] = {**(meta.get("annotations") or {}), INDEX: str(index)}
    if job["spec"].get("backoffLimitPerIndex") is not None:
        meta["annotations"][FAILURES] = str(failures_before(replaced) + 1 if replaced is not None else 0)
    meta["labels"] = {**(meta.get("labels") or {}), INDEX: str(index)}
    spec["hostname"] = f"{name}-{index}"
    variable = {
        "name": _INDEX_ENV,
        "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}},
    }
    for key in ("initContainers", "containers"):
        for container in spec.get(key) or ():
            env = container.get("env") or []
            if not any(e["name"] == _INDEX_ENV for e in env):
                container["env"] = [*env, variable]
    return pod


# index lists: "0,3-5,7"


def parse_indexes(text: str) -> set[int]:
    out: set[int] = set()
    for part in filter(None, (text or "").split(",")):
        first, _, last = part.partition("-")
        out.update(range(int(first), int(last or first) + 1))
    return out


def format_indexes(indexes: Iterable[int]) -> str:
    out: list[str] = []
    ordered = sorted(indexes)
    at = 0
    while at < len(ordered):
        end = at
        while end + 1 < len(ordered) and ordered[end + 1] == ordered[end] + 1:
            end += 1
        if end == at:
            out.append(str(ordered[at]))
        elif end == at + 1:
            out += [str(ordered[at]), str(ordered[end])]
        else:
            out.append(f"{ordered[at]}-{ordered[end]}")
        at = end + 1
    return ",".join(out)


# failure policy

COUNT, IGNORE, FAIL_JOB, FAIL_INDEX = "Count", "Ignore", "FailJob", "FailIndex"


def failure_action(job: Obj, pod: Obj) -> tuple[str, str]:
    """(action, message) that the Job's podFailurePolicy has for a failed pod."""
    for i, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules") or ()):
        found = _exit_code_match(rule, pod)
        if found is not None:
            name, code = found
            meta = pod["metadata"]
            text = (
                f"Container {name} for pod {meta['namespace']}/{meta['name']} failed with exit code {code} "
                f"matching {rule['action']} rule at index {i}"
            )
            return rule["action"], text
        condition = _condition_match(rule, pod)
        if condition:
            meta = pod["metadata"]
            text = (
                f"Pod {meta['namespace']}/{meta['name']} has condition {condition} "
                f"matching {rule['action']} rule at index {i}"
            )
            return rule["action"], text
    return COUNT, ""


def _exit_code_match(rule: dict[str, Any], pod: Obj) -> tuple[str, int] | None:
    wanted = rule.get("onExitCodes")
    if not wanted:
        return None
    status = pod.get("status") or {}
    for each in [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]:
        ended = (each.get("state") or {}).get("terminated")
        if ended is None or (wanted.get("containerName") and wanted["containerName"] != each["name"]):
            continue
        code = int(ended["exitCode"])
        if code != 0 and (code in wanted["values"]) == (wanted["operator"] == "In"):
            return each["name"], code
    return None


def _condition_match(rule: dict[str, Any], pod: Obj) -> str:
    for pattern in rule.get("onPodConditions") or ():
        for condition in (pod.get("status") or {}).get("conditions") or ():
            if condition["type"] == pattern["type"] and condition["status"] == pattern.get("status", "True"):
                return str(pattern["type"])
    return ""


def finished_at(pod: Obj) -> int:
    """When the pod's last container ended (or when it was deleted)."""
    times = [
        pod_of.when(ended["finishedAt"])
        for each in (pod.get("status") or {}).get("containerStatuses") or ()
        if (ended := (each.get("state") or {}).get("terminated")) and ended.get("finishedAt")
    ]
    if times:
        return max(times)
    meta = pod["metadata"]
    return pod_of.when(meta.get("deletionTimestamp") or meta["creationTimestamp"])
