"""PodTopologySpread: Pods of a kind spread evenly over zones, hosts, or whatever nodes are labelled with.

A Pod without constraints of its own that belongs to a Service or a workload gets the two system defaults
(by host and by zone, as a preference). Models: kube-scheduler, plugins/podtopologyspread.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clusters.components.scheduler.events import ClusterEvent
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
from clusters.components.scheduler.podinfo import PodInfo, SpreadConstraint
from clusters.components.scheduler.snapshot import HOSTNAME, ZONE, NodeInfo, Snapshot
from clusters.components.scheduler.taints import tolerated
from clusters.machinery.meta import controller_of
from clusters.machinery.selectors import (
    EVERYTHING,
    LabelSelector,
    from_label_selector,
    from_map,
)

NO_LABEL = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)")
TOO_SKEWED = unschedulable("node(s) didn't match pod topology spread constraints")

DEFAULT_SKEWS = ((HOSTNAME, 3), (ZONE, 5))
_WORKLOADS = {
    "ReplicationController": "replicationcontrollers",
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
}


def default_selector(pod: PodInfo, snapshot: Snapshot) -> LabelSelector:
    """What the Services of a Pod and its controller select, taken together; everything if there is none."""
    merged: dict[str, str] = {}
    for service in snapshot.informers["services"].list(pod.namespace):
        selector = (service.get("spec") or {}).get("selector")
        if selector and all(pod.labels.get(k) == v for k, v in selector.items()):
            merged.update(selector)
    owner = controller_of(pod.obj)
    workload: LabelSelector = EVERYTHING
    if owner is not None and owner.get("kind") in _WORKLOADS:
        obj = snapshot.get(_WORKLOADS[owner["kind"]], pod.namespace, owner["name"])
        if obj is not None and obj["metadata"].get("uid") == owner.get("uid"):
            raw = obj["spec"].get("selector")
            if owner["kind"] == "ReplicationController":
                merged.update(raw or {})
            else:
                workload = from_label_selector(raw)
    if not merged:
        return workload
    return LabelSelector([*from_map(merged).requirements, *workload.requirements])


def soft_constraints(pod: PodInfo, snapshot: Snapshot) -> tuple[SpreadConstraint, ...]:
    """What a Pod would like: its own constraints, or else the system's defaults."""
    if pod.needs.has_spread:
        return pod.needs.soft_spread
    selector = default_selector(pod, snapshot)
    if selector.empty:
        return ()
    return tuple(SpreadConstraint(key, skew, selector) for key, skew in DEFAULT_SKEWS)


def counts_in(constraint: SpreadConstraint, pod: PodInfo, node: NodeInfo) -> bool:
    """Whether Pods on a node count (nodeAffinityPolicy, nodeTaintsPolicy)."""
    if constraint.honor_affinity and not pod.needs.accepts_node(node.name, node.labels):
        return False
    if constraint.honor_taints:
        return all(tolerated(t, pod.needs.tolerations) for t in node.hard_taints)
    return True


def has_all_keys(constraints: Sequence[SpreadConstraint], labels: Mapping[str, str]) -> bool:
    return all(c.topology_key in labels for c in constraints)


@dataclass(slots=True)
class HardState:
    """Matching Pods by topology value, for each constraint."""

    constraints: tuple[SpreadConstraint, ...]
    counts: list[dict[str, int]]

    def clone(self) -> HardState:
        return HardState(self.constraints, [dict(c) for c in self.counts])

    def least(self, i: int) -> int:
        """The smallest count of any domain; 0 while there are fewer domains than `minDomains`."""
        counts = self.counts[i]
        if not counts or len(counts) < self.constraints[i].min_domains:
            return 0
        return min(counts.values())


@dataclass(slots=True)
class SoftState:
    """`counts` by topology value (hostnames are counted on the node itself)."""

    constraints: tuple[SpreadConstraint, ...]
    ignored: set[str]
    counts: list[dict[str, int]]
    by_node: list[Mapping[str, int]]
    weights: list[float]


def weight_of(domains: int) -> float:
    """So that a topology of few domains is not outweighed by one of many."""
    return math.log(domains + 2)


