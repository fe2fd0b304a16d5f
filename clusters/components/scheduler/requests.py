"""What resources a Pod asks for, in one number a resource.

Sidecars (init containers that restart) count beside the main containers; of the other init containers the
largest counts; requests at Pod level replace the sum; overhead comes on top.
Models: component-helpers, resource.PodRequests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clusters.machinery.quantity import milli, value

DEFAULT_CPU = 100
"""Milli-CPU that scores assume for a container that requests none."""
DEFAULT_MEMORY = 200 << 20
"""Bytes that scores assume for a container that requests none."""

Amounts = dict[str, int]
"""By resource name: cpu in milli, all else in whole units."""


@dataclass(slots=True)
class Requests:
    """`score_*` count a container without a request at a default, so that a node full of such Pods looks
    full; `container_*` are the same without what is requested at Pod level (how the real scorer sees the new
    Pod, though not those that are there)."""

    cpu: int = 0
    memory: int = 0
    ephemeral: int = 0
    scalar: Amounts = field(default_factory=dict)
    score_cpu: int = 0
    score_memory: int = 0
    container_cpu: int = 0
    container_memory: int = 0


def amounts(resources: Mapping[str, Any] | None) -> Amounts:
    """A resource list in numbers."""
    return {k: milli(v) if k == "cpu" else value(v) for k, v in (resources or {}).items()}


def _add(total: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _highest(total: Amounts, other: Amounts) -> None:
    for name, amount in other.items():
        if amount > total.get(name, 0):
            total[name] = amount


def _container(container: Mapping[str, Any], defaults: Amounts, resized: Mapping[str, Amounts]) -> Amounts:
    out = {**defaults, **amounts((container.get("resources") or {}).get("requests"))}
    if container["name"] in resized:
        _highest(out, resized[container["name"]])
    return out


def _pod_level(name: str) -> bool:
    return name in ("cpu", "memory") or name.startswith("hugepages-")


def _total(
    spec: Mapping[str, Any], defaults: Amounts, resized: Mapping[str, Amounts], *, pod_level: bool = True
) -> Amounts:
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, _container(container, defaults, resized))
    sidecars: Amounts = {}
    init: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _container(container, defaults, resized)
        if container.get("restartPolicy") == "Always":
            _add(total, own)
            _add(sidecars, own)
            own = dict(sidecars)
        else:
            _add(own, sidecars)
        _highest(init, own)
    _highest(total, init)
    if pod_level:
        for name, amount in amounts((spec.get("resources") or {}).get("requests")).items():
            if _pod_level(name):
                total[name] = amount
    _add(total, amounts(spec.get("overhead")))
    return total


def pod_requests(pod: Mapping[str, Any]) -> Requests:
    """What a Pod object asks for. While it is being resized, the larger of old and new counts."""
    spec = pod["spec"]
    resized = _resized(pod)
    total = _total(spec, {}, resized)
    out = Requests(
        cpu=total.pop("cpu", 0),
        memory=total.pop("memory", 0),
        ephemeral=total.pop("ephemeral-storage", 0),
        scalar={k: v for k, v in total.items() if v and k not in ("pods", "storage")},
    )
    defaults = {"cpu": DEFAULT_CPU, "memory": DEFAULT_MEMORY}
    assumed = _total(spec, defaults, resized, pod_level=False)
    out.score_cpu = out.container_cpu = assumed.get("cpu", 0)
    out.score_memory = out.container_memory = assumed.get("memory", 0)
    if any(_pod_level(name) for name in (spec.get("resources") or {}).get("requests") or ()):
        missing = {k: v for k, v in defaults.items() if not (out.cpu if k == "cpu" else out.memory)}
        assumed = _total(spec, missing, resized)
        out.score_cpu = assumed.get("cpu", 0)
        out.score_memory = assumed.get("memory", 0)
    return out


def is_resizing(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] in ("PodResizePending", "PodResizeInProgress") for c in conditions)


def _resized(pod: Mapping[str, Any]) -> dict[str, Amounts]:
    """What the kubelet says the containers have, by container name, if a resize is under way."""
    if not is_resizing(pod):
        return {}
    status = pod.get("status") or {}
    statuses = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
    return {s["name"]: amounts(s["resources"].get("requests")) for s in statuses if s.get("resources")}
