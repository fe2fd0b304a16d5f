"""ComponentStatus: read-only and made up on the spot (deprecated since 1.19). The API server answers for it.

Models: kubernetes, registry/core/componentstatus.
"""

from __future__ import annotations

from clusters.machinery.types import Obj
from clusters.resources.base import Column, Resource, Strategy, Version
from clusters.resources.common.columns import NAME


def _healthy(obj: Obj) -> Obj:
    return next((c for c in obj.get("conditions") or () if c.get("type") == "Healthy"), {})


def _status(obj: Obj, now: int) -> str:
    condition = _healthy(obj)
    if not condition:
        return "Unknown"
    return "Healthy" if condition.get("status") == "True" else "Unhealthy"


RESOURCE = Resource(
    group="",
    name="componentstatuses",
    kind="ComponentStatus",
    singular="componentstatus",
    namespaced=False,
    versions=(
        Version(
            name="v1",
            schema="io.k8s.api.core.v1.ComponentStatus",
            deprecation="v1 ComponentStatus is deprecated in v1.19+",
        ),
    ),
    short_names=("cs",),
    verbs=("get", "list"),
    strategy=Strategy(),
    columns=(
        NAME,
        Column(name="Status", description="Status of the component conditions", value=_status),
        Column(
            name="Message",
            description="Message of the component conditions",
            value=lambda obj, now: _healthy(obj).get("message", ""),
        ),
        Column(
            name="Error",
            description="Error of the component conditions",
            value=lambda obj, now: _healthy(obj).get("error", ""),
        ),
    ),
)
