"""Who depends on whom: dependents by owner uid, kept up to date from all informers.

Owners are looked up where they would be, so the graph holds nothing about objects that own nothing and are not
owned. Models: kube-controller-manager, garbagecollector/graph_builder.go.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from clusters.client.informer import Informers, key_of
from clusters.components.controllers.shared.kinds import Kinds
from clusters.machinery.types import Obj

Reference = dict[str, Any]


class Place(NamedTuple):
    """Where an object is: its resource and key."""

    resource: str
    key: str

    def text(self) -> str:
        return f"{self.resource}|{self.key}"

    @classmethod
    def of(cls, text: str) -> Place:
        resource, _, key = text.partition("|")
        return cls(resource, key)


def owners_of(obj: Obj) -> list[Reference]:
    return obj["metadata"].get("ownerReferences") or []


class Graph:
    """Dependents by the uid of each owner they name."""

    def __init__(self, informers: Informers, kinds: Kinds) -> None:
        self.informers = informers
        self.kinds = kinds
        self._dependents: dict[str, dict[Place, None]] = {}

    def changed(self, resource: str, old: Obj | None, new: Obj | None) -> None:
        before, after = owners_of(old) if old else [], owners_of(new) if new else []
        if before is after or before == after:
            return
        obj = new or old
        assert obj is not None
        place = Place(resource, key_of(obj))
        kept = {ref["uid"] for ref in after}
        for ref in before:
            if ref["uid"] not in kept:
                found = self._dependents.get(ref["uid"])
                if found is not None:
                    found.pop(place, None)
                    if not found:
                        del self._dependents[ref["uid"]]
        for ref in after:
            self._dependents.setdefault(ref["uid"], {})[place] = None

    def object(self, place: Place) -> Obj | None:
        return self.informers[place.resource].by_key(place.key)

    def places(self, uid: str) -> list[Place]:
        """Where the dependents of an owner are, in an order that does not depend on when they came."""
        return sorted(self._dependents.get(uid, ()))

    def dependents(self, uid: str) -> list[tuple[Place, Obj]]:
        out = []
        for place in self.places(uid):
            obj = self.object(place)
            if obj is not None:
                out.append((place, obj))
        return out

    def owner(self, ref: Reference, namespace: str) -> tuple[bool, Obj | None]:
        """(whether the reference could be followed, the owner it names or None if that is gone). A kind that is not
        known says nothing about its objects; a cluster-scoped dependent cannot have a namespaced owner."""
        resource = self.kinds.of_kind(ref.get("apiVersion", ""), ref.get("kind", ""))
        if resource is None:
            return False, None
        inside = self.kinds.is_namespaced(resource)
        if inside and not namespace:
            return False, None
        found = self.informers[resource].get(namespace if inside else "", ref["name"])
        if found is None or found["metadata"]["uid"] != ref["uid"]:
            return True, None
        return True, found
