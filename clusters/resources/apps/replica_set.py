"""ReplicaSet. Models: kubernetes, pkg/registry/apps/replicaset, pkg/apis/apps (defaults, validation)."""

from __future__ import annotations

from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.columns import AGE, CONTAINERS, IMAGES, NAME, selector
from clusters.resources.common.scale import SCALE
from clusters.resources.pod_spec.defaults import default_template


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
        Column(
            name="Desired",
            type="integer",
            description="Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero"
            " and unspecified. Defaults to 1. More info:"
            " https://kubernetes.io/docs/concepts/workloads/controllers/replicaset",
            value=lambda o, now: o["spec"].get("replicas", 0),
        ),
        Column(
            name="Current",
            type="integer",
            description="Replicas is the most recently observed number of non-terminating pods. More info:"
            " https://kubernetes.io/docs/concepts/workloads/controllers/replicaset",
            value=lambda o, now: (o.get("status") or {}).get("replicas", 0),
        ),
        Column(
            name="Ready",
            type="integer",
            description="The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.",
            value=lambda o, now: (o.get("status") or {}).get("readyReplicas", 0),
        ),
        AGE,
        CONTAINERS,
        IMAGES,
        Column(
            name="Selector",
            priority=1,
            description="Selector is a label query over pods that should match the replica count. Label keys and"
            " values that must match in order to be controlled by this replica set. It must match the pod template's"
            " labels. More info:"
            " https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
            value=lambda o, now: selector(o["spec"].get("selector")),
        ),
    ),
)
