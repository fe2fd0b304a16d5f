"""NodeResourcesFit: requests must fit into what is left; the emptier node scores higher (LeastAllocated).

Models: kube-scheduler, plugins/noderesources (fit, least_allocated).
"""

from __future__ import annotations

from clusters.components.scheduler.events import Action, ClusterEvent
from clusters.components.scheduler.framework import MAX_SCORE, Code, Cycle, Plugin, Verdict
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.requests import Requests
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot


def shortage(asked: Requests, node: NodeInfo) -> Verdict | None:
    """Everything that is short. A request beyond the whole node cannot be met by displacing Pods."""
    if (
        len(node.pods) < node.slots
        and (not asked.cpu or asked.cpu <= node.total_cpu - node.cpu)
        and (not asked.memory or asked.memory <= node.total_memory - node.memory)
        and not asked.ephemeral
        and not asked.scalar
    ):
        return None
    reasons = []
    hopeless = False
    if len(node.pods) >= node.slots:
        reasons.append("Too many pods")
    named = [
        ("cpu", asked.cpu, node.total_cpu, node.cpu),
        ("memory", asked.memory, node.total_memory, node.memory),
        ("ephemeral-storage", asked.ephemeral, node.total_ephemeral, node.ephemeral),
    ]
    for name, amount in sorted(asked.scalar.items()):
        named.append((name, amount, node.total_scalar.get(name, 0), node.scalar.get(name, 0)))
    for name, amount, total, used in named:
        if amount and amount > total - used:
            reasons.append(f"Insufficient {name}")
            hopeless = hopeless or amount > total
    if not reasons:
        return None
    return Verdict(Code.UNRESOLVABLE if hopeless else Code.UNSCHEDULABLE, tuple(reasons))


class NodeResourcesFit(Plugin):
    name = "NodeResourcesFit"
    node_local = True

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        return shortage(cycle.pod.needs.requests, node)

    def score(self, cycle: Cycle, node: NodeInfo) -> int:
        asked = cycle.pod.needs.requests
        total = count = 0
        if node.total_cpu:
            count += 1
            left = node.total_cpu - node.score_cpu - asked.container_cpu
            if left > 0:
                total += left * MAX_SCORE // node.total_cpu
        if node.total_memory:
            count += 1
            left = node.total_memory - node.score_memory - asked.container_memory
            if left > 0:
                total += left * MAX_SCORE // node.total_memory
        return total // count if count else 0

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        if event.resource == "nodes" and event.new is not None:
            if event.old is not None and not event.changed("status", "allocatable"):
                return False
            empty = NodeInfo("")
            empty.set_node(event.new)
            return shortage(pod.needs.requests, empty) is None
        if event.resource == "pods":
            # Somebody left, or asks for less (or more: that is found out by trying).
            shrunk = event.action is Action.UPDATE and event.changed("spec", "containers")
            return event.action is Action.DELETE or shrunk
        return False
