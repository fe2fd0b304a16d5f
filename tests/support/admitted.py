"""Objects through the whole admission chain, as anybody's."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from clusters.admission.chain import default_chain
from clusters.kernel.clock import MINUTE, SimClock
from clusters.kernel.rng import Rng
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.cache import WatchCache
from clusters.registry.registry import Registry, WriteOptions
from clusters.registry.resources import ResourceMap
from clusters.resources.catalog import BUILTIN
from clusters.storage.memory import MemoryStore
from tests.support.objects import NAMESPACE, START, USER, Objects

JANE = UserInfo("jane", ("system:authenticated",))


class Admitted(Objects):
    """A cluster with one namespace, an hour old, and its default ServiceAccount. Writes are `user`'s."""

    def __init__(self, user: UserInfo = USER, **namespace_meta: Any) -> None:
        self.clock = SimClock(START)
        self.resources = ResourceMap(BUILTIN)
        self.registry = Registry(WatchCache(MemoryStore()), self.resources, default_chain(), self.clock, Rng(1))
        self.warnings: list[str] = []
        self.user = USER
        meta = {"name": NAMESPACE, **namespace_meta}
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        self.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})
        self.clock.advance_to(START + 60 * MINUTE)
        self.user = user

    def _options(self) -> WriteOptions:
        return WriteOptions(user=self.user)

    def get(self, kind: str, name: str, namespace: str = NAMESPACE) -> Obj:
        resource = self.resources[kind]
        return self.registry.get(resource, namespace if resource.namespaced else "", name).wire

    def forbidden(self, obj: Obj) -> str:
        """Why an object is refused by a plugin; "" if it is not."""
        try:
            self.create(deepcopy(obj))
        except ApiError as error:
            return error.message
        return ""


def kind(api_version: str, kind_: str, name: str, **fields: Any) -> Obj:
    return {"apiVersion": api_version, "kind": kind_, "metadata": {"name": name}, **fields}
