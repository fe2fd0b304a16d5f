"""The PriorityClasses that every cluster has. Models: kubernetes, registry/scheduling/rest/storage_scheduling.go."""

from __future__ import annotations

from clusters.machinery.types import Obj
from clusters.resources.scheduling.priority_class import SYSTEM_CLASSES


def bootstrap_objects() -> list[tuple[str, str, Obj]]:
    """(qualified resource, namespace, object) of a new cluster."""
    return [
        (
            "priorityclasses.scheduling.k8s.io",
            "",
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": name},
                "value": value,
                "description": description,
                "preemptionPolicy": "PreemptLowerPriority",
            },
        )
        for name, (value, description) in SYSTEM_CLASSES.items()
    ]
