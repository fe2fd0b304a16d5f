"""PreferredNode: the playground's own. A Pod that replaces one which somebody dragged to another node would
like to be there, as with preferred node affinity of weight 100; filters still decide whether it may.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.components.scheduler.framework import MAX_SCORE, SKIP, Cycle, Plugin, Skip
from clusters.components.scheduler.snapshot import NodeInfo


class PreferredNode(Plugin):
    name = "PreferredNode"
    node_local = True

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Skip | None:
        return None if cycle.pod.needs.hint else SKIP

    def score(self, cycle: Cycle, node: NodeInfo) -> int:
        return MAX_SCORE if node.name == cycle.pod.needs.hint else 0
