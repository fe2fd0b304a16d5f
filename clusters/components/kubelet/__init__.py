"""Kubelets: registration, heartbeats, and the life of pods on their nodes."""

from clusters.components.kubelet.kubelet import Kubelet

__all__ = ["Kubelet"]
