"""What admission sees of a write, and what the registry expects of admission."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from clusters.machinery.types import Obj, UserInfo
from clusters.resources.base import Context, Lookup, Resource


@dataclass(slots=True, kw_only=True)
class Attributes:
    """One write on its way in. `operation`: CREATE, UPDATE, DELETE, CONNECT. `obj` is private and may be
    changed in place by mutating plugins (None for DELETE); `old` is stored and must not be."""

    operation: str
    resource: Resource
    subresource: str
    namespace: str
    name: str
    obj: Obj | None
    old: Obj | None
    user: UserInfo
    dry_run: bool
    lookup: Lookup
    ctx: Context
    version: str = ""
    """The served version of the request; "" is the storage version."""
    kind: tuple[str, str, str] | None = None
    """Group, version and kind of `obj` where it is not of the resource's kind (the Eviction of a Pod)."""
    options: dict[str, Any] = field(default_factory=dict)
    prefix: str = ""
    """What the object is called while plugins may change it, if its name is being generated."""
    exclusive: bool = False
    """Set by a plugin whose decision is only right if nothing else is written meanwhile (quotas)."""
    changed: bool = False
    """Set by a policy that changed the object: then the plugins look at it once more."""
    again: set[tuple[str, ...]] | None = None
    """The second time: which invocations of policies are asked again."""


class Admission(Protocol):
    """The chain. Both raise ApiError to refuse; warnings go to `attrs.ctx.warnings`."""

    def admit(self, attrs: Attributes) -> None:
        """Mutating plugins, then none: before the strategy's preparation and validation."""

    def validate(self, attrs: Attributes) -> None:
        """Validating plugins: after validation, on the object as it would be stored."""


class AdmitAll:
    """No admission."""

    def admit(self, attrs: Attributes) -> None:
        """Nothing is changed."""

    def validate(self, attrs: Attributes) -> None:
        """Nothing is refused."""
