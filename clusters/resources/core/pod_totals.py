"""What a whole Pod asks for: its containers, its own Pod-level resources where it has them, and its overhead.

Models: component-helpers, resource (PodRequests, PodLimits).
"""

from __future__ import annotations

from clusters.machinery import quantity
from clusters.machinery.quantity import Quantity
from clusters.machinery.types import Obj
from clusters.resources.pod_spec.totals import container_limits, container_requests

Totals = dict[str, Quantity]


def pod_requests(spec: Obj, *, overhead: bool = True) -> Totals:
    total = container_requests(spec)
    _pod_level(total, spec, "requests")
    if overhead:
        for name, value in (spec.get("overhead") or {}).items():
            amount = quantity.of(value)
            total[name] = total[name] + amount if name in total else amount
    return total


def pod_limits(spec: Obj, *, overhead: bool = True) -> Totals:
    total = container_limits(spec)
    _pod_level(total, spec, "limits")
    if overhead:
        for name, value in (spec.get("overhead") or {}).items():
            if total.get(name):
                total[name] = total[name] + quantity.of(value)
    return total


def _pod_level(total: Totals, spec: Obj, kind: str) -> None:
    for name, value in ((spec.get("resources") or {}).get(kind) or {}).items():
        if name in ("cpu", "memory") or name.startswith("hugepages-"):
            total[name] = quantity.of(value)
