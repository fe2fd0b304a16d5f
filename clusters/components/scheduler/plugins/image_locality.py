"""ImageLocality: a node that already has the Pod's large images is better.

An image counts less the fewer nodes have it, so that not all Pods flock to one node.
Models: kube-scheduler, plugins/imagelocality.
"""

from __future__ import annotations

from clusters.components.scheduler.framework import MAX_SCORE, Cycle, Plugin
from clusters.components.scheduler.snapshot import NodeInfo

MIB = 1 << 20
LEAST = 23 * MIB
MOST_PER_IMAGE = 1000 * MIB


class ImageLocality(Plugin):
    name = "ImageLocality"
    node_local = True

    def score(self, cycle: Cycle, node: NodeInfo) -> int:
        if not node.images:
            return 0
        images = cycle.pod.needs.images
        snapshot = cycle.snapshot
        nodes = len(snapshot.nodes)
        total = 0
        for image in images:
            if image in node.images:
                total += int(snapshot.image_sizes[image] * (snapshot.image_nodes[image] / nodes))
        most = MOST_PER_IMAGE * len(images)
        total = min(max(total, LEAST), most)
        return MAX_SCORE * (total - LEAST) // (most - LEAST)
