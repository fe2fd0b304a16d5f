"""Pods that do not tolerate a NoExecute taint of their node are deleted, at once or after their toleration.

Models: kube-controller-manager, tainteviction/taint_eviction.go.
"""

from __future__ import annotations

from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.disruption import with_target
from clusters.components.controllers.shared.objects import draft
from clusters.components.controllers.shared.tolerations import tolerates
from clusters.kernel.clock import SECOND
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo


class TaintEvictionController(Controller):
    """Keys are pods."""

    name: ClassVar[str] = "taint-eviction-controller"
    user: ClassVar[UserInfo] = controller_user("node-controller")

    def setup(self) -> None:
        self.nodes, self.pods = self.env.informers["nodes"], self.env.informers["pods"]
        self.events = self.env.events("taint-eviction-controller", "")
        self._since: dict[str, int] = {}
        self._due: dict[str, int] = {}
        pod_of.index_by_node(self.pods)
        self.nodes.on_change(self._node_changed)
        self.pods.on_change(self._pod_changed)

    def _node_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is None or _no_execute(new) == (_no_execute(old) if old is not None else []):
            return
        for pod in pod_of.on_node(self.pods, new["metadata"]["name"]):
            self.queue.add(key_of(pod))

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            assert old is not None
            self._forget(key_of(old), old["metadata"]["uid"])
            return
        node = new["spec"].get("nodeName")
        if not node:
            return
        if (
            old is not None
            and old["spec"].get("nodeName")
            and old["spec"].get("tolerations") == new["spec"].get("tolerations")
        ):
            return
        stored = self.nodes.by_key(node)
        if stored is not None and _no_execute(stored):
            self.queue.add(key_of(new))

    def _forget(self, key: str, uid: str) -> None:
        self._since.pop(uid, None)
        self._due.pop(key, None)

    def sync(self, key: str) -> None:
        pod = self.pods.by_key(key)
        if pod is None or "deletionTimestamp" in pod["metadata"]:
            return
        node = self.nodes.by_key(pod_of.node_name(pod))
        taints = _no_execute(node) if node is not None else []
        uid, now = pod["metadata"]["uid"], self.env.clock.now()
        if not taints:
            if self._due.get(key, now) > now:
                text = f"Cancelling deletion of Pod {key}"
                self.events.event(pod, "Normal", "TaintManagerEviction", text)
            self._forget(key, uid)
            return
        seconds = _tolerated_for(pod, taints)
        if seconds is None:
            return
        since = self._since.setdefault(uid, _added(taints) or now)
        due = since + seconds * SECOND
        if now < due:
            self._due[key] = due
            self.queue.add_at(key, due)
            return
        self._evict(pod, key)

    def _evict(self, pod: Obj, key: str) -> None:
        own = pod["metadata"]
        self.events.event(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {key}")
        changed = with_target(
            pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", self.env.clock.now()
        )
        try:
            if changed is not None:
                self.env.client.update_status("pods", draft(pod, status=changed))
            self.env.client.delete("pods", own["namespace"], own["name"], uid=own["uid"])
        except NotFound:
            return


def _no_execute(node: Obj) -> list[dict[str, Any]]:
    return [t for t in node["spec"].get("taints") or () if t["effect"] == "NoExecute"]


def _added(taints: list[dict[str, Any]]) -> int:
    """When the last of the taints came, where they say so."""
    times = [pod_of.when(t["timeAdded"]) for t in taints if t.get("timeAdded")]
    return max(times) if len(times) == len(taints) and times else 0


def _tolerated_for(pod: Obj, taints: list[dict[str, Any]]) -> int | None:
    """Seconds for which all taints are tolerated: 0 if one is not at all, None for ever."""
    limits: list[int] = []
    for taint in taints:
        matching = [t for t in pod["spec"].get("tolerations") or () if tolerates(t, taint)]
        if not matching:
            return 0
        # The first toleration that matches a taint is the one that counts.
        seconds = matching[0].get("tolerationSeconds")
        if seconds is not None:
            limits.append(max(int(seconds), 0))
    return min(limits) if limits else None
