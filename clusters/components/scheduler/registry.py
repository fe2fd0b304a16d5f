"""The plugins of the default profile: one list, in the order of their extension points, with weights.

Models: kube-scheduler, apis/config/v1 default_plugins.
"""

from __future__ import annotations

from clusters.components.scheduler.framework import Plugin, overrides
from clusters.components.scheduler.plugins.balanced_allocation import NodeResourcesBalancedAllocation
from clusters.components.scheduler.plugins.dynamic_resources import DynamicResources
from clusters.components.scheduler.plugins.image_locality import ImageLocality
from clusters.components.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from clusters.components.scheduler.plugins.node_affinity import NodeAffinity
from clusters.components.scheduler.plugins.node_name import NodeName
from clusters.components.scheduler.plugins.node_ports import NodePorts
from clusters.components.scheduler.plugins.node_resources_fit import NodeResourcesFit
from clusters.components.scheduler.plugins.node_unschedulable import NodeUnschedulable
from clusters.components.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from clusters.components.scheduler.plugins.pod_topology_spread import PodTopologySpread
from clusters.components.scheduler.plugins.preferred_node import PreferredNode
from clusters.components.scheduler.plugins.taint_toleration import TaintToleration
from clusters.components.scheduler.plugins.volume_binding import VolumeBinding
from clusters.components.scheduler.plugins.volume_restrictions import VolumeRestrictions
from clusters.components.scheduler.plugins.volume_zone import VolumeZone

PLUGINS: tuple[Plugin, ...] = (
    NodeUnschedulable(),
    NodeName(),
    TaintToleration(),
    NodeAffinity(),
    NodePorts(),
    NodeResourcesFit(),
    VolumeRestrictions(),
    NodeVolumeLimits(),
    VolumeBinding(),
    VolumeZone(),
    PodTopologySpread(),
    InterPodAffinity(),
    DynamicResources(),
    NodeResourcesBalancedAllocation(),
    ImageLocality(),
    PreferredNode(),
)

WEIGHTS = {
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "NodeResourcesFit": 1,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
    "DynamicResources": 1,
    "NodeResourcesBalancedAllocation": 1,
    "ImageLocality": 1,
    # The playground's own: as much as preferred node affinity of weight 100.
    "PreferredNode": 2,
}

BY_NAME = {p.name: p for p in PLUGINS}
FILTERS = tuple(p for p in PLUGINS if overrides(p, "filter"))
PRE_FILTERS = tuple(p for p in PLUGINS if overrides(p, "pre_filter"))
COUNTING = tuple(p for p in PLUGINS if overrides(p, "add_pod"))
"""Those whose PreFilter state changes with the Pods on nodes."""
SCORERS = tuple(p for p in PLUGINS if p.name in WEIGHTS)
