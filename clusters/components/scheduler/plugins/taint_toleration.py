"""TaintToleration: taints keep Pods away that do not tolerate them; PreferNoSchedule lowers the score.

Models: kube-scheduler, plugins/tainttoleration.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.components.scheduler.events import ClusterEvent
from clusters.components.scheduler.framework import Cycle, Plugin, Skip, Verdict, scaled_to_highest, unresolvable
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot
from clusters.components.scheduler.taints import PREFER_NO_SCHEDULE, taints_of, tolerated

REFUSED = unresolvable("node(s) had untolerated taint(s)")


class TaintToleration(Plugin):
    name = "TaintToleration"
    node_local = True

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        for taint in node.hard_taints:
            if not tolerated(taint, cycle.pod.needs.tolerations):
                return REFUSED
        return None

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Skip | None:
        effects = ("", PREFER_NO_SCHEDULE)
        cycle.state["TaintToleration/score"] = tuple(t for t in cycle.pod.needs.tolerations if t.effect in effects)
        return None

    def score(self, cycle: Cycle, node: NodeInfo) -> int:
        if not node.soft_taints:
            return 0
        tolerations = cycle.state["TaintToleration/score"]
        return sum(not tolerated(t, tolerations) for t in node.soft_taints)

    def normalize(self, cycle: Cycle, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        return scaled_to_highest(scores, reverse=True)

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        if event.resource != "nodes" or event.new is None or not event.changed("spec", "taints"):
            return event.resource == "nodes" and event.old is None
        taints = taints_of((event.new.get("spec") or {}).get("taints"))
        hard = (t for t in taints if t.effect != PREFER_NO_SCHEDULE)
        return all(tolerated(t, pod.needs.tolerations) for t in hard)
