"""The loops of kube-controller-manager, in the fixed order in which they run."""

from __future__ import annotations

from clusters.client.component import Component
from clusters.components.controllers.deployment import DeploymentController
from clusters.components.controllers.replicaset import ReplicaSetController, ReplicationControllerController

CONTROLLERS: tuple[type[Component], ...] = (
    DeploymentController,
    ReplicaSetController,
    ReplicationControllerController,
)
