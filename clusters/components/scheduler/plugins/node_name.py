"""NodeName: a Pod that names its node goes nowhere else.

Models: kube-scheduler, plugins/nodename.
"""

from __future__ import annotations

from clusters.components.scheduler.events import Action, ClusterEvent
from clusters.components.scheduler.framework import SKIP, Cycle, Plugin, PreFilterResult, Verdict, unresolvable
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot

REFUSED = unresolvable("node(s) didn't match the requested node name")


class NodeName(Plugin):
    name = "NodeName"
    node_local = True

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        return None if cycle.pod.node else SKIP

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        return None if node.name == cycle.pod.node else REFUSED

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        return event.resource == "nodes" and event.action is Action.ADD
