"""InterPodAffinity: Pods that want to be near, or away from, other Pods; both sides' wishes count.

Models: kube-scheduler, plugins/interpodaffinity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from clusters.components.scheduler.events import Action, ClusterEvent
from clusters.components.scheduler.framework import (
    MAX_SCORE,
    SKIP,
    Cycle,
    Plugin,
    PreFilterResult,
    Skip,
    Verdict,
    unresolvable,
    unschedulable,
)
from clusters.components.scheduler.podinfo import AffinityTerm, Needs, PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot

NO_AFFINITY = unresolvable("node(s) didn't match pod affinity rules")
ANTI_AFFINITY = unschedulable("node(s) didn't match pod anti-affinity rules")
EXISTING_ANTI_AFFINITY = unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")

HARD_AFFINITY_WEIGHT = 1
"""What the required affinity of a Pod that is there counts as a wish to have the new one near."""

Domain = tuple[str, str]
"""(topology key, value)."""
Counts = dict[Domain, int]


@dataclass(slots=True)
class FilterState:
    """How many Pods in each domain matter to the new Pod."""

    namespace_labels: Mapping[str, str]
    existing_anti: Counts = field(default_factory=dict)
    """Pods there that refuse the new one."""
    affinity: Counts = field(default_factory=dict)
    """Pods there that match all of the new one's affinity terms."""
    anti: Counts = field(default_factory=dict)
    """Pods there that match an anti-affinity term of the new one."""

    def clone(self) -> FilterState:
        return FilterState(self.namespace_labels, dict(self.existing_anti), dict(self.affinity), dict(self.anti))


def _count(counts: Counts, labels: Mapping[str, str], key: str, delta: int) -> None:
    value = labels.get(key)
    if value is None:
        return
    domain = (key, value)
    count = counts.get(domain, 0) + delta
    if count:
        counts[domain] = count
    else:
        counts.pop(domain, None)


def _matches_all(terms: Iterable[AffinityTerm], pod: Needs, snapshot: Snapshot) -> bool:
    labels = snapshot.namespace_labels(pod.namespace)
    return all(t.matches(pod, labels) for t in terms)


Keys = tuple[tuple[str, ...], tuple[str, ...]]
"""Topology keys in whose domains Pods of some needs count for affinity, and for anti-affinity."""


