"""Short spellings of nodes and Pods for tests of the scheduler."""

from __future__ import annotations

from typing import Any

from clusters.machinery.types import Obj


def node(name: str, *, cpu: str = "4", memory: str = "8Gi", pods: str = "110", zone: str = "", **spec: Any) -> Obj:
    labels = {"kubernetes.io/hostname": name, **({"topology.kubernetes.io/zone": zone} if zone else {})}
    labels.update(spec.pop("labels", {}))
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods, "ephemeral-storage": "100Gi"}},
    }


def pod(
    name: str, *, cpu: str = "100m", memory: str = "64Mi", labels: dict[str, str] | None = None, **spec: Any
) -> Obj:
    """`annotations` and `owner` (an owner reference) go to the metadata, all else to the spec."""
    meta: dict[str, Any] = {"name": name, "namespace": spec.pop("namespace", "default")}
    if labels:
        meta["labels"] = labels
    if annotations := spec.pop("annotations", None):
        meta["annotations"] = annotations
    if owner := spec.pop("owner", None):
        meta["ownerReferences"] = [owner]
    requests = {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v}
    container = {"name": "c", "image": "example.com/app:v1", "resources": {"requests": requests} if requests else {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {"containers": [container], "schedulerName": "default-scheduler", **spec},
        "status": {"phase": "Running" if spec.get("nodeName") else "Pending"},
    }


def taint(key: str, effect: str = "NoSchedule") -> Obj:
    return {"key": key, "effect": effect}


def spread(key: str, *, max_skew: int = 1, hard: bool = True, labels: dict[str, str] | None = None, **more: Any) -> Obj:
    return {
        "maxSkew": max_skew,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule" if hard else "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels or {"app": "web"}},
        **more,
    }


def anti_affinity(key: str, labels: dict[str, str], *, required: bool = True) -> Obj:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": labels}}
    if required:
        return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    weighted = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": weighted}}


ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"
