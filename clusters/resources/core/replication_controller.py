"""ReplicationController. Models: kubernetes, pkg/registry/core/replicationcontroller, core validation."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, invalid, required
from clusters.machinery.selectors import from_map
from clusters.machinery.types import Obj
from clusters.resources.apps.rules import (
    MISMATCH,
    SELECTOR,
    SPEC,
    TEMPLATE,
    always_errors,
    changed_template_warnings,
    name_warnings,
    status_number_errors,
)
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.checks import nonnegative
from clusters.resources.common.columns import (
    AGE,
    CONTAINERS,
    IMAGES,
    NAME,
    desired_replicas,
    labels,
    status_number,
)
from clusters.resources.common.meta import object_meta_errors
from clusters.resources.common.scale import SCALE
from clusters.resources.pod_spec.defaults import default_template
from clusters.resources.pod_spec.template import template_errors
from clusters.resources.pod_spec.warnings import template_warnings

_WHAT = " More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#"


class ReplicationControllerStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        template = spec.get("template")
        if template is not None:
            own = (template.get("metadata") or {}).get("labels")
            if own:
                if not spec.get("selector"):
                    spec["selector"] = dict(own)
                if not obj["metadata"].get("labels"):
                    obj["metadata"]["labels"] = dict(own)
            default_template(template)
        if spec.get("replicas") is None:
            spec["replicas"] = 1
        obj.setdefault("status", {}).setdefault("replicas", 0)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {"replicas": 0}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _spec_errors(obj["spec"])

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return name_warnings(obj) + template_warnings(obj["spec"].get("template"), TEMPLATE)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        # The real server looks at the whole of it twice.
        meta = object_meta_errors(new["metadata"], namespaced=True, validate_name=self.validate_name)
        spec = _spec_errors(new["spec"])
        return meta + spec + spec

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return changed_template_warnings(new, old, ctx)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        within = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
        numbers = ("replicas", *within, "observedGeneration")
        return status_number_errors(new.get("status") or {}, numbers, within=within)

    def default_propagation(self, obj: Obj) -> str:
        return "Orphan"


def _spec_errors(spec: Obj) -> ErrorList:
    errors = nonnegative(spec.get("minReadySeconds"), SPEC.child("minReadySeconds"))
    if not spec.get("selector"):
        errors.append(required(SELECTOR))
    errors += nonnegative(spec.get("replicas"), SPEC.child("replicas"))
    template = spec.get("template")
    if template is None:
        return [*errors, required(TEMPLATE)]
    own = template["metadata"].get("labels")
    if not from_map(spec.get("selector")).matches(own):
        errors.append(invalid(TEMPLATE.child("metadata", "labels"), own, MISMATCH))
    errors += template_errors(template, TEMPLATE)
    return errors + always_errors(template, "ReplicationController")


RESOURCE = Resource(
    group="",
    name="replicationcontrollers",
    kind="ReplicationController",
    singular="replicationcontroller",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.ReplicationController"),),
    short_names=("rc",),
    categories=("all",),
    subresources=(SCALE, Subresource(name="status")),
    strategy=ReplicationControllerStrategy(),
    fields={"status.replicas": lambda o: str((o.get("status") or {}).get("replicas", 0))},
    columns=(
        NAME,
        desired_replicas(
            "Replicas is the number of desired replicas. This is a pointer to distinguish between explicit zero and"
            f" unspecified. Defaults to 1.{_WHAT}what-is-a-replicationcontroller"
        ),
        status_number(
            "Current",
            "replicas",
            f"Replicas is the most recently observed number of replicas.{_WHAT}what-is-a-replicationcontroller",
        ),
        status_number("Ready", "readyReplicas", "The number of ready replicas for this replication controller."),
        AGE,
        CONTAINERS,
        IMAGES,
        Column(
            name="Selector",
            priority=1,
            description="Selector is a label query over pods that should match the Replicas count. If Selector is"
            " empty, it is defaulted to the labels present on the Pod template. Label keys and values that must match"
            " in order to be controlled by this replication controller, if empty defaulted to labels on Pod template."
            " More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
            value=lambda o, now: labels(o["spec"].get("selector")),
        ),
    ),
)
