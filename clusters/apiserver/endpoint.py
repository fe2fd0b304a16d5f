"""One resource as it is served at one version: what handlers need to know of it, worked out once.

`Endpoints` is the routing table of a cluster; it follows the `ResourceMap`, which grows and shrinks with
CustomResourceDefinitions.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from clusters.machinery import schema
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Resource, Strategy, Subresource, Version

if TYPE_CHECKING:
    from clusters.registry.item import Item
    from clusters.registry.resources import ResourceMap

_META = b'"metadata":{'


class Endpoint:
    """`/apis/GROUP/VERSION/NAME`."""

    def __init__(self, resource: Resource, version: Version, *, custom: bool = False) -> None:
        self.resource = resource
        self.version = version
        self.group = resource.group
        self.name = resource.name
        self.kind = resource.kind
        self.api_version = resource.api_version(version.name)
        self.list_kind = resource.list_kind or resource.kind + "List"
        self.namespaced = resource.namespaced
        self.verbs = frozenset(resource.verbs)
        self.custom = custom
        """Items of lists of custom resources carry apiVersion and kind, those of built-in kinds do not."""
        self.native = version.name == resource.stored_as and version.from_storage is None and not resource.shares
        self.live = type(resource.strategy).on_read is not Strategy.on_read
        """Some of it is worked out when it is read."""
        self.subresources: dict[str, Subresource] = {s.name: s for s in resource.subresources_of(version)}

    @cached_property
    def type(self) -> schema.ObjectType:
        """The schema of the served version."""
        found = self.version.type
        assert found is not None
        return found

    @property
    def bytes_pass(self) -> bool:
        """Stored bytes are what a client gets."""
        return self.native and not self.live

    def outgoing(self, wire: Obj, ctx: Context | None) -> Obj:
        """A stored object (with `resourceVersion`) in the served version, as of now."""
        if self.live and ctx is not None:
            wire = self.resource.strategy.on_read(wire, ctx)
        if self.native:
            return wire
        if self.version.from_storage is not None:
            wire = self.version.from_storage(wire)
        if wire.get("apiVersion") != self.api_version or wire.get("kind") != self.kind:
            wire = {**wire, "apiVersion": self.api_version, "kind": self.kind}
        return wire

    def incoming(self, obj: Obj) -> Obj:
        """A decoded object of the served version in the storage version."""
        if self.version.to_storage is not None:
            obj = self.version.to_storage(obj)
        stored = self.resource.api_version()
        if self.resource.shares:
            # Events of events.k8s.io are stored as core ones.
            return obj
        if obj.get("apiVersion") != stored:
            obj["apiVersion"] = stored
        return obj

    def item_bytes(self, item: Item) -> bytes:
        """An item of a list, from stored bytes (only if `bytes_pass`)."""
        if self.custom:
            return item.wire_bytes()
        numbered = item.wire_bytes()
        return b"{" + numbered[numbered.index(_META) :]


class Endpoints:
    """Routes of one cluster by (group, version, plural), rebuilt when its resources change."""

    def __init__(self, resources: ResourceMap) -> None:
        self._resources = resources
        self._generation = -1
        self._routes: dict[tuple[str, str, str], Endpoint] = {}
        self._builtin: frozenset[str] = frozenset()

    def _sync(self) -> None:
        if self._generation == self._resources.generation:
            return
        generation = self._resources.generation
        old = self._routes
        routes: dict[tuple[str, str, str], Endpoint] = {}
        for resource in self._resources:
            if resource.internal:
                # Managed elsewhere, where there are limits: in the Kubernetes API they do not exist.
                continue
            custom = not resource.builtin
            for version in resource.versions:
                key = (resource.group, version.name, resource.name)
                known = old.get(key)
                routes[key] = (
                    known
                    if known is not None and known.resource is resource
                    else Endpoint(resource, version, custom=custom)
                )
        self._routes = routes
        self._builtin = frozenset(r.group for r in self._resources if r.builtin and not r.internal)
        self._generation = generation

    def get(self, group: str, version: str, name: str) -> Endpoint | None:
        self._sync()
        return self._routes.get((group, version, name))

    def builtin(self, group: str) -> bool:
        """Whether the group is one of Kubernetes' own (a router of its own answers for it)."""
        self._sync()
        return group in self._builtin

    def of(self, resource: Resource, version: str = "") -> Endpoint:
        """The endpoint of a resource in its storage (or the given) version."""
        self._sync()
        return self._routes[(resource.group, version or resource.stored_as, resource.name)]
