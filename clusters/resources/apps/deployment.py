"""Deployment. Models: kubernetes, pkg/registry/apps/deployment, pkg/apis/apps (defaults, validation)."""

from __future__ import annotations

from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.columns import AGE, CONTAINERS, IMAGES, NAME, selector
from clusters.resources.common.scale import SCALE
from clusters.resources.pod_spec.defaults import default_template


class DeploymentStrategy(Strategy):
    has_generation = True

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
        Column(
            name="Up-to-date",
            type="integer",
            description="Total number of non-terminating pods targeted by this deployment that have the desired"
            " template spec.",
            value=lambda o, now: (o.get("status") or {}).get("updatedReplicas", 0),
        ),
        Column(
            name="Available",
            type="integer",
            description="Total number of available non-terminating pods (ready for at least minReadySeconds) targeted"
            " by this deployment.",
            value=lambda o, now: (o.get("status") or {}).get("availableReplicas", 0),
        ),
        AGE,
        CONTAINERS,
        IMAGES,
        Column(
            name="Selector",
            priority=1,
            description="Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the"
            " ones affected by this deployment. It must match the pod template's labels.",
            value=lambda o, now: selector(o["spec"].get("selector")),
        ),
    ),
)
