"""One sync of a ReplicaSet: claim its pods, make or delete the difference, report the status.

Reads only the informers; what it writes comes back as a change that enqueues the set again, so counting is
done once a sync however many pods changed. Models: kube-controller-manager, replicaset/replica_set.go.
"""

from __future__ import annotations

from typing import ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.replicaset import ranking, status
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.claims import claim, controller_uid
from clusters.components.controllers.shared.objects import draft
from clusters.components.controllers.shared.podcontrol import (
    PodControl,
    is_namespace_terminating,
    pod_from_template,
    slow_start,
)
from clusters.machinery import meta
from clusters.machinery.errors import ApiError, NotFound
from clusters.machinery.selectors import LabelSelector, from_label_selector, from_map
from clusters.machinery.types import Obj, UserInfo

BURST = 500
"""Most pods made or deleted by one sync (BurstReplicas)."""
NEXT_POD_PREFERS = "playground.dev/next-pod-prefers"
"""On a ReplicaSet: the node that its next new pod should prefer (a pod was dragged there)."""
PREFERRED_NODE = "playground.dev/preferred-node"


class ReplicaSetController(Controller):
    """`replicasets.apps`."""

    name: ClassVar[str] = "replicaset-controller"
    user: ClassVar[UserInfo] = controller_user("replicaset-controller")
    resource: ClassVar[str] = "replicasets.apps"
    kind: ClassVar[str] = "ReplicaSet"
    recorder: ClassVar[str] = "replicaset-controller"
    counts_terminating: ClassVar[bool] = True

    def setup(self) -> None:
        self.pods = self.env.informers["pods"]
        self.sets = self.env.informers[self.resource]
        self.control = PodControl(self.env.client, self.env.events(self.recorder, ""))
        pod_of.index_by_controller(self.pods)
        pod_of.index_by_controller(self.sets)
        self.sets.add_index("uid", lambda obj: (obj["metadata"]["uid"],))
        self.sets.on_change(self._set_changed)
        self.pods.on_change(self._pod_changed)

    def selector(self, owner: Obj) -> LabelSelector:
        return from_label_selector(owner["spec"].get("selector"))

    # what changes concern which key

    def _set_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and old is not None and new.get("status") is not old.get("status"):
            if new["spec"] == old["spec"] and _same_meta(old, new):
                return
        changed = new or old
        assert changed is not None
        self.queue.add(key_of(changed))

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        before = controller_uid(old) if old is not None else ""
        after = controller_uid(new) if new is not None else ""
        if before and before != after:
            self._enqueue(before)
        if after:
            self._enqueue(after)
        elif new is not None and "deletionTimestamp" not in new["metadata"]:
            labels_changed = old is None or old["metadata"].get("labels") != new["metadata"].get("labels")
            if labels_changed or before:
                self._enqueue_matching(new)

    def _enqueue(self, uid: str) -> None:
        for owner in self.sets.by_index("uid", uid):
            self.queue.add(key_of(owner))

    def _enqueue_matching(self, pod: Obj) -> None:
        labels = pod["metadata"].get("labels")
        if not labels:
            return
        for owner in self.sets.list(pod["metadata"]["namespace"]):
            if self.selector(owner).matches(labels):
                self.queue.add(key_of(owner))

    # sync

    def sync(self, key: str) -> None:
        owner = self.sets.by_key(key)
        if owner is None:
            return
        selector = self.selector(owner)
        if selector.empty or selector.nothing:
            return
        now = self.env.clock.now()
        uid, namespace = owner["metadata"]["uid"], owner["metadata"]["namespace"]
        own = pod_of.owned_by(self.pods, uid)
        candidates = [p for p in own + pod_of.orphans(self.pods, namespace) if pod_of.is_active(p)]
        active = claim(self.env.client, "pods", owner, selector, candidates)
        terminating = sum(1 for p in own if pod_of.is_terminating(p)) if self.counts_terminating else None
        failure: ApiError | None = None
        if not meta.deleting(owner):
            try:
                self._manage(owner, active, now)
            except ApiError as error:
                failure = error
        self._report(owner, status.calculate(owner, active, terminating, failure, now))
        if failure is not None:
            raise failure
        self._wake_for_availability(key, owner, active, now)

    def _manage(self, owner: Obj, active: list[Obj], now: int) -> None:
        diff = len(active) - owner["spec"].get("replicas", 0)
        if diff < 0:
            self._create(owner, min(-diff, BURST))
        elif diff > 0:
            doomed = ranking.to_delete(active, min(diff, BURST), self._related(owner), now)
            failure: ApiError | None = None
            for pod in doomed:
                try:
                    self.control.delete(pod, owner)
                except ApiError as error:
                    failure = failure or error
            if failure is not None:
                raise failure

    def _create(self, owner: Obj, count: int) -> None:
        template = owner["spec"]["template"]
        preferred = (owner["metadata"].get("annotations") or {}).get(NEXT_POD_PREFERS)
        pending = [preferred] if preferred else []

        def one() -> None:
            pod = pod_from_template(template, owner)
            if pending:
                annotations = pod["metadata"].setdefault("annotations", {})
                annotations[PREFERRED_NODE] = pending[0]
            self.control.create(pod, owner)
            pending.clear()

        _, failure = slow_start(count, one)
        if preferred and not pending:
            self._forget_preference(owner)
        if failure is not None and not is_namespace_terminating(failure):
            raise failure

    def _forget_preference(self, owner: Obj) -> None:
        own = owner["metadata"]
        patch = {"metadata": {"annotations": {NEXT_POD_PREFERS: None}}}
        try:
            self.env.client.patch(self.resource, own["namespace"], own["name"], patch, uid=own["uid"])
        except NotFound:
            return

    def _related(self, owner: Obj) -> list[Obj]:
        """The active pods of all sets that share this one's controller (one Deployment's)."""
        ref = meta.controller_of(owner)
        sets = pod_of.owned_by(self.sets, ref["uid"]) if ref else [owner]
        return [
            pod for each in sets for pod in pod_of.owned_by(self.pods, each["metadata"]["uid"]) if pod_of.is_active(pod)
        ]

    def _report(self, owner: Obj, new: Obj) -> None:
        if new == (owner.get("status") or {}):
            return
        fresh = self.sets.by_key(key_of(owner))
        if fresh is None or fresh["metadata"]["uid"] != owner["metadata"]["uid"]:
            return
        try:
            self.env.client.update_status(self.resource, draft(fresh, status=new))
        except NotFound:
            return

    def _wake_for_availability(self, key: str, owner: Obj, active: list[Obj], now: int) -> None:
        min_ready = owner["spec"].get("minReadySeconds", 0)
        if not min_ready:
            return
        times = [t for p in active if (t := pod_of.available_at(p, min_ready)) is not None and t > now]
        if times:
            self.queue.add_at(key, min(times))


class ReplicationControllerController(ReplicaSetController):
    """`replicationcontrollers`: the same loop for the older kind, whose selector is a plain map."""

    name: ClassVar[str] = "replicationcontroller-controller"
    user: ClassVar[UserInfo] = controller_user("replication-controller")
    resource: ClassVar[str] = "replicationcontrollers"
    kind: ClassVar[str] = "ReplicationController"
    recorder: ClassVar[str] = "replication-controller"
    counts_terminating: ClassVar[bool] = False

    def selector(self, owner: Obj) -> LabelSelector:
        return from_map(owner["spec"].get("selector"))


def _same_meta(old: Obj, new: Obj) -> bool:
    before, after = old["metadata"], new["metadata"]
    return all(before.get(k) == after.get(k) for k in ("labels", "annotations", "ownerReferences", "deletionTimestamp"))
