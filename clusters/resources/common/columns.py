"""Printer columns that most kinds have, and the words for them.

Descriptions are those of the API schema, as `kubectl get -o custom-columns` and `--v=8` show them.
Models: kubernetes, pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj
from clusters.resources.base import Column
from clusters.resources.common.ages import age

NONE = "<none>"

NAME_TEXT = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may"
    " allow a client to request the generation of an appropriate name automatically. Name is primarily intended"
    " for creation idempotence and configuration definition. Cannot be updated. More info:"
    " https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
AGE_TEXT = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not"
    " guaranteed to be set in happens-before order across separate operations. Clients may not set this value."
    " It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists."
    " More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)


def _name(obj: Obj, now: int) -> str:
    return str(obj["metadata"].get("name", ""))


NAME = Column(name="Name", format="name", description=NAME_TEXT, value=_name)
AGE = Column(name="Age", description=AGE_TEXT, value=age)


def text(value: Any) -> str:
    """A cell for a string that may be missing."""
    return str(value) if value else NONE


def labels(values: dict[str, str] | None) -> str:
    """`a=b,c=d` in key order, or `<none>`."""
    if not values:
        return NONE
    return ",".join(f"{key}={values[key]}" for key in sorted(values))


def container_names(containers: Sequence[Obj] | None) -> str:
    return ",".join(c.get("name", "") for c in containers or ())


def container_images(containers: Sequence[Obj] | None) -> str:
    return ",".join(c.get("image", "") for c in containers or ())


def selector(value: Obj | None) -> str:
    """A metav1.LabelSelector in text, `<none>` if it selects everything or nothing at all."""
    try:
        return from_label_selector(value).text() or NONE
    except ValueError:
        return "<error>"


def template_containers(obj: Obj) -> Sequence[Obj]:
    """The containers of `spec.template`."""
    template = (obj.get("spec") or {}).get("template") or {}
    return (template.get("spec") or {}).get("containers") or ()


CONTAINERS = Column(
    name="Containers",
    priority=1,
    description="Names of each container in the template.",
    value=lambda obj, now: container_names(template_containers(obj)),
)
IMAGES = Column(
    name="Images",
    priority=1,
    description="Images referenced by each container in the template.",
    value=lambda obj, now: container_images(template_containers(obj)),
)


def status_number(name: str, field: str, description: str) -> Column:
    """A column for a count in the status, 0 if it is not there."""

    def value(obj: Obj, now: int) -> Any:
        return (obj.get("status") or {}).get(field, 0)

    return Column(name=name, type="integer", description=description, value=value)


def selector_column(description: str) -> Column:
    """A wide column for `spec.selector`."""
    return Column(
        name="Selector",
        priority=1,
        description=description,
        value=lambda obj, now: selector((obj.get("spec") or {}).get("selector")),
    )


def desired_replicas(description: str) -> Column:
    return Column(
        name="Desired",
        type="integer",
        description=description,
        value=lambda obj, now: (obj.get("spec") or {}).get("replicas", 0),
    )