class PodTopologySpread(Plugin):
    name = "PodTopologySpread"

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        pod, snapshot = cycle.pod, cycle.snapshot
        constraints = pod.needs.hard_spread if pod.needs.has_spread else ()
        if not constraints:
            return SKIP
        counts: list[dict[str, int]] = []
        nodes = [n for n in snapshot.nodes if has_all_keys(constraints, n.labels)]
        for constraint in constraints:
            matching = snapshot.matching(pod.namespace, constraint.selector)
            found: dict[str, int] = {}
            for node in nodes:
                if counts_in(constraint, pod, node):
                    domain = node.labels[constraint.topology_key]
                    found[domain] = found.get(domain, 0) + matching.get(node.name, 0)
            counts.append(found)
        cycle.state[self.name] = HardState(constraints, counts)
        return None

    def add_pod(self, cycle: Cycle, pod: PodInfo, node: NodeInfo) -> None:
        self._change(cycle, pod, node, 1)

    def remove_pod(self, cycle: Cycle, pod: PodInfo, node: NodeInfo) -> None:
        self._change(cycle, pod, node, -1)

    def _change(self, cycle: Cycle, pod: PodInfo, node: NodeInfo, delta: int) -> None:
        state: HardState = cycle.state[self.name]
        if pod.namespace != cycle.pod.namespace or not has_all_keys(state.constraints, node.labels):
            return
        for constraint, counts in zip(state.constraints, state.counts):
            if constraint.selector.matches(pod.labels) and counts_in(constraint, cycle.pod, node):
                domain = node.labels[constraint.topology_key]
                counts[domain] = counts.get(domain, 0) + delta

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        state: HardState = cycle.state[self.name]
        for i, constraint in enumerate(state.constraints):
            domain = node.labels.get(constraint.topology_key)
            if domain is None:
                return NO_LABEL
            self_match = constraint.selector.matches(cycle.pod.labels)
            if state.counts[i].get(domain, 0) + self_match - state.least(i) > constraint.max_skew:
                return TOO_SKEWED
        return None

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Skip | None:
        pod, snapshot = cycle.pod, cycle.snapshot
        constraints = soft_constraints(pod, snapshot)
        if not constraints:
            return SKIP
        # The system defaults also count on nodes without a zone; a Pod's own constraints want all keys.
        strict = pod.needs.has_spread
        scored = [n for n in nodes if not strict or has_all_keys(constraints, n.labels)]
        ignored = {n.name for n in nodes} - {n.name for n in scored} if strict else set()
        counting = [n for n in snapshot.nodes if not strict or has_all_keys(constraints, n.labels)]
        counts: list[dict[str, int]] = []
        by_node: list[Mapping[str, int]] = []
        weights: list[float] = []
        for constraint in constraints:
            key = constraint.topology_key
            matching = snapshot.matching(pod.namespace, constraint.selector)
            by_node.append(matching)
            found: dict[str, int] = {}
            if key == HOSTNAME:
                weights.append(weight_of(len(scored)))
            else:
                found = {n.labels.get(key, ""): 0 for n in scored}
                for node in counting if matching else ():
                    here = matching.get(node.name)
                    domain = node.labels.get(key, "")
                    if here and domain in found and counts_in(constraint, pod, node):
                        found[domain] += here
                weights.append(weight_of(len(found)))
            counts.append(found)
        cycle.state["PodTopologySpread/score"] = SoftState(constraints, ignored, counts, by_node, weights)
        return None

    def score(self, cycle: Cycle, node: NodeInfo) -> int:
        state: SoftState = cycle.state["PodTopologySpread/score"]
        if node.name in state.ignored:
            return 0
        total = 0.0
        for i, constraint in enumerate(state.constraints):
            domain = node.labels.get(constraint.topology_key)
            if domain is not None:
                if constraint.topology_key == HOSTNAME:
                    count = state.by_node[i].get(node.name, 0)
                else:
                    count = state.counts[i][domain]
                total += count * state.weights[i] + (constraint.max_skew - 1)
        return round_half_away(total)

    def normalize(self, cycle: Cycle, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        state: SoftState = cycle.state["PodTopologySpread/score"]
        counted = [s for n, s in zip(nodes, scores) if n.name not in state.ignored]
        if not counted:
            return [0] * len(scores)
        low, high = min(counted), max(counted)
        return [0 if n.name in state.ignored else evened(score, low, high) for n, score in zip(nodes, scores)]

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        if event.resource == "nodes":
            keys = [c.topology_key for c in pod.needs.hard_spread]
            return (
                event.old is None
                or event.new is None
                or any(event.changed("metadata", "labels", k) for k in keys)
                or event.changed("spec", "taints")
            )
        if event.resource == "pods":
            meta = event.obj["metadata"]
            if meta.get("namespace") != pod.namespace:
                return False
            sides = [o["metadata"].get("labels") or {} for o in (event.old, event.new) if o is not None]
            return any(c.selector.matches(labels) for c in pod.needs.hard_spread for labels in sides)
        return False


def round_half_away(number: float) -> int:
    """math.Round of Go."""
    return math.floor(number + 0.5)


def evened(score: int, low: int, high: int) -> int:
    """The fewest matching Pods give the most."""
    return MAX_SCORE if high == 0 else MAX_SCORE * (high + low - score) // high
