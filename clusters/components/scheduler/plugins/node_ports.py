"""NodePorts: a host port can be used once on a node.

Models: kube-scheduler, plugins/nodeports.
"""

from __future__ import annotations

from clusters.components.scheduler.events import Action, ClusterEvent
from clusters.components.scheduler.framework import SKIP, Cycle, Plugin, PreFilterResult, Verdict, unschedulable
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot

REFUSED = unschedulable("node(s) didn't have free ports for the requested pod ports")


class NodePorts(Plugin):
    name = "NodePorts"
    node_local = True

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        return None if cycle.pod.needs.ports else SKIP

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        return REFUSED if any(node.port_taken(p) for p in cycle.pod.needs.ports) else None

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        if event.resource == "pods":
            return event.action is Action.DELETE
        return event.resource == "nodes" and event.action is Action.ADD
