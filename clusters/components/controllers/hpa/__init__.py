"""HorizontalPodAutoscalers.

    metrics.k8s.io ─▶ samples ─▶ replicas (one proposal a metric) ─▶ limits (bounds, behaviour, memory) ─▶ scale

Models: kube-controller-manager, podautoscaler.
"""

from clusters.components.controllers.hpa.controller import HorizontalController

__all__ = ["HorizontalController"]
