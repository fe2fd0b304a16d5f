"""What a Service of a given spec needs. Models: kubernetes, pkg/api/service and registry/core/service."""

from __future__ import annotations

from clusters.machinery.types import Obj

NONE = "None"


def is_headless(spec: Obj) -> bool:
    return spec.get("clusterIPs") == [NONE]


def needs_cluster_ip(spec: Obj) -> bool:
    return spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer")


def needs_node_port(spec: Obj) -> bool:
    if spec.get("type") == "NodePort":
        return True
    return spec.get("type") == "LoadBalancer" and bool(spec.get("allocateLoadBalancerNodePorts", True))


def may_have_node_port(spec: Obj) -> bool:
    return spec.get("type") in ("NodePort", "LoadBalancer")


def needs_health_check(spec: Obj) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def externally_accessible(spec: Obj) -> bool:
    kind = spec.get("type")
    return kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
