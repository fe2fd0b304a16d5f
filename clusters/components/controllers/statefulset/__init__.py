"""StatefulSets: pods with a number, a name and volumes of their own. Models: pkg/controller/statefulset."""

from clusters.components.controllers.statefulset.controller import StatefulSetController

__all__ = ["StatefulSetController"]
