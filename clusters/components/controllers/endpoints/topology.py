"""Zones and hints: which zone's clients an endpoint should serve.

Models: k8s.io/endpointslice/topologycache and trafficdist.
"""

from __future__ import annotations

from typing import Any

from clusters.client.informer import Informer
from clusters.machinery.types import Obj

ZONE = "topology.kubernetes.io/zone"
MODE = "service.kubernetes.io/topology-mode"
_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")


def zone_label(obj: Obj | None) -> str:
    return str((obj["metadata"].get("labels") or {}).get(ZONE, "")) if obj is not None else ""


def wants_hints(service: Obj) -> bool:
    if service["spec"].get("trafficDistribution") in _DISTRIBUTIONS:
        return True
    mode = (service["metadata"].get("annotations") or {}).get(MODE, "")
    return mode in ("Auto", "auto")


def add_hints(endpoints: list[dict[str, Any]], nodes: Informer) -> None:
    """Give each ready endpoint the hint of its own zone. In place: the endpoints are new."""
    for endpoint in endpoints:
        if endpoint["conditions"]["ready"] and endpoint.get("zone"):
            endpoint["hints"] = {"forZones": [{"name": endpoint["zone"]}]}
