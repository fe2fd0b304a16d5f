"""Which pods go first when there are too many.

Models: kube-controller-manager, ActivePodsWithRanks in pkg/controller/controller_utils.go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cmp_to_key

from clusters.components.controllers.shared import pods as pod_of
from clusters.kernel.clock import SECOND
from clusters.machinery.types import Obj

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASE_ORDER = {"Pending": 0, "Unknown": 1, "Running": 2}


def to_delete(pods: Sequence[Obj], count: int, related: Iterable[Obj], now: int) -> list[Obj]:
    """`count` of `pods`, least worth keeping first. `related` are all active pods of the same workload: a node
    that holds many of them loses one first."""
    if count >= len(pods):
        return list(pods)
    per_node = Counter(pod_of.node_name(p) for p in related)
    ranked = [(pod, per_node[pod_of.node_name(pod)]) for pod in pods]

    def compare(left: tuple[Obj, int], right: tuple[Obj, int]) -> int:
        return _compare(left, right, now)

    ranked.sort(key=cmp_to_key(compare))
    return [pod for pod, _ in ranked[:count]]


def _compare(left: tuple[Obj, int], right: tuple[Obj, int], now: int) -> int:
    (a, rank_a), (b, rank_b) = left, right
    assigned = _order(bool(pod_of.node_name(a)), bool(pod_of.node_name(b)))
    if assigned:
        return assigned
    phases = _order(_PHASE_ORDER.get(pod_of.phase(a), 0), _PHASE_ORDER.get(pod_of.phase(b), 0))
    if phases:
        return phases
    ready_a, ready_b = pod_of.is_ready(a), pod_of.is_ready(b)
    if ready_a != ready_b:
        return -1 if ready_b else 1
    cost = _order(_deletion_cost(a), _deletion_cost(b))
    if cost:
        return cost
    if rank_a != rank_b:
        return -1 if rank_a > rank_b else 1
    if ready_a and ready_b:
        since_a, since_b = pod_of.available_at(a, 0) or 0, pod_of.available_at(b, 0) or 0
        if since_a != since_b:
            return _younger_first(since_a, since_b, now) or _order(_uid(a), _uid(b))
    restarts = _order(pod_of.restarts(b), pod_of.restarts(a))
    if restarts:
        return restarts
    made_a, made_b = (pod_of.when(p["metadata"]["creationTimestamp"]) for p in (a, b))
    if made_a != made_b:
        return _younger_first(made_a, made_b, now) or _order(_uid(a), _uid(b))
    return _order(_uid(a), _uid(b))


def _order(a: int | str | bool, b: int | str | bool) -> int:
    return (a > b) - (a < b)  # type: ignore[operator]


def _uid(pod: Obj) -> str:
    return str(pod["metadata"]["uid"])


def _younger_first(a: int, b: int, now: int) -> int:
    """Ages count on a logarithmic scale, so that pods of about the same age are chosen between at random."""
    return _order(_bucket(now - a), _bucket(now - b))


def _bucket(age: int) -> int:
    return max(age // SECOND, 0).bit_length()


def _deletion_cost(pod: Obj) -> int:
    text = (pod["metadata"].get("annotations") or {}).get(DELETION_COST, "0")
    try:
        return int(text)
    except ValueError:
        return 0
