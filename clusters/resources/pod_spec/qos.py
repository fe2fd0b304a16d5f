"""The quality of service class of a Pod. Models: kubernetes, pkg/apis/core/helper/qos (GetPodQOS)."""

from __future__ import annotations

from collections.abc import Iterable

from clusters.machinery import quantity
from clusters.machinery.types import Obj

_SUPPORTED = ("cpu", "memory")


def qos_class(spec: Obj) -> str:
    """Guaranteed (limits of cpu and memory everywhere, equal to the requests), BestEffort (none), or Burstable."""
    pod_level = spec.get("resources") or {}
    if pod_level.get("requests") or pod_level.get("limits"):
        return _class_of([pod_level], pod_level=True)
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return _class_of([c.get("resources") or {} for c in containers], pod_level=False)


def _class_of(resources: Iterable[Obj], *, pod_level: bool) -> str:
    guaranteed = True
    requests: dict[str, int] = {}
    limits: dict[str, int] = {}
    for each in resources:
        for total, given in ((requests, each.get("requests")), (limits, each.get("limits"))):
            found = 0
            for name in _SUPPORTED:
                amount = quantity.milli(given[name]) if given and name in given else 0
                if amount > 0:
                    total[name] = total.get(name, 0) + amount
                    found += 1
            if total is limits and found != len(_SUPPORTED):
                guaranteed = False
    if not requests and not limits:
        return "BestEffort"
    if guaranteed and requests == limits:
        return "Guaranteed"
    return "Burstable"
