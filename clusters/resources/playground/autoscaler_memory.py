"""AutoscalerMemory: what a HorizontalPodAutoscaler of the same name was recommended, and how it scaled.

A real controller keeps this in process, and loses it with the process. Here a worker may die at any moment without
anything being forgotten, so it is an object beside the autoscaler; it is written only when a recommendation changes.
"""

from __future__ import annotations

from clusters.resources.base import Resource, Strategy, Version

RESOURCE = Resource(
    group="playground.dev",
    name="autoscalermemories",
    kind="AutoscalerMemory",
    singular="autoscalermemory",
    versions=(Version(name="v1", schema=""),),
    strategy=Strategy(),
    internal=True,
)
