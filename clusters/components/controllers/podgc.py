"""Pods that nobody ends any more: on nodes that are gone, deleted before they had a node, long finished.

Models: kube-controller-manager, podgc/gc_controller.go.
"""

from __future__ import annotations

from typing import ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.disruption import with_target
from clusters.components.controllers.shared.objects import draft
from clusters.kernel.clock import SECOND
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

QUARANTINE = 40 * SECOND
"""A node must be gone for that long before its pods are."""
PERIOD = 20 * SECOND
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
TERMINATED_THRESHOLD = 12_500
_FINISHED = "finished"
_ABOUT_NODE = "about-node"


class PodGarbageCollector(Controller):
    """Keys are pods, and `finished` for the count of terminated ones."""

    name: ClassVar[str] = "pod-garbage-collector-controller"
    user: ClassVar[UserInfo] = controller_user("pod-garbage-collector")

    def setup(self) -> None:
        self.nodes, self.pods = self.env.informers["nodes"], self.env.informers["pods"]
        self.stored = self.env.informers["events"]
        self.stored.add_index(_ABOUT_NODE, _nodes_of)
        self._finished = 0
        pod_of.index_by_node(self.pods)
        self.pods.on_change(self._pod_changed)
        self.nodes.on_change(self._node_changed)

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        self._finished += int(new is not None and pod_of.is_terminal(new))
        self._finished -= int(old is not None and pod_of.is_terminal(old))
        if self._finished > TERMINATED_THRESHOLD:
            self.queue.add(_FINISHED)
        if new is None:
            return
        node = pod_of.node_name(new)
        if (node and self.nodes.by_key(node) is None) or (not node and "deletionTimestamp" in new["metadata"]):
            self.queue.add(key_of(new))

    def _node_changed(self, old: Obj | None, new: Obj | None) -> None:
        node = new or old
        assert node is not None
        name = node["metadata"]["name"]
        if new is not None and not _out_of_service(new):
            return
        for pod in pod_of.on_node(self.pods, name):
            self.queue.add(key_of(pod))

    def sync(self, key: str) -> None:
        if key == _FINISHED:
            self._drop_finished()
            return
        pod = self.pods.by_key(key)
        if pod is None:
            return
        name, now = pod_of.node_name(pod), self.env.clock.now()
        if not name:
            if "deletionTimestamp" in pod["metadata"]:
                self._end(pod, None)
            return
        node = self.nodes.by_key(name)
        if node is None:
            due = self._gone_since(pod, name) + QUARANTINE
            if now < due:
                self.queue.add_at(key, due)
                return
            self._end(pod, ("DeletionByPodGC", "PodGC: node no longer exists"))
        elif _out_of_service(node) and pod_of.is_terminating(pod):
            self._end(pod, None)

    def _gone_since(self, pod: Obj, name: str) -> int:
        """When the pod's node was removed, as the Event about it says; for one that never was, when the pod came."""
        removed = [
            pod_of.when(e["lastTimestamp"])
            for e in self.stored.by_index(_ABOUT_NODE, name)
            if e.get("reason") == "RemovingNode" and e.get("lastTimestamp")
        ]
        return max([pod_of.when(pod["metadata"]["creationTimestamp"]), *removed])

    def _drop_finished(self) -> None:
        """The oldest finished pods go when there are too many."""
        finished = [p for p in self.pods.list() if pod_of.is_terminal(p) and "deletionTimestamp" not in p["metadata"]]
        finished.sort(key=lambda p: (p["metadata"]["creationTimestamp"], key_of(p)))
        for pod in finished[: max(len(finished) - TERMINATED_THRESHOLD, 0)]:
            self._end(pod, None)

    def _end(self, pod: Obj, why: tuple[str, str] | None) -> None:
        """Mark the pod failed, unless it has ended, and delete it without waiting for a kubelet."""
        own, client = pod["metadata"], self.env.client
        try:
            if not pod_of.is_terminal(pod):
                status = {**(pod.get("status") or {}), "phase": "Failed"}
                if why is not None:
                    status = with_target(pod, *why, self.env.clock.now(), fail=True) or status
                client.update_status("pods", draft(pod, status=status))
            client.delete("pods", own["namespace"], own["name"], grace_seconds=0, uid=own["uid"])
        except NotFound:
            return


def _nodes_of(event: Obj) -> tuple[str, ...]:
    about = event.get("involvedObject") or {}
    return (str(about.get("name", "")),) if about.get("kind") == "Node" else ()


def _out_of_service(node: Obj) -> bool:
    ready = next((c for c in (node.get("status") or {}).get("conditions") or () if c["type"] == "Ready"), None)
    if ready is not None and ready["status"] == "True":
        return False
    return any(t["key"] == OUT_OF_SERVICE for t in node["spec"].get("taints") or ())
