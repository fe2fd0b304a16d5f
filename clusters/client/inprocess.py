"""The API client of components: the same registry and admission as over HTTP, without the wire.

What it leaves out is what would be known to succeed: decoding, defaulting and validating an object that was
built from stored ones. It pays for each write about as much as the encoding costs.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.apiserver.authz.attributes import Attributes
from clusters.apiserver.authz.chain import ask
from clusters.machinery.errors import NotFound
from clusters.machinery.patch.merge import merge_patch
from clusters.machinery.selectors import parse_label_selector
from clusters.machinery.types import Obj, UserInfo
from clusters.registry import deletion, eviction, pods
from clusters.registry.item import Item
from clusters.registry.metadata import private_copy
from clusters.registry.registry import Registry, WriteOptions
from clusters.resources.base import Resource


class InProcessClient:
    """`ApiClient` over a registry, as `user`. `manager` is the field manager of its writes."""

    def __init__(self, registry: Registry, user: UserInfo, manager: str) -> None:
        self._registry = registry
        self._user = user
        self._manager = manager

    @property
    def user(self) -> UserInfo:
        return self._user

    def as_user(self, user: UserInfo) -> InProcessClient:
        return InProcessClient(self._registry, user, self._manager)

    def _opts(self) -> WriteOptions:
        return WriteOptions(user=self._user, manager=self._manager, trusted=True)

    def _resource(self, name: str) -> Resource:
        resource = self._registry.resources.get(name)
        if resource is None:
            raise NotFound.path()
        return resource

    def get(self, resource: str, namespace: str, name: str) -> Obj:
        return self._registry.get(self._resource(resource), namespace, name).wire

    def list(self, resource: str, namespace: str = "", *, label_selector: str = "") -> Sequence[Obj]:
        listing = self._registry.list(self._resource(resource), namespace)
        objects = [item.wire for item in listing.items]
        if label_selector:
            selector = parse_label_selector(label_selector)
            objects = [o for o in objects if selector.matches(o["metadata"].get("labels") or {})]
        return objects

    def create(self, resource: str, namespace: str, obj: Obj, *, shape: str = "") -> Obj:
        # The registry fills the object in, in place: what it shares with stored ones (a Pod template) must stay.
        opts = WriteOptions(user=self._user, manager=self._manager, trusted=True, shape=shape)
        return self._registry.create(self._resource(resource), namespace, private_copy(obj), opts).wire

    def update(self, resource: str, obj: Obj) -> Obj:
        return self._put(resource, obj, "")

    def update_status(self, resource: str, obj: Obj, *, subresource: str = "status") -> Obj:
        return self._put(resource, obj, subresource)

    def _put(self, resource: str, obj: Obj, subresource: str) -> Obj:
        meta = obj["metadata"]

        def transform(current: Obj) -> Obj:
            return {**obj, "metadata": dict(meta)}

        item: Item = self._registry.update(
            self._resource(resource),
            meta.get("namespace", ""),
            meta["name"],
            transform,
            self._opts(),
            subresource=subresource,
        )
        return item.wire

    def patch(
        self,
        resource: str,
        namespace: str,
        name: str,
        patch: Obj,
        *,
        subresource: str = "",
        uid: str = "",
    ) -> Obj:
        described = self._resource(resource)

        def transform(current: Obj) -> Obj:
            merged: Obj = merge_patch(current, patch)
            metadata = merged["metadata"] = dict(merged["metadata"])
            if "resourceVersion" not in (patch.get("metadata") or {}):
                if described.strategy.allow_unconditional_update:
                    metadata.pop("resourceVersion", None)
            if uid:
                metadata["uid"] = uid
            return merged

        return self._registry.update(described, namespace, name, transform, self._opts(), subresource=subresource).wire

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        grace_seconds: int | None = None,
        propagation: str = "",
        uid: str = "",
    ) -> None:
        options = deletion.DeleteOptions(grace_seconds=grace_seconds, propagation=propagation, uid=uid)
        deletion.delete(self._registry, self._resource(resource), namespace, name, options, self._opts())

    def bind(self, namespace: str, pod: str, node: str, *, uid: str = "") -> None:
        binding: Obj = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod, "namespace": namespace, "uid": uid},
            "target": {"kind": "Node", "name": node},
        }
        pods.bind(self._registry, namespace, pod, binding, self._opts())

    def may(self, user: UserInfo, verb: str, group: str, resource: str, *, subresource: str = "") -> bool:
        return ask(self._registry, Attributes(user, verb, group, "v1", resource, subresource)).allowed

    def evict(self, namespace: str, pod: str, *, grace_seconds: int | None = None) -> None:
        options = deletion.DeleteOptions(grace_seconds=grace_seconds)
        eviction.evict(self._registry, namespace, pod, options, self._opts())
