"""How a kind is described: `Resource` (what is served) and `Strategy` (its rules).

The generic registry fixes the order in which a strategy's methods run; a strategy never stores anything.
Mutability: `obj`/`new` handed to a strategy is a private, freshly decoded mapping and is changed in place;
`old` is a stored object and must never be changed.

Models: apiserver, pkg/registry/rest and each kind's strategy.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from clusters.kernel.rng import Rng
from clusters.machinery import schema as schemas
from clusters.machinery.field import ErrorList
from clusters.machinery.schema import ObjectType
from clusters.machinery.types import Obj, UserInfo


class Lookup(Protocol):
    """Read-only access to the cluster, for rules that depend on other objects. `resource` is the qualified
    name: `pods`, `deployments.apps`. Objects are wire mappings with `resourceVersion`; never change them."""

    def get(self, resource: str, namespace: str, name: str) -> Obj | None: ...

    def list(self, resource: str, namespace: str | None = None) -> Sequence[Obj]: ...


@dataclass(slots=True, kw_only=True)
class Context:
    """What a strategy may know of the request around it."""

    user: UserInfo
    now: int
    """Virtual microseconds."""
    rng: Rng
    lookup: Lookup
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    verb: str = ""
    """Of an update: `update` or `patch`."""
    version: str = ""
    """The served version of the request; "" is the storage version."""
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)
    """Texts for `Warning` headers; strategies and admission append."""
    annotations: dict[str, str] = field(default_factory=dict)
    """What the audit log is told of the request; admission adds."""
    extra: list[tuple[str, Obj]] = field(default_factory=list)
    """(qualified resource, object) to be created in the same transaction, e.g. an IPAddress for a Service."""
    gone: list[tuple[str, str, str]] = field(default_factory=list)
    """(qualified resource, namespace, name) to be deleted in the same transaction, if it exists."""
    exclusive: bool = False
    """Set by a strategy whose answer is only right if nothing else is written meanwhile (node ports)."""


class Strategy:
    """The rules of one kind; the defaults here are those of a kind without spec, status or opinions."""

    generate_names = True
    allow_create_on_update = False
    """PUT to a name that does not exist creates it (Node leases, Endpoints, ...: few kinds)."""
    allow_unconditional_update = True
    """An update without `resourceVersion` is accepted (last write wins)."""
    has_generation = False
    """`metadata.generation` starts at 1 and grows whenever anything but metadata and status changes."""
    status_fields: tuple[str, ...] = ("status",)
    """Top-level fields that only the status subresource writes (if the resource has one)."""
    status_subresources: tuple[str, ...] = ("status",)
    """The subresources that write those fields (a signing request's `approval` does, too)."""
    status_keeps_metadata = False
    """A status write leaves labels, annotations, owners and finalizers as they are."""
    status_on_create = False
    """A status that is given on create is kept (Nodes: kubelets register with theirs)."""
    validates_whole_update = False
    """On update the real server validates the whole object again, its metadata included: what is wrong with
    the metadata is said once more."""
    exclusive = False
    """The write depends on other objects (allocations, quotas): commit only if nothing moved meanwhile."""

    @property
    def status_resets(self) -> dict[str, Any]:
        """What a status write puts back, as managed fields: nobody comes to own it."""
        return {"f:spec": {}, "f:metadata": {}} if self.status_keeps_metadata else {"f:spec": {}}

    def default(self, obj: Obj) -> None:
        """Fill in what the API server fills in when it decodes this version (the storage version)."""

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        """Clear what a client may not set (the registry already dropped `status_fields`), derive, allocate."""

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        """Errors beyond ObjectMeta (which the registry validates), in the real server's order."""
        return []

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return []

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        """The registry already put back `status_fields` of `old`."""

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return []

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return []

    def prepare_status(self, new: Obj, old: Obj, ctx: Context) -> None:
        """The registry already put back everything of `old` but `status_fields` and the metadata that a
        status write may change (labels, annotations, finalizers, ownerReferences stay as sent)."""

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return []

    def warn_status(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return []

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        """What is wrong with an object name (`prefix`: a generateName). Default: RFC 1123 subdomain."""
        from clusters.machinery.names import dns1123_subdomain

        return dns1123_subdomain(name, prefix=prefix)

    def finish(self, obj: Obj, ctx: Context) -> None:
        """The last touch, in place, before the object is stored: what only the storage version cannot hold goes."""

    def follow_up(self, obj: Obj, ctx: Context) -> Obj | None:
        """What the server itself makes of a new object right after it was stored (by a loop of its own, in a real
        one): written behind it in the same transaction. `obj` must not be changed."""
        return None

    def grace_seconds(self, obj: Obj, requested: int | None, ctx: Context) -> int | None:
        """Seconds between a delete and the object's end, or None for a kind that goes at once (all but Pod)."""
        return None

    def prepare_delete(self, obj: Obj, ctx: Context) -> None:
        """`obj` (a private copy) is about to be marked as deleting: a Namespace turns Terminating."""

    def holds(self, obj: Obj) -> bool:
        """Something besides `metadata.finalizers` keeps the deleted object alive (Namespace finalizers)."""
        return False

    def releases(self, obj: Obj, ctx: Context) -> Sequence[tuple[str, str, str]]:
        """(qualified resource, namespace, name) of objects that go in the transaction in which `obj` goes: what it
        had allocated, such as the IPAddress of a Service."""
        return ()

    def default_propagation(self, obj: Obj) -> str:
        """What a delete without propagationPolicy does with dependents: Background or Orphan."""
        return "Background"

    def warn_delete(self, obj: Obj, propagation: str) -> list[str]:
        """Texts for `Warning` headers of a delete; `propagation` is "" if the client left it to the default."""
        return []

    def on_read(self, obj: Obj, ctx: Context) -> Obj:
        """The object as it is read now: for what is held in closed form (heartbeats). Returns `obj` itself
        or a changed copy; must be cheap."""
        return obj


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A printer column of `kubectl get`. `value(obj, now)` gives the cell: str, int, bool or None
    (ages are strings such as `3d4h`). `priority` 0 is always shown, 1 only with `-o wide`."""

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0
    value: Callable[[Obj, int], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomVersion:
    """What versions of one custom resource may differ in (versions of built-in kinds do not)."""

    type: ObjectType
    openapi: Mapping[str, Any]
    """The schema as OpenAPI documents show it."""
    columns: tuple[Column, ...] = ()
    fields: Mapping[str, Callable[[Obj], str]] = field(default_factory=dict)
    subresources: tuple[Subresource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One served version of a kind. `schema` names its definition (`io.k8s.api.apps.v1.Deployment`).
    The conversions map to and from the storage version; None is the identity but for `apiVersion`."""

    name: str
    schema: str
    deprecation: str = ""
    """A text for the `Warning` header of every answer in this version."""
    to_storage: Callable[[Obj], Obj] | None = None
    from_storage: Callable[[Obj], Obj] | None = None
    custom: CustomVersion | None = None
    """What a version of a custom resource brings along."""

    @property
    def type(self) -> ObjectType | None:
        """The type of the version's objects; None if it has no schema of its own."""
        if self.custom is not None:
            return self.custom.type
        return schemas.definitions().type(self.schema) if self.schema else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subresource:
    """`status`, `scale`, `binding`, ... `kind`/`group`/`version` are those of its own body where they differ
    (`Scale` of `autoscaling/v1`), as discovery shows them."""

    name: str
    verbs: tuple[str, ...] = ("get", "patch", "update")
    kind: str = ""
    group: str = ""
    version: str = ""


ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One REST resource, with all its served versions (the first is the preferred one)."""

    group: str
    name: str
    """The plural: `pods`."""
    kind: str
    singular: str = ""
    namespaced: bool = True
    versions: tuple[Version, ...]
    storage_version: str = ""
    """Default: the first version's name."""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    strategy: Strategy
    columns: tuple[Column, ...] = ()
    """Empty: the default table, Name and Created At (`Age`)."""
    fields: Mapping[str, Callable[[Obj], str]] = field(default_factory=dict)
    """Field selectors beyond metadata.name and metadata.namespace."""
    list_kind: str = ""
    shares: str = ""
    """Stored as another resource (`events` of events.k8s.io as core `events`): its qualified name."""
    stored_schema: str = ""
    """The definition of the stored objects, if that is not one of `versions` (a resource that shares another's)."""
    also_spoken: tuple[str, ...] = ()
    """API versions beside the served ones that managers of its objects' fields may own them in."""
    builtin: bool = True
    """False for a custom resource: finalizers without a domain are not checked."""
    internal: bool = False
    """Of the playground itself (machines, faults): stored and versioned like all others, not in discovery."""
    aggregated: bool = False
    """Answered by a server of its own behind an APIService (metrics): there while that is, nothing of it is stored."""

    @property
    def qualified(self) -> str:
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def prefix(self) -> str:
        """The store's key prefix, `core/pods/`."""
        if self.shares:
            name, _, group = self.shares.partition(".")
            return f"{group or 'core'}/{name}/"
        return f"{self.group or 'core'}/{self.name}/"

    @property
    def has_status(self) -> bool:
        return any(s.name == "status" for s in self.subresources)

    @property
    def stored_as(self) -> str:
        """The name of the version that is stored."""
        return self.storage_version or self.versions[0].name

    @property
    def stored_type(self) -> ObjectType | None:
        """The type of the objects as they are stored."""
        if self.stored_schema:
            return schemas.definitions().type(self.stored_schema)
        version = self.version(self.stored_as)
        return version.type if version is not None else None

    def resets(self, subresource: str, type_: ObjectType) -> dict[str, Any] | None:
        """The managed fields that a write cannot change; None: those that none of its subresource can."""
        return self.strategy.status_resets if subresource == "status" and type_.status_apart else None

    def api_version(self, version: str = "") -> str:
        version = version or self.stored_as
        return f"{self.group}/{version}" if self.group else version

    def version(self, name: str) -> Version | None:
        return next((v for v in self.versions if v.name == name), None)

    def speaks(self, api_version: str) -> bool:
        """Its objects can be had in this API version, even if it is not served."""
        group, _, version = api_version.rpartition("/")
        return (group == self.group and self.version(version) is not None) or api_version in self.also_spoken

    def columns_of(self, version: Version) -> tuple[Column, ...]:
        return version.custom.columns if version.custom is not None else self.columns

    def fields_of(self, version: Version) -> Mapping[str, Callable[[Obj], str]]:
        return version.custom.fields if version.custom is not None else self.fields

    def subresources_of(self, version: Version) -> tuple[Subresource, ...]:
        return version.custom.subresources if version.custom is not None else self.subresources

    def key(self, namespace: str, name: str) -> str:
        return f"{self.prefix}{namespace}/{name}" if self.namespaced else f"{self.prefix}{name}"
