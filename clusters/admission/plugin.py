"""What an admission plugin is.

A plugin says once for each kind of write whether it `handles` it; the chain remembers the answer, so a plugin
costs nothing on writes that are none of its business. Plugins keep no state and read other objects through
`attrs.lookup` only.

Models: apiserver, pkg/admission.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.errors import Cause, Forbidden
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

CREATE, UPDATE, DELETE, CONNECT = "CREATE", "UPDATE", "DELETE", "CONNECT"


class Plugin:
    """Override `handles`, and `admit` (may change `attrs.obj`) or `validate` (may not) or both."""

    name = ""

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        """Must depend on nothing but its arguments."""
        raise NotImplementedError

    def admit(self, attrs: Attributes) -> None:
        """Change the object or refuse it (ApiError), before the kind's own validation."""

    def validate(self, attrs: Attributes) -> None:
        """Refuse the object (ApiError), after the kind's own validation."""


def obj_of(attrs: Attributes) -> Obj:
    """The object of a create or update."""
    assert attrs.obj is not None
    return attrs.obj


def forbidden(attrs: Attributes, why: str, causes: Sequence[Cause] = ()) -> Forbidden:
    """The refusal of this write: `pods "web" is forbidden: WHY`."""
    name = attrs.name or attrs.prefix
    if not name and attrs.obj is not None:
        meta = attrs.obj.get("metadata") or {}
        name = meta.get("name") or meta.get("generateName") or "Unknown"
    return Forbidden.of(attrs.resource.group, attrs.resource.name, name, why, causes)
