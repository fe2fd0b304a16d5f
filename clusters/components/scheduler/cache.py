"""Keeps a `Snapshot` up to date from the informers, touching only what changed.

Pods that have ended take no room; Pods without a node are the queue's business.
"""

from __future__ import annotations

from typing import Protocol

from clusters.client.informer import Informers, key_of
from clusters.components.scheduler.podinfo import PodInfo, PodParser
from clusters.components.scheduler.snapshot import Snapshot
from clusters.machinery.types import Obj

ENDED = ("Succeeded", "Failed")


def ended(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") in ENDED


def takes_room(pod: Obj | None) -> bool:
    """Whether a Pod is on a node and has not ended."""
    return pod is not None and bool(pod["spec"].get("nodeName")) and not ended(pod)


class Listener(Protocol):
    """Who wants to know what changed."""

    def touch(self, name: str) -> None:
        """A node changed, or the Pods on it."""

    def reset(self) -> None:
        """Something changed that concerns all nodes: which there are, images, Pods with affinity."""


class SchedulerCache:
    """The `snapshot`, and the Pods on nodes."""

    def __init__(self, informers: Informers) -> None:
        self.snapshot = Snapshot(informers)
        self.parser = PodParser()
        self.pods: dict[str, PodInfo] = {}
        """Pods on nodes, by key, with those that are about to be bound."""
        self.listener: Listener | None = None

    def _touched(self, name: str) -> None:
        if self.listener is not None:
            self.listener.touch(name)

    def _reset(self) -> None:
        if self.listener is not None:
            self.listener.reset()

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        obj = new if new is not None else old
        assert obj is not None
        name = obj["metadata"]["name"]
        info = self.snapshot.by_name.get(name)
        if old is not None and new is not None and info is not None and _same_node(old, new):
            info.obj = new
            return
        images = info.images if info else {}
        labels = info.labels if info else {}
        info = self.snapshot.set_node(name, new)
        if old is None or new is None or images != info.images or labels != info.labels:
            self._reset()
        self._touched(name)

    def on_pod(self, old: Obj | None, new: Obj | None) -> bool:
        """True if something changed that counts: room, labels, being deleted."""
        obj = new if new is not None else old
        assert obj is not None
        known = self.pods.get(key_of(obj))
        if new is None or not takes_room(new):
            if known is not None:
                self.remove(known)
            return known is not None
        if known is not None:
            if _refresh(known, new):
                return False
            self.remove(known)
        self.add(self.parser.parse(new))
        return True

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.key] = pod
        self.snapshot.add_pod(pod)
        self._pod_changed(pod)

    def remove(self, pod: PodInfo) -> None:
        del self.pods[pod.key]
        self.snapshot.remove_pod(pod)
        self._pod_changed(pod)

    def _pod_changed(self, pod: PodInfo) -> None:
        if pod.needs.has_affinity:
            self._reset()
        self._touched(pod.node)


def _refresh(known: PodInfo, new: Obj) -> bool:
    """Take over a new version of a Pod in which nothing changed that the scheduler counts."""
    old = known.obj
    if old is new:
        return True
    if old["spec"] is not new["spec"] and old["spec"] != new["spec"]:
        return False
    before, after = old["metadata"], new["metadata"]
    if before is not after:
        if before.get("labels") != after.get("labels") or before.get("uid") != after.get("uid"):
            return False
        if known.deleting != ("deletionTimestamp" in after):
            return False
    if _resize_state(old) != _resize_state(new):
        return False
    known.obj = new
    return True


def _resize_state(pod: Obj) -> object:
    """What the kubelet says of the containers' resources while it resizes them."""
    status = pod.get("status") or {}
    conditions = status.get("conditions") or ()
    if not any(c["type"] in ("PodResizePending", "PodResizeInProgress") for c in conditions):
        return None
    return [s.get("resources") for s in status.get("containerStatuses") or ()]


def _same_node(old: Obj, new: Obj) -> bool:
    if old.get("spec") != new.get("spec"):
        return False
    if old["metadata"].get("labels") != new["metadata"].get("labels"):
        return False
    before, after = old.get("status") or {}, new.get("status") or {}
    return before.get("allocatable") == after.get("allocatable") and before.get("images") == after.get("images")
