"""Nodes seen from the control plane: addresses ranges, health, taints, evictions.

Models: kube-controller-manager, pkg/controller/{nodelifecycle,nodeipam,tainteviction}.
"""

from clusters.components.controllers.node.eviction import TaintEvictionController
from clusters.components.controllers.node.ipam import NodeIpamController
from clusters.components.controllers.node.lifecycle import NodeLifecycleController

__all__ = ["NodeIpamController", "NodeLifecycleController", "TaintEvictionController"]
