"""NodeUnschedulable: a cordoned node takes only Pods that tolerate it.

Models: kube-scheduler, plugins/nodeunschedulable.
"""

from __future__ import annotations

from clusters.components.scheduler.events import ClusterEvent
from clusters.components.scheduler.framework import SKIP, Cycle, Plugin, PreFilterResult, Verdict, unresolvable
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot
from clusters.components.scheduler.taints import NO_SCHEDULE, Taint, tolerated

TAINT = Taint("node.kubernetes.io/unschedulable", "", NO_SCHEDULE)
REFUSED = unresolvable("node(s) were unschedulable")


class NodeUnschedulable(Plugin):
    name = "NodeUnschedulable"
    node_local = True

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        return SKIP if tolerated(TAINT, cycle.pod.needs.tolerations) else None

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        return REFUSED if node.unschedulable else None

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        if event.resource != "nodes" or event.new is None or not event.changed("spec", "unschedulable"):
            return event.resource == "nodes" and event.old is None
        return not event.new["spec"].get("unschedulable")
