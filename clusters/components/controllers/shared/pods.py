"""Questions about a Pod, and the index by which controllers find theirs.

Models: k8s.io/kubernetes pkg/api/v1/pod and pkg/controller/controller_utils.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from clusters.client.informer import Informer
from clusters.kernel.clock import SECOND, parse_rfc3339
from clusters.machinery.types import Obj

TERMINAL = ("Succeeded", "Failed")
BY_CONTROLLER = "controller"
BY_NODE = "node"


@lru_cache(maxsize=16384)
def when(text: str) -> int:
    """Virtual microseconds of a timestamp (cached: the same few are read again and again)."""
    return parse_rfc3339(text)


def phase(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def is_terminal(pod: Obj) -> bool:
    return phase(pod) in TERMINAL


def is_active(pod: Obj) -> bool:
    """Neither finished nor being deleted (controller.IsPodActive)."""
    return "deletionTimestamp" not in pod["metadata"] and phase(pod) not in TERMINAL


def is_terminating(pod: Obj) -> bool:
    """Being deleted and not yet finished (controller.IsPodTerminating)."""
    return "deletionTimestamp" in pod["metadata"] and phase(pod) not in TERMINAL


def condition(pod: Obj, kind: str) -> dict[str, Any] | None:
    """The stored condition itself: never change it."""
    for entry in (pod.get("status") or {}).get("conditions") or ():
        if entry["type"] == kind:
            found: dict[str, Any] = entry
            return found
    return None


def is_ready(pod: Obj) -> bool:
    ready = condition(pod, "Ready")
    return ready is not None and ready["status"] == "True"


def is_available(pod: Obj, min_ready_seconds: int, now: int) -> bool:
    """Ready for at least that long."""
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True":
        return False
    if not min_ready_seconds:
        return True
    since = ready.get("lastTransitionTime")
    return bool(since) and when(since) + min_ready_seconds * SECOND <= now


def available_at(pod: Obj, min_ready_seconds: int) -> int | None:
    """When a ready pod becomes (or became) available; None if it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True" or not ready.get("lastTransitionTime"):
        return None
    return when(ready["lastTransitionTime"]) + min_ready_seconds * SECOND


def restarts(pod: Obj) -> int:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return max((int(s.get("restartCount", 0)) for s in statuses), default=0)


def node_name(pod: Obj) -> str:
    return str(pod["spec"].get("nodeName") or "")


def _controller_keys(pod: Obj) -> Iterable[str]:
    meta = pod["metadata"]
    for ref in meta.get("ownerReferences") or ():
        if ref.get("controller"):
            return (ref["uid"],)
    return (f"orphan/{meta.get('namespace', '')}",)


def _node_keys(pod: Obj) -> Iterable[str]:
    node = pod["spec"].get("nodeName")
    return (node,) if node else ()


def index_by_controller(informer: Informer) -> None:
    """Index objects (pods, or any owned kind) by their controller's uid, those without one by namespace."""
    informer.add_index(BY_CONTROLLER, _controller_keys)


def owned_by(informer: Informer, uid: str) -> list[Obj]:
    return list(informer.by_index(BY_CONTROLLER, uid))


def orphans(informer: Informer, namespace: str) -> list[Obj]:
    return list(informer.by_index(BY_CONTROLLER, f"orphan/{namespace}"))


def index_by_node(informer: Informer) -> None:
    informer.add_index(BY_NODE, _node_keys)


def on_node(informer: Informer, node: str) -> list[Obj]:
    return list(informer.by_index(BY_NODE, node))
