"""Kinds of metrics.k8s.io: what `kubectl top` shows. Nothing of them is stored.

They are not in the catalogue: a cluster serves them while it has the APIService of a metrics server
(`registry.aggregation`). Models: kubernetes-sigs/metrics-server, pkg/api.
"""

from __future__ import annotations

from collections.abc import Callable

from clusters.machinery import quantity
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Resource, Strategy, Version

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
API_SERVICE = f"{VERSION}.{GROUP}"
SERVER_IMAGE = "metrics-server"
"""What answers for the group: Pods of this image, behind the APIService's Service."""
_SCHEMA = f"io.k8s.metrics.pkg.apis.metrics.{VERSION}."


def _node_usage(name: str) -> Callable[[Obj, int], str]:
    return lambda obj, now: str(obj["usage"].get(name, "0"))


def _pod_usage(name: str) -> Callable[[Obj, int], str]:
    def cell(obj: Obj, now: int) -> str:
        total = quantity.of("0")
        for container in obj["containers"]:
            total = quantity.of(container["usage"][name]) + total
        return total.canonical()

    return cell


def _columns(usage: Callable[[str], Callable[[Obj, int], str]]) -> tuple[Column, ...]:
    return (
        Column(
            name="Name",
            format="name",
            description="Name of the resource",
            value=lambda obj, _now: obj["metadata"]["name"],
        ),
        Column(name="cpu", format="quantity", value=usage("cpu")),
        Column(name="memory", format="quantity", value=usage("memory")),
        Column(name="Window", format="duration", value=lambda obj, _now: obj["window"]),
    )


NODE_METRICS = Resource(
    group=GROUP,
    name="nodes",
    kind="NodeMetrics",
    namespaced=False,
    versions=(Version(name=VERSION, schema=f"{_SCHEMA}NodeMetrics"),),
    verbs=("get", "list"),
    strategy=Strategy(),
    columns=_columns(_node_usage),
    aggregated=True,
)

POD_METRICS = Resource(
    group=GROUP,
    name="pods",
    kind="PodMetrics",
    versions=(Version(name=VERSION, schema=f"{_SCHEMA}PodMetrics"),),
    verbs=("get", "list"),
    strategy=Strategy(),
    columns=_columns(_pod_usage),
    aggregated=True,
)

RESOURCES = (NODE_METRICS, POD_METRICS)
