"""A node that runs low on memory or disk: its conditions, what it refuses, and which pod goes next.

The machine says that it is under pressure (something beside the pods takes what there is, so that evicting them
does not end it). The kubelet evicts one pod at each look of its eviction manager; the times are counted from the
condition's, so that a kubelet that starts anew goes on in step. Models: kubelet, eviction/eviction_manager.go and
helpers.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from clusters.components.kubelet.timing import when
from clusters.kernel.clock import SECOND
from clusters.machinery import quantity
from clusters.machinery.types import Obj
from clusters.resources.metrics import load
from clusters.resources.pod_spec.qos import qos_class

LOOKS_EVERY = 10 * SECOND
CRITICAL = 2_000_000_000
"""Pods of this priority and above are neither refused nor evicted."""


class Pressure(NamedTuple):
    """One kind of it: the node's condition, its texts, and the machine's word for it."""

    condition: str
    field: str
    reason: str
    message: str
    event: str
    resource: str
    taint: str
    low: str


MEMORY = Pressure(
    "MemoryPressure",
    "memoryPressure",
    "KubeletHasInsufficientMemory",
    "kubelet has insufficient memory available",
    "NodeHasInsufficientMemory",
    "memory",
    "node.kubernetes.io/memory-pressure",
    "Threshold quantity: 100Mi, available: 71236Ki. ",
)
DISK = Pressure(
    "DiskPressure",
    "diskPressure",
    "KubeletHasDiskPressure",
    "kubelet has disk pressure",
    "NodeHasDiskPressure",
    "ephemeral-storage",
    "node.kubernetes.io/disk-pressure",
    "Threshold quantity: 10307984Ki, available: 8093412Ki. ",
)
KINDS = (MEMORY, DISK)


def of_machine(machine: Obj) -> frozenset[str]:
    """The conditions that the machine is in."""
    return frozenset(kind.condition for kind in KINDS if machine["spec"].get(kind.field))


def of_node(node: Obj) -> list[tuple[Pressure, int]]:
    """The pressures that the node's conditions tell of, and since when."""
    told = {c["type"]: c for c in (node.get("status") or {}).get("conditions") or () if c["status"] == "True"}
    return [(k, when(told[k.condition]["lastTransitionTime"])) for k in KINDS if k.condition in told]


def refusal(pod: Obj, node: Obj) -> str:
    """Why a node under pressure does not take the pod; "". Memory is only kept from those who asked for none."""
    kinds = [kind for kind, _ in of_node(node)]
    if not kinds or _priority(pod) >= CRITICAL:
        return ""
    if kinds == [MEMORY] and (qos_class(pod["spec"]) != "BestEffort" or _tolerates(pod, MEMORY.taint)):
        return ""
    return f"The node had condition: [{' '.join(k.condition for k in kinds)}]. "


def _tolerates(pod: Obj, key: str) -> bool:
    return any(
        toleration.get("operator") == "Exists"
        and toleration.get("key", key) == key
        and toleration.get("effect", "NoSchedule") == "NoSchedule"
        for toleration in pod["spec"].get("tolerations") or ()
    )


def next_look(node: Obj, now: int) -> int | None:
    """When the eviction manager looks next; None if nothing is wanting."""
    looks = [since + ((now - since) // LOOKS_EVERY + 1) * LOOKS_EVERY for _, since in of_node(node)]
    return min(looks, default=None)


def evicts_now(node: Obj, now: int) -> Pressure | None:
    """For want of what a pod is evicted at this very moment."""
    for kind, since in of_node(node):
        if now > since and (now - since) % LOOKS_EVERY == 0:
            return kind
    return None


def victim(pods: Iterable[Obj], kind: Pressure) -> Obj | None:
    """The pod to evict: first those that take more than they asked for, of these the least important, of these the
    one that takes most beyond its request."""
    open_ = [
        pod
        for pod in pods
        if (pod.get("status") or {}).get("phase") in ("Pending", "Running")
        and (pod.get("status") or {}).get("startTime")
        and "deletionTimestamp" not in pod["metadata"]
        and _priority(pod) < CRITICAL
    ]
    return min(open_, key=lambda pod: _rank(pod, kind), default=None)


def _rank(pod: Obj, kind: Pressure) -> tuple[bool, int, int, str]:
    beyond = sum(_uses(pod, c, kind) - _asks(c, kind) for c in pod["spec"]["containers"])
    return beyond <= 0, _priority(pod), -beyond, pod["metadata"]["uid"]


def eviction_message(pod: Obj, kind: Pressure) -> str:
    text = f"The node was low on resource: {kind.resource}. {kind.low}"
    for container in pod["spec"]["containers"]:
        used, asked = _uses(pod, container, kind), _asks(container, kind)
        if used > asked:
            request = (container.get("resources") or {}).get("requests") or {}
            text += (
                f"Container {container['name']} was using {used // 1024}Ki, request is "
                f"{request.get(kind.resource, '0')}, has larger consumption of {kind.resource}. "
            )
    return text


def _uses(pod: Obj, container: Obj, kind: Pressure) -> int:
    # What a container writes is not simulated: its logs and its own layer, about the same for each.
    return load.of(pod, container).memory if kind is MEMORY else 64 << 10


def _asks(container: Obj, kind: Pressure) -> int:
    request: dict[str, Any] = (container.get("resources") or {}).get("requests") or {}
    return int(quantity.value(str(request.get(kind.resource, "0"))))


def _priority(pod: Obj) -> int:
    return int(pod["spec"].get("priority") or 0)
