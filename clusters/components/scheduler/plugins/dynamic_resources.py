"""DynamicResources: what the plugin for resource claims says of Pods that have none.

Claims themselves are not modelled; but the plugin's score and its words in the PostFilter phase are part of
what a user sees of every Pod. Models: kube-scheduler, plugins/dynamicresources.
"""

from __future__ import annotations

from clusters.components.scheduler.framework import Cycle, Plugin
from clusters.components.scheduler.snapshot import NodeInfo

NOTHING_TO_FREE = "no new claims to deallocate"
NO_STATE = "not found"
"""What its PostFilter says, ending the phase, if a PreFilter refusal kept it from preparing its state."""


class DynamicResources(Plugin):
    name = "DynamicResources"
    node_local = True

    def score(self, cycle: Cycle, node: NodeInfo) -> int:
        return 0
