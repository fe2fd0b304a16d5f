"""What the workloads of the apps group (and ReplicationController, Job) have in common.

Models: kubernetes, pkg/apis/apps/validation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.names import dns1123_label, percent
from clusters.machinery.selectors import LabelSelector, from_label_selector
from clusters.machinery.types import Obj
from clusters.resources.base import Context
from clusters.resources.common.checks import nonnegative
from clusters.resources.common.labels import selector_errors
from clusters.resources.common.meta import immutable_errors
from clusters.resources.pod_spec.template import template_errors
from clusters.resources.pod_spec.warnings import template_warnings

SPEC, STATUS = Path("spec"), Path("status")
TEMPLATE = SPEC.child("template")
SELECTOR = SPEC.child("selector")
MISMATCH = "`selector` does not match template `labels`"
NAME_WARNING = (
    "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label"
    " is recommended: "
)


def maybe_selector(selector: Obj | None) -> LabelSelector | None:
    """None if it is wrong."""
    try:
        return from_label_selector(selector)
    except ValueError:
        return None


def selector_given_errors(selector: Obj | None, empty: str) -> ErrorList:
    """It must be there, be right, and select less than everything (`empty` says so)."""
    if selector is None:
        return [required(SELECTOR)]
    errors = selector_errors(selector, SELECTOR)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(invalid(SELECTOR, selector, empty))
    return errors


def mismatch_errors(selector: LabelSelector, template: Obj) -> ErrorList:
    """The Pods of a workload must be selected by it."""
    labels = (template.get("metadata") or {}).get("labels")
    if selector.empty or selector.matches(labels):
        return []
    return [invalid(TEMPLATE.child("metadata", "labels"), labels, MISMATCH)]


def always_errors(template: Obj, kind: str) -> ErrorList:
    """Pods that are kept running restart always and have no deadline."""
    spec, at = template.get("spec") or {}, TEMPLATE.child("spec")
    errors: ErrorList = []
    if spec.get("restartPolicy") != "Always":
        errors.append(not_supported(at.child("restartPolicy"), spec.get("restartPolicy", ""), ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {kind} is not Supported"
        errors.append(forbidden(at.child("activeDeadlineSeconds"), text))
    return errors


def replica_template_errors(spec: Obj) -> ErrorList:
    """The template of a ReplicaSet or Deployment, and that its selector fits."""
    selector, template = maybe_selector(spec.get("selector")), spec.get("template") or {}
    if selector is None:
        return [invalid(SELECTOR, spec.get("selector"), "invalid label selector")]
    errors = mismatch_errors(selector, template)
    errors += template_errors(template, TEMPLATE)
    return errors + always_errors(template, "ReplicaSet")


def selector_kept_errors(new: Obj, old: Obj) -> ErrorList:
    return immutable_errors(new["spec"].get("selector"), old["spec"].get("selector"), SELECTOR)


# -- numbers


def int_or_percent_errors(value: Any, path: Path) -> ErrorList:
    """A number from 0 on, or a percentage."""
    if isinstance(value, str):
        return [invalid(path, value, text) for text in percent(value)]
    return nonnegative(value, path)


def amount(value: Any) -> int:
    """The number in `5` or `5%`."""
    if isinstance(value, str):
        text = value.removesuffix("%")
        return int(text) if text.isdecimal() else 0
    return int(value or 0)


def at_most_all_errors(value: Any, path: Path) -> ErrorList:
    if isinstance(value, str) and not percent(value) and amount(value) > 100:
        return [invalid(path, value, "must not be greater than 100%")]
    return []


def status_number_errors(
    status: Obj, names: Iterable[str], *, within: Iterable[str] = (), ready: str = "readyReplicas"
) -> ErrorList:
    """Counts of a status are not negative, those of `within` not more than all, the available not more than the
    ready ones (`ready` is how the text calls these)."""
    errors: ErrorList = []
    for name in names:
        errors += nonnegative(status.get(name), STATUS.child(name))
    replicas = status.get("replicas", 0)
    for name in within:
        if status.get(name, 0) > replicas:
            why = "cannot be greater than status.replicas"
            errors.append(invalid(STATUS.child(name), status.get(name, 0), why))
    available = status.get("availableReplicas", 0)
    if within and available > status.get("readyReplicas", 0):
        errors.append(invalid(STATUS.child("availableReplicas"), available, f"cannot be greater than {ready}"))
    return errors


def collision_errors(new: Obj, old: Obj) -> ErrorList:
    """The count of hash collisions only grows."""
    after = (new.get("status") or {}).get("collisionCount")
    before = (old.get("status") or {}).get("collisionCount")
    if before is None or (after is not None and after >= before):
        return []
    return [invalid(STATUS.child("collisionCount"), after or 0, "cannot be decremented")]


# -- warnings


def name_warnings(obj: Obj) -> list[str]:
    wrong = dns1123_label(obj["metadata"].get("name", ""))
    return [f"{NAME_WARNING}[{' '.join(wrong)}]"] if wrong else []


def changed_template_warnings(new: Obj, old: Obj, ctx: Context) -> list[str]:
    """Of an update: only if it changed what is wanted."""
    if new["metadata"].get("generation") == old["metadata"].get("generation"):
        return []
    return template_warnings(new["spec"].get("template"), TEMPLATE)
