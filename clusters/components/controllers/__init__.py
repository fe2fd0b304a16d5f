"""The loops of kube-controller-manager, in the fixed order in which they run.

Owners come before what they own, so that one round carries a change down: Deployment, ReplicaSet, Pod; what
watches everything (garbage, namespaces) comes last.
"""

from __future__ import annotations

from clusters.client.component import Component
from clusters.components.controllers.deployment import DeploymentController
from clusters.components.controllers.endpoints import (
    EndpointsController,
    EndpointSliceController,
    EndpointSliceMirroringController,
)
from clusters.components.controllers.gc import GarbageCollector
from clusters.components.controllers.leader import ControllerManagerLease, SchedulerLease
from clusters.components.controllers.namespace import NamespaceController
from clusters.components.controllers.node import NodeIpamController, NodeLifecycleController, TaintEvictionController
from clusters.components.controllers.podgc import PodGarbageCollector
from clusters.components.controllers.replicaset import ReplicaSetController, ReplicationControllerController
from clusters.components.controllers.serviceaccount import RootCaPublisher, ServiceAccountController

CONTROLLERS: tuple[type[Component], ...] = (
    SchedulerLease,
    ControllerManagerLease,
    ServiceAccountController,
    RootCaPublisher,
    NodeIpamController,
    NodeLifecycleController,
    TaintEvictionController,
    DeploymentController,
    ReplicaSetController,
    ReplicationControllerController,
    EndpointSliceController,
    EndpointSliceMirroringController,
    EndpointsController,
    PodGarbageCollector,
    GarbageCollector,
    NamespaceController,
)
