"""Deployment. Models: kubernetes, pkg/registry/apps/deployment, pkg/apis/apps (defaults, validation)."""

from __future__ import annotations

from typing import Any

from clusters.machinery.field import ErrorList, forbidden, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.apps.rules import (
    SPEC,
    TEMPLATE,
    amount,
    at_most_all_errors,
    changed_template_warnings,
    collision_errors,
    int_or_percent_errors,
    name_warnings,
    replica_template_errors,
    selector_given_errors,
    selector_kept_errors,
    status_number_errors,
)
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.checks import nonnegative
from clusters.resources.common.columns import AGE, CONTAINERS, IMAGES, NAME, selector_column, status_number
from clusters.resources.common.scale import SCALE
from clusters.resources.pod_spec.defaults import default_template
from clusters.resources.pod_spec.internal import shown
from clusters.resources.pod_spec.warnings import template_warnings

_STRATEGY = SPEC.child("strategy")
_ROLLING_SHAPE = {"maxUnavailable": ("MaxUnavailable", 0), "maxSurge": ("MaxSurge", 0)}
_STRATEGY_SHAPE = {"type": ("Type", ""), "rollingUpdate": ("RollingUpdate", _ROLLING_SHAPE)}


class DeploymentStrategy(Strategy):
    has_generation = True

    @property
    def status_resets(self) -> dict[str, Any]:
        return {"f:spec": {}, "f:metadata": {"f:labels": {}}}

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        if spec.get("replicas") is None:
            spec["replicas"] = 1
        default_template(spec.setdefault("template", {}))
        strategy = spec.setdefault("strategy", {})
        if not strategy.get("type"):
            strategy["type"] = "RollingUpdate"
        if strategy["type"] == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            if rolling.get("maxUnavailable") is None:
                rolling["maxUnavailable"] = "25%"
            if rolling.get("maxSurge") is None:
                rolling["maxSurge"] = "25%"
        if spec.get("revisionHistoryLimit") is None:
            spec["revisionHistoryLimit"] = 10
        if spec.get("progressDeadlineSeconds") is None:
            spec["progressDeadlineSeconds"] = 600
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _spec_errors(obj["spec"])

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return name_warnings(obj) + template_warnings(obj["spec"].get("template"), TEMPLATE)

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        # Annotations are copied to ReplicaSets, so they count as something wanted.
        if (new["metadata"].get("annotations") or {}) != (old["metadata"].get("annotations") or {}):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return _spec_errors(new["spec"]) + selector_kept_errors(new, old)

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return changed_template_warnings(new, old, ctx)

    def prepare_status(self, new: Obj, old: Obj, ctx: Context) -> None:
        if "labels" in old["metadata"]:
            new["metadata"]["labels"] = old["metadata"]["labels"]
        else:
            new["metadata"].pop("labels", None)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        numbers = (
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
            "collisionCount",
        )
        within = ("updatedReplicas", "readyReplicas", "availableReplicas")
        errors = status_number_errors(new.get("status") or {}, numbers, within=within)
        return errors + collision_errors(new, old)


def _spec_errors(spec: Obj) -> ErrorList:
    errors = nonnegative(spec.get("replicas"), SPEC.child("replicas"))
    errors += selector_given_errors(spec.get("selector"), "empty selector is invalid for deployment")
    errors += replica_template_errors(spec)
    errors += _strategy_errors(spec.get("strategy") or {})
    ready, deadline = spec.get("minReadySeconds", 0), spec.get("progressDeadlineSeconds")
    errors += nonnegative(ready, SPEC.child("minReadySeconds"))
    errors += nonnegative(spec.get("revisionHistoryLimit"), SPEC.child("revisionHistoryLimit"))
    if deadline is not None:
        at = SPEC.child("progressDeadlineSeconds")
        errors += nonnegative(deadline, at)
        if deadline <= ready:
            errors.append(invalid(at, deadline, "must be greater than minReadySeconds"))
    return errors


def _strategy_errors(strategy: Obj) -> ErrorList:
    kind, rolling, at = strategy.get("type", ""), strategy.get("rollingUpdate"), _STRATEGY.child("rollingUpdate")
    if kind == "Recreate":
        text = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden(at, text)] if rolling is not None else []
    if kind != "RollingUpdate":
        return [not_supported(_STRATEGY, shown(strategy, _STRATEGY_SHAPE), ("Recreate", "RollingUpdate"))]
    if rolling is None:
        return [required(at, "this should be defaulted and never be nil")]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    errors = int_or_percent_errors(unavailable, at.child("maxUnavailable"))
    errors += int_or_percent_errors(surge, at.child("maxSurge"))
    if amount(unavailable) == 0 and amount(surge) == 0:
        errors.append(invalid(at.child("maxUnavailable"), unavailable, "may not be 0 when `maxSurge` is 0"))
    return errors + at_most_all_errors(unavailable, at.child("maxUnavailable"))


def _ready(obj: Obj, now: int) -> str:
    return f"{(obj.get('status') or {}).get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}"


RESOURCE = Resource(
    group="apps",
    name="deployments",
    kind="Deployment",
    singular="deployment",
    versions=(Version(name="v1", schema="io.k8s.api.apps.v1.Deployment"),),
    short_names=("deploy",),
    categories=("all",),
    subresources=(SCALE, Subresource(name="status")),
    strategy=DeploymentStrategy(),
    columns=(
        NAME,
        Column(name="Ready", description="Number of the pod with ready state", value=_ready),
        status_number(
            "Up-to-date",
            "updatedReplicas",
            "Total number of non-terminating pods targeted by this deployment that have the desired template spec.",
        ),
        status_number(
            "Available",
            "availableReplicas",
            "Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this"
            " deployment.",
        ),
        AGE,
        CONTAINERS,
        IMAGES,
        selector_column(
            "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected"
            " by this deployment. It must match the pod template's labels."
        ),
    ),
)
