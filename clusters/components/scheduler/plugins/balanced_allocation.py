"""NodeResourcesBalancedAllocation: a node is better where the Pod evens out the use of cpu and memory.

Models: kube-scheduler, plugins/noderesources (balanced_allocation).
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.components.scheduler.framework import MAX_SCORE, SKIP, Cycle, Plugin, Skip
from clusters.components.scheduler.snapshot import NodeInfo


def balance(cpu: int, memory: int, node: NodeInfo) -> int:
    """100 where cpu and memory are requested in equal parts, less the further they are apart."""
    if not node.total_cpu or not node.total_memory:
        return MAX_SCORE
    apart = min(cpu / node.total_cpu, 1.0) - min(memory / node.total_memory, 1.0)
    return int((1 - abs(apart / 2)) * MAX_SCORE)


class NodeResourcesBalancedAllocation(Plugin):
    name = "NodeResourcesBalancedAllocation"
    node_local = True

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Skip | None:
        asked = cycle.pod.needs.requests
        return None if asked.cpu or asked.memory else SKIP

    def score(self, cycle: Cycle, node: NodeInfo) -> int:
        asked = cycle.pod.needs.requests
        after = balance(node.cpu + asked.cpu, node.memory + asked.memory, node)
        before = balance(node.cpu, node.memory, node)
        return MAX_SCORE // 2 + (MAX_SCORE // 2 + after - before) // 2
