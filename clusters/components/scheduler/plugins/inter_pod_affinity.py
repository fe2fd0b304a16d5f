"""InterPodAffinity: Pods that want to be near, or away from, other Pods; both sides' wishes count.

Models: kube-scheduler, plugins/interpodaffinity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from clusters.components.scheduler.podinfo import AffinityTerm, PodInfo
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


def _matches_all(terms: Iterable[AffinityTerm], pod: PodInfo, snapshot: Snapshot) -> bool:
    labels = snapshot.namespace_labels(pod.namespace)
    return all(t.matches(pod, labels) for t in terms)


class InterPodAffinity(Plugin):
    name = "InterPodAffinity"

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        pod, snapshot = cycle.pod, cycle.snapshot
        needs = pod.needs
        if not snapshot.anti_affine_nodes and not needs.has_affinity:
            return SKIP
        state = FilterState(snapshot.namespace_labels(pod.namespace))
        for node in snapshot.anti_affine_nodes.values():
            if node.obj is not None:
                for other in node.anti_affine.values():
                    self._count_existing(state, pod, other, node, 1)
        if needs.has_affinity and (needs.affinity or needs.anti_affinity):
            for node in snapshot.nodes:
                for other in node.pods.values():
                    self._count_own(cycle, state, other, node, 1)
        if not state.existing_anti and not (needs.has_affinity and (needs.affinity or needs.anti_affinity)):
            return SKIP
        cycle.state[self.name] = state
        return None

    @staticmethod
    def _count_existing(state: FilterState, pod: PodInfo, other: PodInfo, node: NodeInfo, delta: int) -> None:
        for term in other.needs.anti_affinity:
            if term.matches(pod, state.namespace_labels):
                _count(state.existing_anti, node.labels, term.topology_key, delta)

    @staticmethod
    def _count_own(cycle: Cycle, state: FilterState, other: PodInfo, node: NodeInfo, delta: int) -> None:
        needs, snapshot = cycle.pod.needs, cycle.snapshot
        if needs.affinity and _matches_all(needs.affinity, other, snapshot):
            for term in needs.affinity:
                _count(state.affinity, node.labels, term.topology_key, delta)
        for term in needs.anti_affinity:
            if term.matches(other, snapshot.namespace_labels(other.namespace)):
                _count(state.anti, node.labels, term.topology_key, delta)

    def add_pod(self, cycle: Cycle, pod: PodInfo, node: NodeInfo) -> None:
        self._change(cycle, pod, node, 1)

    def remove_pod(self, cycle: Cycle, pod: PodInfo, node: NodeInfo) -> None:
        self._change(cycle, pod, node, -1)

    def _change(self, cycle: Cycle, pod: PodInfo, node: NodeInfo, delta: int) -> None:
        state: FilterState = cycle.state[self.name]
        self._count_existing(state, cycle.pod, pod, node, delta)
        self._count_own(cycle, state, pod, node, delta)

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
        return found or (not state.affinity and _matches_all(terms, cycle.pod, cycle.snapshot))

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Skip | None:
        pod, snapshot = cycle.pod, cycle.snapshot
        needs = pod.needs
        wishes = needs.has_affinity and bool(needs.preferred_affinity or needs.preferred_anti_affinity)
        if not wishes and not snapshot.affine_nodes:
            return SKIP
        namespace_labels = snapshot.namespace_labels(pod.namespace)
        counts: Counts = {}
        touched = False
        for node in snapshot.nodes if wishes else snapshot.affine_nodes.values():
            if node.obj is None:
                continue
            for other in (node.pods if wishes else node.affine).values():
                for weight, term in _wishes(pod, other, snapshot, namespace_labels):
                    value = node.labels.get(term.topology_key)
                    if value is not None:
                        domain = (term.topology_key, value)
                        counts[domain] = counts.get(domain, 0) + weight
                        touched = True
        if not touched:
            return SKIP
        by_key: dict[str, dict[str, int]] = {}
        for (key, value), weight in counts.items():
            by_key.setdefault(key, {})[value] = weight
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
    pod: PodInfo, other: PodInfo, snapshot: Snapshot, namespace_labels: Mapping[str, str]
) -> Iterable[tuple[int, AffinityTerm]]:
    """The terms by which the new Pod and one that is there attract (or repel) each other."""
    needs, theirs = pod.needs, other.needs
    if needs.has_affinity:
        other_labels = snapshot.namespace_labels(other.namespace)
        for weight, term in needs.preferred_affinity:
            if term.matches(other, other_labels):
                yield weight, term
        for weight, term in needs.preferred_anti_affinity:
            if term.matches(other, other_labels):
                yield -weight, term
    if theirs.has_affinity:
        for term in theirs.affinity:
            if term.matches(pod, namespace_labels):
                yield HARD_AFFINITY_WEIGHT, term
        for weight, term in theirs.preferred_affinity:
            if term.matches(pod, namespace_labels):
                yield weight, term
        for weight, term in theirs.preferred_anti_affinity:
            if term.matches(pod, namespace_labels):
                yield -weight, term