class InterPodAffinity(Plugin):
    """Pods of equal needs are alike here, so terms are matched once a kind of Pod, not once a Pod."""

    name = "InterPodAffinity"

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        needs, snapshot = cycle.pod.needs, cycle.snapshot
        own = needs.has_affinity and bool(needs.affinity or needs.anti_affinity)
        if not snapshot.anti_affine_nodes and not own:
            return SKIP
        state = FilterState(snapshot.namespace_labels(needs.namespace))
        refusing: dict[Needs, tuple[str, ...]] = {}
        for node in snapshot.anti_affine_nodes.values():
            if node.obj is not None:
                for other, count in node.anti_affine.items():
                    if other not in refusing:
                        refusing[other] = self._refused_in(other, needs, state)
                    for key in refusing[other]:
                        _count(state.existing_anti, node.labels, key, count)
        if not own and not state.existing_anti:
            return SKIP
        if own:
            wanted: dict[Needs, Keys] = {}
            for node in snapshot.nodes:
                for other, count in node.kinds.items():
                    if other not in wanted:
                        wanted[other] = self._own_keys(needs, other, snapshot)
                    self._count_own(state, wanted[other], node, count)
        cycle.state[self.name] = state
        return None

    @staticmethod
    def _refused_in(other: Needs, needs: Needs, state: FilterState) -> tuple[str, ...]:
        """The topology keys of the terms by which a Pod that is there keeps the new one away."""
        terms = other.anti_affinity
        return tuple(t.topology_key for t in terms if t.matches(needs, state.namespace_labels))

    @staticmethod
    def _own_keys(needs: Needs, other: Needs, snapshot: Snapshot) -> Keys:
        near: tuple[str, ...] = ()
        if needs.affinity and _matches_all(needs.affinity, other, snapshot):
            near = tuple(t.topology_key for t in needs.affinity)
        labels = snapshot.namespace_labels(other.namespace)
        return near, tuple(t.topology_key for t in needs.anti_affinity if t.matches(other, labels))

    @staticmethod
    def _count_own(state: FilterState, keys: Keys, node: NodeInfo, delta: int) -> None:
        near, away = keys
        for key in near:
            _count(state.affinity, node.labels, key, delta)
        for key in away:
            _count(state.anti, node.labels, key, delta)

    def add_pod(self, cycle: Cycle, pod: PodInfo, node: NodeInfo) -> None:
        self._change(cycle, pod, node, 1)

    def remove_pod(self, cycle: Cycle, pod: PodInfo, node: NodeInfo) -> None:
        self._change(cycle, pod, node, -1)

    def _change(self, cycle: Cycle, pod: PodInfo, node: NodeInfo, delta: int) -> None:
        state: FilterState = cycle.state[self.name]
        needs, other = cycle.pod.needs, pod.needs
        for key in self._refused_in(other, needs, state):
            _count(state.existing_anti, node.labels, key, delta)
        if needs.has_affinity:
            self._count_own(state, self._own_keys(needs, other, cycle.snapshot), node, delta)

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        state: FilterState = cycle.state[self.name]
        needs = cycle.pod.needs
        if needs.affinity and not self._affinity_holds(cycle, state, node):
            return NO_AFFINITY
        labels = node.labels
        for term in needs.anti_affinity:
            value = labels.get(term.topology_key)
            if value is not None and (term.topology_key, value) in state.anti:
                return ANTI_AFFINITY
        for key, value in state.existing_anti:
            if labels.get(key) == value:
                return EXISTING_ANTI_AFFINITY
        return None

    @staticmethod
    def _affinity_holds(cycle: Cycle, state: FilterState, node: NodeInfo) -> bool:
        terms = cycle.pod.needs.affinity
        found = True
        for term in terms:
            value = node.labels.get(term.topology_key)
            if value is None:
                return False
            found = found and (term.topology_key, value) in state.affinity
        # The first of Pods that want to be together may go anywhere, else none could ever start.
        return found or (not state.affinity and _matches_all(terms, cycle.pod.needs, cycle.snapshot))

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Skip | None:
        needs, snapshot = cycle.pod.needs, cycle.snapshot
        own = needs.has_affinity and bool(needs.preferred_affinity or needs.preferred_anti_affinity)
        if not own and not snapshot.affine_nodes:
            return SKIP
        namespace_labels = snapshot.namespace_labels(needs.namespace)
        wishes: dict[Needs, list[tuple[str, int]]] = {}
        by_key: dict[str, dict[str, int]] = {}
        for node in snapshot.nodes if own else snapshot.affine_nodes.values():
            if node.obj is None:
                continue
            for other, count in (node.kinds if own else node.affine).items():
                if other not in wishes:
                    wishes[other] = list(_wishes(needs, other, snapshot, namespace_labels))
                for key, weight in wishes[other]:
                    value = node.labels.get(key)
                    if value is not None:
                        weights = by_key.setdefault(key, {})
                        weights[value] = weights.get(value, 0) + weight * count
        if not by_key:
            return SKIP
        cycle.state["InterPodAffinity/score"] = by_key
        return None

    def score(self, cycle: Cycle, node: NodeInfo) -> int:
        by_key: dict[str, dict[str, int]] = cycle.state["InterPodAffinity/score"]
        total = 0
        for key, weights in by_key.items():
            value = node.labels.get(key)
            if value is not None:
                total += weights.get(value, 0)
        return total

    def normalize(self, cycle: Cycle, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        low, high = min(scores), max(scores)
        if low == high:
            return [0] * len(scores)
        return [int(MAX_SCORE * ((s - low) / (high - low))) for s in scores]

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        if event.resource == "nodes":
            return event.new is not None and (event.old is None or event.changed("metadata", "labels"))
        if event.resource == "pods":
            # Rejected for affinity: somebody must come; for anti-affinity: somebody must go (or change).
            if event.action is Action.ADD:
                return bool(pod.needs.affinity)
            return event.action is Action.DELETE or event.changed("metadata", "labels")
        if event.resource == "namespaces":
            return event.new is not None and event.changed("metadata", "labels")
        return False


def _wishes(
    needs: Needs, other: Needs, snapshot: Snapshot, namespace_labels: Mapping[str, str]
) -> Iterator[tuple[str, int]]:
    """Topology keys and weights by which the new Pod and one that is there attract (or repel) each other."""
    if needs.has_affinity:
        other_labels = snapshot.namespace_labels(other.namespace)
        for weight, term in needs.preferred_affinity:
            if term.matches(other, other_labels):
                yield term.topology_key, weight
        for weight, term in needs.preferred_anti_affinity:
            if term.matches(other, other_labels):
                yield term.topology_key, -weight
    if other.has_affinity:
        for term in other.affinity:
            if term.matches(needs, namespace_labels):
                yield term.topology_key, HARD_AFFINITY_WEIGHT
        for weight, term in other.preferred_affinity:
            if term.matches(needs, namespace_labels):
                yield term.topology_key, weight
        for weight, term in other.preferred_anti_affinity:
            if term.matches(needs, namespace_labels):
                yield term.topology_key, -weight
