"""A cluster at a glance, for the list of clusters: node and Pod counts, and the heat strip.

Counted from the watch cache, once per revision. Clusters that this process has not loaded are loaded a few at
a time, smallest log first; the others come without counts until somebody opens them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from clusters.machinery import meta
from clusters.models import Cluster
from clusters.realtime.podstate import glance
from clusters.runtime.hub import ClusterHandle, hub

logger = logging.getLogger(__name__)

LOADED_AT_ONCE = 12
LARGEST_LOADED = 50_000
"""Revisions."""
HEAT_NODES = 200

_PODS, _NODES = "core/pods/", "core/nodes/"
_READY, _NOT_READY, _PENDING, _FAILING = range(4)
_CLASS = {
    "running": _READY,
    "succeeded": _READY,
    "pending": _PENDING,
    "creating": _PENDING,
    "crash": _FAILING,
    "failed": _FAILING,
}

_known: WeakKeyDictionary[ClusterHandle, tuple[int, dict[str, Any]]] = WeakKeyDictionary()


def summaries(clusters: Sequence[Cluster], *, load: bool = False) -> dict[str, dict[str, Any]]:
    """Counts by cluster name. `load`: load every one of them if need be."""
    found: dict[str, dict[str, Any]] = {}
    budget = len(clusters) if load else LOADED_AT_ONCE
    for cluster in sorted(clusters, key=lambda c: c.head):
        handle = hub.loaded(cluster.name)
        if handle is None or handle.id != cluster.pk:
            if budget <= 0 or (not load and cluster.head > LARGEST_LOADED):
                continue
            budget -= 1
            try:
                handle = hub.cluster(cluster.name)
            except LookupError:
                continue
        found[cluster.name] = _summary(handle)
    return found


def _summary(handle: ClusterHandle) -> dict[str, Any]:
    handle.refresh()
    cache = handle.cache
    with cache.lock:
        rev = cache.rev
        known = _known.get(handle)
        if known is not None and known[0] == rev:
            return known[1]
        nodes = list(cache.bucket(_NODES).items.values())
        pods = list(cache.bucket(_PODS).items.values())
    heat: dict[str, list[int]] = {meta.name(n.obj): [0, 0, 0, 0] for n in nodes}
    counts = [0, 0, 0, 0]
    for pod in pods:
        kind = _CLASS.get(glance(pod.obj).state, _NOT_READY)
        counts[kind] += 1
        row = heat.get(pod.obj["spec"].get("nodeName") or "")
        if row is not None:
            row[kind] += 1
    ready = [n for n in nodes if (meta.condition(n.obj, "Ready") or {}).get("status") == "True"]
    summary = {
        "nodes": len(nodes),
        "nodesReady": len(ready),
        "pods": len(pods),
        "running": counts[_READY],
        "pending": counts[_PENDING],
        "failing": counts[_FAILING],
        "heat": list(heat.values())[:HEAT_NODES],
    }
    _known[handle] = (rev, summary)
    return summary
