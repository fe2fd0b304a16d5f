"""Deleting what has lost its owners, in the background, the foreground or not at all.

Models: kube-controller-manager, garbagecollector/garbagecollector.go (attemptToDeleteItem,
processDeletingDependentsItem, attemptToOrphanWorker).
"""

from __future__ import annotations

from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.gc.graph import Graph, Place, Reference, owners_of
from clusters.components.controllers.shared.kinds import Kinds
from clusters.machinery.errors import Conflict, NotFound
from clusters.machinery.types import Obj, UserInfo

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
_IGNORED = ("events",)


def waits_for_dependents(obj: Obj) -> bool:
    """Being deleted in the foreground."""
    meta = obj["metadata"]
    return "deletionTimestamp" in meta and FOREGROUND in (meta.get("finalizers") or ())


class GarbageCollector(Controller):
    """Keys are `resource|namespace/name`."""

    name: ClassVar[str] = "garbage-collector-controller"
    user: ClassVar[UserInfo] = controller_user("generic-garbage-collector")

    def setup(self) -> None:
        self.kinds = Kinds(self.env.informers)
        self.graph = Graph(self.env.informers, self.kinds)
        self.events = self.env.events("garbage-collector-controller", "")
        self.kinds.watch_all(self._changed, skip=_IGNORED)

    def _changed(self, resource: str, old: Obj | None, new: Obj | None) -> None:
        self.graph.changed(resource, old, new)
        if new is None:
            assert old is not None
            uid = old["metadata"]["uid"]
            for place in self.graph.places(uid):
                self.queue.add(place.text())
            self._wake_owners(old)
            return
        meta = new["metadata"]
        if owners_of(new) and (old is None or owners_of(old) != owners_of(new)):
            if self._lacks_owner(new):
                self.queue.add(Place(resource, key_of(new)).text())
        if old is not None and owners_of(old) and owners_of(old) != owners_of(new):
            self._wake_owners(old)
        if "deletionTimestamp" in meta:
            if any(f in (FOREGROUND, ORPHAN) for f in meta.get("finalizers") or ()):
                self.queue.add(Place(resource, key_of(new)).text())

    def _lacks_owner(self, obj: Obj) -> bool:
        """Names an owner that is not there; while all are, nothing is to be done."""
        namespace = obj["metadata"].get("namespace", "")
        return any(self.graph.owner(ref, namespace)[1] is None for ref in owners_of(obj))

    def _wake_owners(self, obj: Obj) -> None:
        """Owners that wait for their dependents to go."""
        namespace = obj["metadata"].get("namespace", "")
        for ref in owners_of(obj):
            _, owner = self.graph.owner(ref, namespace)
            if owner is not None and waits_for_dependents(owner):
                resource = self.kinds.of_kind(ref["apiVersion"], ref["kind"])
                assert resource is not None
                self.queue.add(Place(resource, key_of(owner)).text())

    def sync(self, key: str) -> None:
        place = Place.of(key)
        try:
            obj = self.graph.object(place)
        except KeyError:
            return
        if obj is None:
            return
        meta = obj["metadata"]
        if "deletionTimestamp" in meta:
            finalizers = meta.get("finalizers") or ()
            if ORPHAN in finalizers:
                self._orphan(place, obj)
            elif FOREGROUND in finalizers:
                self._end_in_foreground(place, obj)
            return
        if owners_of(obj):
            self._judge(place, obj)

    # an owner that goes

    def _orphan(self, place: Place, owner: Obj) -> None:
        uid = owner["metadata"]["uid"]
        for dependent_place, dependent in self.graph.dependents(uid):
            self._drop_owners(dependent_place, dependent, {uid})
        self._drop_finalizer(place, owner, ORPHAN)

    def _end_in_foreground(self, place: Place, owner: Obj) -> None:
        uid = owner["metadata"]["uid"]
        blocking = [
            (where, obj)
            for where, obj in self.graph.dependents(uid)
            if any(r["uid"] == uid and r.get("blockOwnerDeletion") for r in owners_of(obj))
        ]
        if not blocking:
            self._drop_finalizer(place, owner, FOREGROUND)
            return
        for where, obj in blocking:
            if "deletionTimestamp" not in obj["metadata"]:
                self._judge(where, obj)

    # a dependent

    def _judge(self, place: Place, obj: Obj) -> None:
        """Delete the object if no owner is left that keeps it; drop references to owners that are gone."""
        meta = obj["metadata"]
        namespace = meta.get("namespace", "")
        solid: list[Reference] = []
        dangling: list[Reference] = []
        waiting: list[Reference] = []
        for ref in owners_of(obj):
            known, owner = self.graph.owner(ref, namespace)
            if not known:
                if self.kinds.of_kind(ref.get("apiVersion", ""), ref.get("kind", "")) is None:
                    solid.append(ref)
                else:
                    self._complain(obj, ref)
                    solid.append(ref)
            elif owner is None:
                if self._in_other_namespace(ref, namespace):
                    self._complain(obj, ref)
                dangling.append(ref)
            elif waits_for_dependents(owner):
                waiting.append(ref)
            else:
                solid.append(ref)
        if solid:
            if dangling or waiting:
                self._drop_owners(place, obj, {r["uid"] for r in dangling + waiting})
            return
        dependents = self.graph.dependents(meta["uid"])
        if waiting and dependents:
            for _, dependent in dependents:
                if waits_for_dependents(dependent):
                    # A circle: this object's own dependents wait for it.
                    self._unblock(place, obj)
                    break
            self._delete(place, obj, "Foreground")
            return
        finalizers = meta.get("finalizers") or ()
        policy = "Orphan" if ORPHAN in finalizers else "Foreground" if FOREGROUND in finalizers else "Background"
        self._delete(place, obj, policy)

    def _in_other_namespace(self, ref: Reference, namespace: str) -> bool:
        """The owner exists, but elsewhere: references do not reach across namespaces."""
        resource = self.kinds.of_kind(ref.get("apiVersion", ""), ref.get("kind", ""))
        if resource is None or not self.kinds.is_namespaced(resource):
            return False
        return any(
            o["metadata"]["uid"] == ref["uid"] and o["metadata"].get("namespace") != namespace
            for o in self.env.informers[resource]
        )

    def _complain(self, obj: Obj, ref: Reference) -> None:
        text = (
            f"ownerRef [{ref.get('apiVersion', '')}/{ref.get('kind', '')}, namespace: "
            f"{obj['metadata'].get('namespace', '')}, name: {ref.get('name', '')}, uid: {ref.get('uid', '')}] does not "
            f'exist in namespace "{obj["metadata"].get("namespace", "")}"'
        )
        self.events.event(obj, "Warning", "OwnerRefInvalidNamespace", text)

    # writes

    def _delete(self, place: Place, obj: Obj, propagation: str) -> None:
        meta = obj["metadata"]
        try:
            self.env.client.delete(
                place.resource, meta.get("namespace", ""), meta["name"], propagation=propagation, uid=meta["uid"]
            )
        except (NotFound, Conflict):
            return

    def _drop_owners(self, place: Place, obj: Obj, uids: set[str]) -> None:
        left = [r for r in owners_of(obj) if r["uid"] not in uids]
        self._patch(place, obj, {"metadata": {"ownerReferences": left or None}})

    def _unblock(self, place: Place, obj: Obj) -> None:
        references = [{**r, "blockOwnerDeletion": False} if r.get("blockOwnerDeletion") else r for r in owners_of(obj)]
        self._patch(place, obj, {"metadata": {"ownerReferences": references}})

    def _drop_finalizer(self, place: Place, obj: Obj, finalizer: str) -> None:
        left = [f for f in obj["metadata"].get("finalizers") or () if f != finalizer]
        self._patch(place, obj, {"metadata": {"finalizers": left or None}})

    def _patch(self, place: Place, obj: Obj, patch: dict[str, Any]) -> None:
        meta = obj["metadata"]
        try:
            self.env.client.patch(place.resource, meta.get("namespace", ""), meta["name"], patch, uid=meta["uid"])
        except NotFound:
            return
