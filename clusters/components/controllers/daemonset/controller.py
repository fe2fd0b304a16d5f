"""One sync of a DaemonSet: a pod on every node that should have one, none elsewhere, updated node by node.

Models: kube-controller-manager, daemon/daemon_controller.go and update.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.daemonset import placement
from clusters.components.controllers.shared import percent
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.claims import claim
from clusters.components.controllers.shared.history import (
    HASH_LABEL,
    POD_HASH_LABEL,
    REVISIONS,
    Revisions,
    name_of,
)
from clusters.components.controllers.shared.objects import draft
from clusters.components.controllers.shared.podcontrol import PodControl, is_namespace_terminating, slow_start
from clusters.components.controllers.shared.telling import Once
from clusters.kernel.clock import SECOND
from clusters.machinery import meta
from clusters.machinery.errors import ApiError
from clusters.machinery.selectors import LabelSelector, from_label_selector
from clusters.machinery.types import Obj, UserInfo

DAEMONSETS = "daemonsets.apps"
FAILED_BACKOFF = SECOND
MAX_FAILED_BACKOFF = 15 * 60 * SECOND


class DaemonSetController(Controller):
    """`daemonsets.apps`."""

    name: ClassVar[str] = "daemonset-controller"
    user: ClassVar[UserInfo] = controller_user("daemon-set-controller")

    def setup(self) -> None:
        informers = self.env.informers
        self.sets, self.pods, self.nodes = informers[DAEMONSETS], informers["pods"], informers["nodes"]
        self.events = self.env.events("daemonset-controller", "")
        self.control = PodControl(self.env.client, self.events)
        self.revisions = Revisions(self.env.client, informers[REVISIONS])
        self._failed: dict[tuple[str, str], tuple[int, int]] = {}
        pod_of.index_by_controller(self.pods)
        self.sets.add_index("uid", lambda obj: (obj["metadata"]["uid"],))
        self.sets.on_change(self._set_changed)
        self.pods.on_change(self._pod_changed)
        self.nodes.on_change(self._node_changed)

    def _set_changed(self, old: Obj | None, new: Obj | None) -> None:
        changed = new or old
        assert changed is not None
        self.queue.add(key_of(changed))

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        for obj in (old, new):
            ref = meta.controller_of(obj) if obj is not None else None
            if ref is not None:
                for owner in self.sets.by_index("uid", ref["uid"]):
                    self.queue.add(key_of(owner))
        if new is not None and meta.controller_of(new) is None and "deletionTimestamp" not in new["metadata"]:
            labels = new["metadata"].get("labels")
            for owner in self.sets.list(new["metadata"]["namespace"]) if labels else ():
                if _selector(owner).matches(labels):
                    self.queue.add(key_of(owner))

    def _node_changed(self, old: Obj | None, new: Obj | None) -> None:
        if old is not None and new is not None:
            same_labels = old["metadata"].get("labels") == new["metadata"].get("labels")
            if same_labels and old["spec"].get("taints") == new["spec"].get("taints"):
                return
        for owner in self.sets.list():
            self.queue.add(key_of(owner))

    def sync(self, key: str) -> None:
        owner = self.sets.by_key(key)
        if owner is None:
            return
        selector = _selector(owner)
        if selector.empty:
            text = "This daemon set is selecting all pods. A non-empty selector is required."
            Once(self.events, self.env.informers["events"]).event(owner, "Warning", "SelectingAll", text)
            return
        if meta.deleting(owner):
            return
        revisions = self.revisions.of(owner, selector)
        collisions = int((owner.get("status") or {}).get("collisionCount", 0))
        current, collisions = self.revisions.current(owner, revisions, collisions)
        revision = current["metadata"]["labels"][HASH_LABEL]
        failure: ApiError | None = None
        try:
            self._manage(owner, self._by_node(owner, selector), revision)
            if (owner["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate":
                self._roll(owner, self._by_node(owner, selector), revision)
        except ApiError as error:
            failure = error
        by_node = self._by_node(owner, selector)
        self._report(owner, by_node, revision, collisions)
        live = {p["metadata"].get("labels", {}).get(POD_HASH_LABEL, "") for pods in by_node.values() for p in pods}
        kept = {name_of(r) for r in revisions if r["metadata"]["labels"].get(HASH_LABEL) in live}
        self.revisions.truncate(owner, revisions, kept | {name_of(current)})
        if failure is not None and not is_namespace_terminating(failure):
            raise failure

    def _by_node(self, owner: Obj, selector: LabelSelector) -> dict[str, list[Obj]]:
        own = owner["metadata"]
        candidates = pod_of.owned_by(self.pods, own["uid"]) + pod_of.orphans(self.pods, own["namespace"])
        out: dict[str, list[Obj]] = {}
        for pod in claim(self.env.client, "pods", owner, selector, candidates):
            node = placement.target(pod)
            if node:
                out.setdefault(node, []).append(pod)
        return out

    # one pod a node

    def _manage(self, owner: Obj, by_node: dict[str, list[Obj]], revision: str) -> None:
        missing: list[str] = []
        surplus: list[Obj] = []
        known = set()
        for node in self.nodes.list():
            name = node["metadata"]["name"]
            known.add(name)
            self._judge(owner, node, by_node.get(name, []), missing, surplus)
        for name, pods in by_node.items():
            if name not in known:
                # The node is gone: a pod that was never bound waits for nothing.
                surplus += [p for p in pods if not p["spec"].get("nodeName")]
        for pod in surplus:
            self.control.delete(pod, owner)
        names = iter(missing)
        _, failure = slow_start(
            len(missing), lambda: self.control.create(placement.new_pod(owner, next(names), revision), owner)
        )
        if failure is not None:
            raise failure

    def _judge(self, owner: Obj, node: Obj, pods: Sequence[Obj], missing: list[str], surplus: list[Obj]) -> None:
        wanted, may_go_on = placement.should_run(owner, node)
        name = node["metadata"]["name"]
        alive = [p for p in pods if "deletionTimestamp" not in p["metadata"]]
        if not wanted:
            if not may_go_on:
                surplus += alive
            return
        running: list[Obj] = []
        for pod in alive:
            if pod_of.phase(pod) == "Failed":
                if self._may_retry(owner, name):
                    own = pod["metadata"]
                    text = (
                        f"Found failed daemon pod {own['namespace']}/{own['name']} on node {name}, will try to kill it"
                    )
                    self.events.event(owner, "Warning", "FailedDaemonPod", text)
                    surplus.append(pod)
            elif pod_of.phase(pod) == "Succeeded":
                own = pod["metadata"]
                text = (
                    f"Found succeeded daemon pod {own['namespace']}/{own['name']} on node {name}, will try to delete it"
                )
                self.events.event(owner, "Normal", "SucceededDaemonPod", text)
                surplus.append(pod)
            else:
                running.append(pod)
        if not pods:
            missing.append(name)
            return
        if len(running) > 1 and not _surge(owner, 1):
            running.sort(key=lambda p: (p["metadata"]["creationTimestamp"], p["metadata"]["name"]))
            surplus += running[1:]

    def _may_retry(self, owner: Obj, node: str) -> bool:
        """Failed pods are replaced ever more slowly: after 1 s, 2 s, ... 15 min."""
        key, now = (owner["metadata"]["uid"], node), self.env.clock.now()
        tries, due = self._failed.get(key, (0, 0))
        if now < due:
            self.queue.add_at(key_of(owner), due)
            return False
        self._failed[key] = (tries + 1, now + min(FAILED_BACKOFF << min(tries, 20), MAX_FAILED_BACKOFF))
        return True

    # rolling update

    def _roll(self, owner: Obj, by_node: dict[str, list[Obj]], revision: str) -> None:
        now = self.env.clock.now()
        desired = [n["metadata"]["name"] for n in self.nodes.list() if placement.should_run(owner, n)[0]]
        rolling = (owner["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        surge = _surge(owner, len(desired))
        allowed = percent.scaled(rolling.get("maxUnavailable", 0 if surge else 1), len(desired), round_up=True)
        min_ready = int(owner["spec"].get("minReadySeconds", 0))
        unavailable = 0
        candidates: list[Obj] = []
        surging = 0
        for name in desired:
            pods = [p for p in by_node.get(name, []) if not pod_of.is_terminal(p)]
            new = [p for p in pods if _revision(p) == revision]
            old = [p for p in pods if _revision(p) != revision and "deletionTimestamp" not in p["metadata"]]
            if not any(_available(p, min_ready, now) for p in pods):
                unavailable += 1
                if old:
                    # What does not serve anyway costs nothing to replace.
                    self.control.delete(old[0], owner)
                continue
            if not old:
                continue
            if surge:
                if any(_available(p, min_ready, now) for p in new):
                    self.control.delete(old[0], owner)
                elif new:
                    surging += 1
                else:
                    candidates.append(old[0])
            elif not new:
                candidates.append(old[0])
        if surge:
            for pod in candidates[: max(surge - surging, 0)]:
                self.control.create(placement.new_pod(owner, placement.target(pod), revision), owner)
            return
        for pod in candidates[: max(max(allowed, 1) - unavailable, 0)]:
            self.control.delete(pod, owner)

    # status

    def _report(self, owner: Obj, by_node: dict[str, list[Obj]], revision: str, collisions: int) -> None:
        now, min_ready = self.env.clock.now(), int(owner["spec"].get("minReadySeconds", 0))
        numbers = dict.fromkeys(("current", "misscheduled", "desired", "ready", "updated", "available"), 0)
        soon: list[int] = []
        for node in self.nodes.list():
            wanted, _ = placement.should_run(owner, node)
            pods = by_node.get(node["metadata"]["name"], [])
            if not wanted:
                numbers["misscheduled"] += bool(pods)
                continue
            numbers["desired"] += 1
            if not pods:
                continue
            numbers["current"] += 1
            pod = min(pods, key=lambda p: (not pod_of.is_ready(p), p["metadata"]["creationTimestamp"]))
            if pod_of.is_ready(pod):
                numbers["ready"] += 1
                if pod_of.is_available(pod, min_ready, now):
                    numbers["available"] += 1
                else:
                    soon.append(pod_of.available_at(pod, min_ready) or now)
            numbers["updated"] += any(_revision(p) == revision for p in pods)
        if soon:
            self.queue.add_at(key_of(owner), max(min(soon), now + 1))
        self._write(owner, numbers, collisions)

    def _write(self, owner: Obj, numbers: dict[str, int], collisions: int) -> None:
        new: dict[str, Any] = {
            "currentNumberScheduled": numbers["current"],
            "numberMisscheduled": numbers["misscheduled"],
            "desiredNumberScheduled": numbers["desired"],
            "numberReady": numbers["ready"],
            "observedGeneration": owner["metadata"].get("generation", 0),
        }
        optional = {
            "updatedNumberScheduled": numbers["updated"],
            "numberAvailable": numbers["available"],
            "numberUnavailable": numbers["desired"] - numbers["available"],
            "collisionCount": collisions,
        }
        new.update({k: v for k, v in optional.items() if v})
        if new != (owner.get("status") or {}):
            fresh = self.sets.by_key(key_of(owner))
            if fresh is not None:
                self.env.client.update_status(DAEMONSETS, draft(fresh, status=new))


def _selector(owner: Obj) -> LabelSelector:
    return from_label_selector(owner["spec"].get("selector"))


def _surge(owner: Obj, desired: int) -> int:
    rolling = (owner["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    return percent.scaled(rolling.get("maxSurge"), desired, round_up=True)


def _revision(pod: Obj) -> str:
    return str((pod["metadata"].get("labels") or {}).get(POD_HASH_LABEL, ""))


def _available(pod: Obj, min_ready: int, now: int) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and pod_of.is_available(pod, min_ready, now)
