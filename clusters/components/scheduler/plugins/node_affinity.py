"""NodeAffinity: nodeSelector, required and preferred node affinity.

Models: kube-scheduler, plugins/nodeaffinity.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.components.scheduler.events import ClusterEvent
from clusters.components.scheduler.framework import (
    SKIP,
    Cycle,
    Plugin,
    PreFilterResult,
    Skip,
    Verdict,
    scaled_to_highest,
    unresolvable,
)
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot

REFUSED = unresolvable("node(s) didn't match Pod's node affinity/selector")
CONFLICT = unresolvable("pod affinity terms conflict")


class NodeAffinity(Plugin):
    name = "NodeAffinity"
    node_local = True

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        needs = cycle.pod.needs
        if needs.required_nodes is None:
            return None if needs.node_selector else SKIP
        names: frozenset[str] = frozenset()
        for term in needs.required_nodes:
            limited = term.names()
            if limited is None:
                return None
            names |= limited
        if names:
            return names
        return CONFLICT if needs.required_nodes else None

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        return None if cycle.pod.needs.accepts_node(node.name, node.labels) else REFUSED

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Skip | None:
        return None if cycle.pod.needs.preferred_nodes else SKIP

    def score(self, cycle: Cycle, node: NodeInfo) -> int:
        terms = cycle.pod.needs.preferred_nodes
        return sum(weight for weight, term in terms if term.matches(node.name, node.labels))

    def normalize(self, cycle: Cycle, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        return scaled_to_highest(scores)

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        if event.resource != "nodes" or event.new is None or not event.changed("metadata", "labels"):
            return event.resource == "nodes" and event.old is None
        meta = event.new["metadata"]
        return pod.needs.accepts_node(meta["name"], meta.get("labels") or {})
