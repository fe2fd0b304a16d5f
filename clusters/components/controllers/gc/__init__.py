"""Garbage collection by owner references: what nobody owns any more is deleted.

Models: kube-controller-manager, pkg/controller/garbagecollector.
"""

from clusters.components.controllers.gc.collector import GarbageCollector

__all__ = ["GarbageCollector"]
