"""What the containers of a Pod ask for together.

Sidecars count beside the containers and beside the init containers that start after them.
Models: component-helpers, resource (AggregateContainerRequests, AggregateContainerLimits).
"""

from __future__ import annotations

from clusters.machinery import quantity
from clusters.machinery.quantity import Quantity
from clusters.machinery.types import Obj

Totals = dict[str, Quantity]


def container_requests(spec: Obj) -> Totals:
    return _aggregate(spec, "requests")


def container_limits(spec: Obj) -> Totals:
    return _aggregate(spec, "limits")


def _aggregate(spec: Obj, kind: str) -> Totals:
    total: Totals = {}
    for container in spec.get("containers") or ():
        _add(total, _of(container, kind))
    sidecars: Totals = {}
    highest: Totals = {}
    for container in spec.get("initContainers") or ():
        own = _of(container, kind)
        if container.get("restartPolicy") == "Always":
            _add(total, own)
            _add(sidecars, own)
            own = dict(sidecars)
        else:
            for name, amount in sidecars.items():
                own[name] = own[name] + amount if name in own else amount
        _highest(highest, own)
    _highest(total, highest)
    return total


def _of(container: Obj, kind: str) -> Totals:
    amounts = (container.get("resources") or {}).get(kind) or {}
    return {name: quantity.of(value) for name, value in amounts.items()}


def _add(total: Totals, more: Totals) -> None:
    for name, amount in more.items():
        total[name] = total[name] + amount if name in total else amount


def _highest(total: Totals, other: Totals) -> None:
    for name, amount in other.items():
        if name not in total or amount > total[name]:
            total[name] = amount
