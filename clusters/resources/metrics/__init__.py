"""Kinds of metrics.k8s.io: what `kubectl top` shows. Served where the cluster has metrics; nothing is stored.

Models: kubernetes-sigs/metrics-server, pkg/api.
"""

from __future__ import annotations

from collections.abc import Callable

from clusters.machinery import quantity
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Resource, Strategy, Version
from clusters.resources.common.columns import NAME

GROUP = "metrics.k8s.io"


def _node_usage(name: str) -> Callable[[Obj, int], str]:
    return lambda obj, now: str((obj.get("usage") or {}).get(name, ""))


def _pod_usage(name: str) -> Callable[[Obj, int], str]:
    def cell(obj: Obj, now: int) -> str:
        amounts = [c["usage"][name] for c in obj.get("containers") or () if name in (c.get("usage") or {})]
        total = quantity.Quantity(0)
        for amount in amounts:
            total = total + quantity.of(amount)
        return total.canonical()

    return cell


def _window(obj: Obj, now: int) -> str:
    return str(obj.get("window", ""))


def _columns(usage: Callable[[str], Callable[[Obj, int], str]]) -> tuple[Column, ...]:
    return (
        NAME,
        Column(name="cpu", value=usage("cpu")),
        Column(name="memory", value=usage("memory")),
        Column(name="Window", format="duration", value=_window),
    )


NODE_METRICS = Resource(
    group=GROUP,
    name="nodes",
    kind="NodeMetrics",
    namespaced=False,
    versions=(Version(name="v1beta1", schema=""),),
    verbs=("get", "list"),
    strategy=Strategy(),
    columns=_columns(_node_usage),
)

POD_METRICS = Resource(
    group=GROUP,
    name="pods",
    kind="PodMetrics",
    versions=(Version(name="v1beta1", schema=""),),
    verbs=("get", "list"),
    strategy=Strategy(),
    columns=_columns(_pod_usage),
)

RESOURCES = (NODE_METRICS, POD_METRICS)
"""Not in the catalogue: whoever serves metrics adds them to the cluster's resources."""
