"""Deployments: a template's history as ReplicaSets, and the way from one to the next.

Models: kube-controller-manager, pkg/controller/deployment.
"""

from clusters.components.controllers.deployment.controller import DeploymentController

__all__ = ["DeploymentController"]
