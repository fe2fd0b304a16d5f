"""The `scale` subresource of workloads. Models: kubernetes, registry/apps/*/storage (ScaleREST)."""

from __future__ import annotations

from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj
from clusters.resources.base import Subresource

SCALE = Subresource(name="scale", kind="Scale", group="autoscaling", version="v1")


def scale_of(obj: Obj) -> Obj:
    """The `autoscaling/v1` Scale of a workload (any object with spec.replicas, spec.selector, status.replicas)."""
    meta = obj["metadata"]
    keep = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    replicas = spec.get("replicas", 0)
    out: Obj = {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta[name] for name in keep if name in meta},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {"replicas": status.get("replicas", 0)},
    }
    selector = selector_text(obj)
    if selector:
        out["status"]["selector"] = selector
    return out


def selector_text(obj: Obj) -> str:
    """The Pods a workload counts, as a label selector in text."""
    selector = (obj.get("spec") or {}).get("selector")
    if not selector:
        return ""
    if obj.get("kind") == "ReplicationController":
        return ",".join(f"{key}={selector[key]}" for key in sorted(selector))
    return from_label_selector(selector).text()


def with_replicas(obj: Obj, scale: Obj) -> Obj:
    """A copy of the workload with the replicas that `scale` asks for."""
    spec = {**(obj.get("spec") or {}), "replicas": (scale.get("spec") or {}).get("replicas", 0)}
    return {**obj, "spec": spec}
