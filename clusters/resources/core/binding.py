"""Binding: create-only; assigns a Pod to a Node (`pods/NAME/binding` is the usual way)."""

from __future__ import annotations

from clusters.resources.base import Resource, Strategy, Version

RESOURCE = Resource(
    group="",
    name="bindings",
    kind="Binding",
    singular="binding",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.Binding"),),
    verbs=("create",),
    strategy=Strategy(),
)
