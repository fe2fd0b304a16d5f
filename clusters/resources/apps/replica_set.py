"""ReplicaSet. Models: kubernetes, pkg/registry/apps/replicaset, pkg/apis/apps (defaults, validation)."""

from __future__ import annotations

from clusters.machinery.field import ErrorList
from clusters.machinery.types import Obj
from clusters.resources.apps.rules import (
    SPEC,
    TEMPLATE,
    changed_template_warnings,
    name_warnings,
    replica_template_errors,
    selector_given_errors,
    selector_kept_errors,
    status_number_errors,
)
from clusters.resources.base import Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.checks import nonnegative
from clusters.resources.common.columns import (
    AGE,
    CONTAINERS,
    IMAGES,
    NAME,
    desired_replicas,
    selector_column,
    status_number,
)
from clusters.resources.common.scale import SCALE
from clusters.resources.pod_spec.defaults import default_template
from clusters.resources.pod_spec.warnings import template_warnings


class ReplicaSetStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        if spec.get("replicas") is None:
            spec["replicas"] = 1
        default_template(spec.setdefault("template", {}))
        obj.setdefault("status", {}).setdefault("replicas", 0)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {"replicas": 0}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _spec_errors(obj["spec"])

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return name_warnings(obj) + template_warnings(obj["spec"].get("template"), TEMPLATE)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return _spec_errors(new["spec"]) + selector_kept_errors(new, old)

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return changed_template_warnings(new, old, ctx)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        within = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
        numbers = ("replicas", *within, "terminatingReplicas", "observedGeneration")
        return status_number_errors(new.get("status") or {}, numbers, within=within)


def _spec_errors(spec: Obj) -> ErrorList:
    errors = nonnegative(spec.get("replicas"), SPEC.child("replicas"))
    errors += nonnegative(spec.get("minReadySeconds"), SPEC.child("minReadySeconds"))
    errors += selector_given_errors(spec.get("selector"), "empty selector is invalid for deployment")
    return errors + replica_template_errors(spec)


RESOURCE = Resource(
    group="apps",
    name="replicasets",
    kind="ReplicaSet",
    singular="replicaset",
    versions=(Version(name="v1", schema="io.k8s.api.apps.v1.ReplicaSet"),),
    short_names=("rs",),
    categories=("all",),
    subresources=(SCALE, Subresource(name="status")),
    strategy=ReplicaSetStrategy(),
    columns=(
        NAME,
        desired_replicas(
            "Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and"
            " unspecified. Defaults to 1. More info:"
            " https://kubernetes.io/docs/concepts/workloads/controllers/replicaset"
        ),
        status_number(
            "Current",
            "replicas",
            "Replicas is the most recently observed number of non-terminating pods. More info:"
            " https://kubernetes.io/docs/concepts/workloads/controllers/replicaset",
        ),
        status_number(
            "Ready",
            "readyReplicas",
            "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.",
        ),
        AGE,
        CONTAINERS,
        IMAGES,
        selector_column(
            "Selector is a label query over pods that should match the replica count. Label keys and values that must"
            " match in order to be controlled by this replica set. It must match the pod template's labels. More info:"
            " https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"
        ),
    ),
)
