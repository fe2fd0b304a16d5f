"""ReplicaSets and ReplicationControllers: keep that many pods of one template. Models: pkg/controller/replicaset."""

from clusters.components.controllers.replicaset.controller import (
    ReplicaSetController,
    ReplicationControllerController,
)

__all__ = ["ReplicaSetController", "ReplicationControllerController"]
