"""DaemonSet. Models: kubernetes, pkg/registry/apps/daemonset, pkg/apis/apps (defaults, conversion, validation)."""

from __future__ import annotations

import re

from clusters.machinery.errors import BadRequest
from clusters.machinery.field import ErrorList, go_quote, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.apps.rules import (
    MISMATCH,
    SELECTOR,
    SPEC,
    TEMPLATE,
    always_errors,
    amount,
    at_most_all_errors,
    collision_errors,
    int_or_percent_errors,
    maybe_selector,
    selector_kept_errors,
    status_number_errors,
)
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.checks import nonnegative
from clusters.resources.common.columns import (
    AGE,
    CONTAINERS,
    IMAGES,
    NAME,
    labels,
    selector_column,
    status_number,
)
from clusters.resources.common.labels import selector_errors
from clusters.resources.pod_spec.defaults import default_template
from clusters.resources.pod_spec.internal import shown
from clusters.resources.pod_spec.template import template_errors
from clusters.resources.pod_spec.warnings import template_warnings

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_STRATEGY = SPEC.child("updateStrategy")
_ROLLING_SHAPE = {"maxUnavailable": ("MaxUnavailable", 0), "maxSurge": ("MaxSurge", 0)}
_STRATEGY_SHAPE = {"type": ("Type", ""), "rollingUpdate": ("RollingUpdate", _ROLLING_SHAPE)}
_NUMBERS = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
_INTEGER = re.compile(r"[+-]?[0-9]+").fullmatch


class DaemonSetStrategy(Strategy):
    """The generation of the template is a field of the internal type, an annotation in apps/v1."""

    has_generation = True

    def default(self, obj: Obj) -> None:
        meta, spec = obj["metadata"], obj.setdefault("spec", {})
        _set_template_generation(meta, _template_generation(meta))
        default_template(spec.setdefault("template", {}))
        strategy = spec.setdefault("updateStrategy", {})
        if not strategy.get("type"):
            strategy["type"] = "RollingUpdate"
        if strategy["type"] == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            if rolling.get("maxUnavailable") is None:
                rolling["maxUnavailable"] = 1
            if rolling.get("maxSurge") is None:
                rolling["maxSurge"] = 0
        if spec.get("revisionHistoryLimit") is None:
            spec["revisionHistoryLimit"] = 10
        status = obj.setdefault("status", {})
        for name in _NUMBERS:
            status.setdefault(name, 0)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = dict.fromkeys(_NUMBERS, 0)
        _set_template_generation(obj["metadata"], max(1, _template_generation(obj["metadata"])))

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _spec_errors(obj["spec"])

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return template_warnings(obj["spec"].get("template"), TEMPLATE)

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        changed = new["spec"].get("template") != old["spec"].get("template")
        _set_template_generation(new["metadata"], _template_generation(old["metadata"]) + changed)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return _spec_errors(new["spec"]) + selector_kept_errors(new, old)

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        if new["spec"].get("template") == old["spec"].get("template"):
            return []
        return template_warnings(new["spec"].get("template"), TEMPLATE)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        numbers = (
            *_NUMBERS,
            "observedGeneration",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberUnavailable",
            "collisionCount",
        )
        return status_number_errors(new.get("status") or {}, numbers) + collision_errors(new, old)


def _template_generation(meta: Obj) -> int:
    text = (meta.get("annotations") or {}).get(TEMPLATE_GENERATION, "0")
    if not _INTEGER(text):
        why = f"strconv.ParseInt: parsing {go_quote(text)}: invalid syntax"
        raise BadRequest(f'DaemonSet in version "v1" cannot be handled as a DaemonSet: {why}')
    return int(text)


def _set_template_generation(meta: Obj, number: int) -> None:
    meta["annotations"] = {**(meta.get("annotations") or {}), TEMPLATE_GENERATION: str(number)}


def _spec_errors(spec: Obj) -> ErrorList:
    given, template = spec.get("selector"), spec["template"]
    errors = selector_errors(given, SELECTOR)
    selector = maybe_selector(given)
    template_labels = template["metadata"].get("labels")
    if selector is not None and not selector.matches(template_labels):
        errors.append(invalid(TEMPLATE.child("metadata", "labels"), template_labels, MISMATCH))
    if given is not None and not given.get("matchLabels") and not given.get("matchExpressions"):
        errors.append(invalid(SELECTOR, given, "empty selector is invalid for daemonset"))
    errors += template_errors(template, TEMPLATE)
    errors += always_errors(template, "DaemonSet")
    errors += nonnegative(spec.get("minReadySeconds"), SPEC.child("minReadySeconds"))
    errors += _strategy_errors(spec.get("updateStrategy") or {})
    return errors + nonnegative(spec.get("revisionHistoryLimit"), SPEC.child("revisionHistoryLimit"))


def _strategy_errors(strategy: Obj) -> ErrorList:
    kind, rolling, at = strategy.get("type", ""), strategy.get("rollingUpdate"), _STRATEGY.child("rollingUpdate")
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        return [not_supported(_STRATEGY, shown(strategy, _STRATEGY_SHAPE), ("RollingUpdate", "OnDelete"))]
    if rolling is None:
        return [required(at)]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    errors = int_or_percent_errors(unavailable, at.child("maxUnavailable"))
    errors += int_or_percent_errors(surge, at.child("maxSurge"))
    errors += at_most_all_errors(unavailable, at.child("maxUnavailable"))
    errors += at_most_all_errors(surge, at.child("maxSurge"))
    if amount(unavailable) and amount(surge):
        errors.append(invalid(at.child("maxSurge"), surge, "may not be set when maxUnavailable is non-zero"))
    elif not amount(unavailable) and not amount(surge):
        errors.append(required(at.child("maxUnavailable"), "cannot be 0 when maxSurge is 0"))
    return errors


RESOURCE = Resource(
    group="apps",
    name="daemonsets",
    kind="DaemonSet",
    singular="daemonset",
    versions=(Version(name="v1", schema="io.k8s.api.apps.v1.DaemonSet"),),
    short_names=("ds",),
    categories=("all",),
    subresources=(Subresource(name="status"),),
    strategy=DaemonSetStrategy(),
    columns=(
        NAME,
        status_number(
            "Desired",
            "desiredNumberScheduled",
            "The total number of nodes that should be running the daemon pod (including nodes correctly running the"
            " daemon pod). More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/",
        ),
        status_number(
            "Current",
            "currentNumberScheduled",
            "The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. More"
            " info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/",
        ),
        status_number(
            "Ready",
            "numberReady",
            "numberReady is the number of nodes that should be running the daemon pod and have one or more of the"
            " daemon pod running with a Ready Condition.",
        ),
        status_number(
            "Up-to-date",
            "updatedNumberScheduled",
            "The total number of nodes that are running updated daemon pod",
        ),
        status_number(
            "Available",
            "numberAvailable",
            "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running"
            " and available (ready for at least spec.minReadySeconds)",
        ),
        Column(
            name="Node Selector",
            description="NodeSelector is a selector which must be true for the pod to fit on a node. Selector which"
            " must match a node's labels for the pod to be scheduled on that node. More info:"
            " https://kubernetes.io/docs/concepts/configuration/assign-pod-node/",
            value=lambda o, now: labels(o["spec"]["template"]["spec"].get("nodeSelector")),
        ),
        AGE,
        CONTAINERS,
        IMAGES,
        selector_column(
            "A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must"
            " match the pod template's labels. More info:"
            " https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"
        ),
    ),
)
