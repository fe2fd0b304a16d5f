"""`kubectl get`'s Tables and metadata-only answers, made from the columns of a Resource.

Models: apiserver, pkg/endpoints/handlers/response.go and printers/internalversion.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.apiserver.endpoint import Endpoint
from clusters.kernel.clock import SECOND, parse_rfc3339
from clusters.machinery.errors import BadRequest
from clusters.machinery.types import Obj
from clusters.resources.base import Column

NAME_TEXT = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may "
    "allow a client to request the generation of an appropriate name automatically. Name is primarily intended "
    "for creation idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
CREATED_TEXT = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not "
    "guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It "
    "is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More "
    "info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)

DEFAULT_COLUMNS = (
    Column(
        name="Name",
        format="name",
        description=NAME_TEXT,
        value=lambda obj, _now: obj["metadata"].get("name", ""),
    ),
    Column(
        name="Created At",
        type="date",
        description=CREATED_TEXT,
        value=lambda obj, _now: obj["metadata"].get("creationTimestamp"),
    ),
)


def include_object(value: str) -> str:
    """The `includeObject` parameter. Raises BadRequest."""
    if value not in ("", "Metadata", "Object", "None"):
        raise BadRequest(
            f'Unable to convert to Table as requested: includeObject: Invalid value: "{value}": '
            "must be 'Metadata', 'Object', 'None', or empty"
        )
    return value or "Metadata"


def columns_of(endpoint: Endpoint) -> tuple[Column, ...]:
    return endpoint.resource.columns_of(endpoint.version) or DEFAULT_COLUMNS


def definitions(columns: Sequence[Column]) -> list[dict[str, Any]]:
    return [
        {
            "name": c.name,
            "type": c.type,
            "format": c.format,
            "description": c.description,
            "priority": c.priority,
        }
        for c in columns
    ]


def row(endpoint: Endpoint, columns: Sequence[Column], obj: Obj, include: str, now: int, version: str) -> Obj:
    """`obj` is in the served version; `version` is that of the Table itself (v1, v1beta1)."""
    out: Obj = {"cells": [c.value(obj, now) for c in columns]}
    if conditions := _row_conditions(endpoint, obj):
        out["conditions"] = conditions
    if include == "Object":
        out["object"] = obj
    elif include == "None":
        out["object"] = None
    else:
        out["object"] = partial(obj, version)
    return out


def _row_conditions(endpoint: Endpoint, obj: Obj) -> list[dict[str, str]]:
    """Pods that have ended are marked, which is how kubectl's `--field-selector`-less filters find them."""
    if endpoint.group or endpoint.name != "pods":
        return []
    phase = (obj.get("status") or {}).get("phase")
    if phase == "Succeeded":
        return [
            {
                "type": "Completed",
                "status": "True",
                "reason": "Succeeded",
                "message": "The pod has completed successfully.",
            }
        ]
    if phase == "Failed":
        return [{"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}]
    return []


def table(
    endpoint: Endpoint,
    objects: Sequence[Obj],
    meta: dict[str, Any],
    *,
    include: str,
    now: int,
    version: str = "v1",
    headers: bool = True,
) -> Obj:
    """A Table of objects in the served version. `headers=False` for watch events after the first."""
    columns = columns_of(endpoint)
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": meta,
        "columnDefinitions": definitions(columns) if headers else None,
        "rows": [row(endpoint, columns, obj, include, now, version) for obj in objects],
    }


def partial(obj: Obj, version: str) -> Obj:
    """The metadata alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": obj["metadata"],
    }


def age(obj: Obj, now: int) -> str:
    """`kubectl get`'s AGE of an object's creation, for columns of custom resources."""
    created = obj["metadata"].get("creationTimestamp")
    return human_duration(now - parse_rfc3339(created)) if created else "<unknown>"


def human_duration(micros: int) -> str:
    """`3d4h`. Models: apimachinery, pkg/util/duration.HumanDuration."""
    seconds = micros // SECOND
    if seconds < -1:
        return "<invalid>"
    if seconds < 0:
        return "0s"
    if seconds < 120:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 10:
        rest = seconds % 60
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours = seconds // 3600
    if hours < 8:
        rest = minutes % 60
        return f"{hours}h{rest}m" if rest else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        rest = hours % 24
        return f"{hours // 24}d{rest}h" if rest else f"{hours // 24}d"
    if hours < 24 * 365 * 2:
        return f"{hours // 24}d"
    if hours < 24 * 365 * 8:
        years, rest = divmod(hours // 24, 365)
        return f"{years}y{rest}d" if rest else f"{years}y"
    return f"{hours // 24 // 365}y"
