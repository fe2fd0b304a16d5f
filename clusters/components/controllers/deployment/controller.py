"""One sync of a Deployment: which of scaling, pausing, rolling or reporting is next.

Reads ReplicaSets, and Pods only for Recreate, so its cost does not grow with the number of pods.
Models: kube-controller-manager, deployment/deployment_controller.go, sync.go and recreate.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.deployment import progress, replicas, rolling
from clusters.components.controllers.deployment.history import DEPLOYMENTS, REPLICASETS, History
from clusters.components.controllers.deployment.scaling import Scaler
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.claims import claim
from clusters.components.controllers.shared.objects import draft
from clusters.components.controllers.shared.telling import Once
from clusters.kernel.clock import SECOND
from clusters.machinery import meta
from clusters.machinery.selectors import LabelSelector, from_label_selector
from clusters.machinery.types import Obj, UserInfo


class DeploymentController(Controller):
    """`deployments.apps`."""

    name: ClassVar[str] = "deployment-controller"
    user: ClassVar[UserInfo] = controller_user("deployment-controller")

    def setup(self) -> None:
        informers = self.env.informers
        self.deployments, self.sets, self.pods = (
            informers[DEPLOYMENTS],
            informers[REPLICASETS],
            informers["pods"],
        )
        self.events = self.env.events("deployment-controller", "")
        self.history = History(self.env.client, self.events, self.env.clock)
        self.scaler = Scaler(self.env.client, self.events)
        pod_of.index_by_controller(self.sets)
        pod_of.index_by_controller(self.pods)
        self.deployments.add_index("uid", lambda obj: (obj["metadata"]["uid"],))
        self.deployments.on_change(self._deployment_changed)
        self.sets.on_change(self._set_changed)
        self.pods.on_change(self._pod_changed)

    # what changes concern which key

    def _deployment_changed(self, old: Obj | None, new: Obj | None) -> None:
        changed = new or old
        assert changed is not None
        self.queue.add(key_of(changed))

    def _set_changed(self, old: Obj | None, new: Obj | None) -> None:
        before, after = meta.controller_of(old) if old else None, meta.controller_of(new) if new else None
        if before is not None and (after is None or after["uid"] != before["uid"]):
            self._enqueue(before["uid"])
        if after is not None:
            self._enqueue(after["uid"])
        elif new is not None and "deletionTimestamp" not in new["metadata"]:
            labels = new["metadata"].get("labels")
            if labels and (old is None or before is not None or labels != old["metadata"].get("labels")):
                for deployment in self.deployments.list(new["metadata"]["namespace"]):
                    selector = _selector(deployment)
                    if not selector.empty and selector.matches(labels):
                        self.queue.add(key_of(deployment))

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        """Recreate waits for the last old pod to go."""
        if old is None or (new is not None and pod_of.is_terminal(new) == pod_of.is_terminal(old)):
            return
        ref = meta.controller_of(old)
        if ref is None or ref["kind"] != "ReplicaSet":
            return
        rs = self.sets.get(old["metadata"]["namespace"], ref["name"])
        owner = meta.controller_of(rs) if rs is not None else None
        if owner is None:
            return
        for deployment in self.deployments.by_index("uid", owner["uid"]):
            if not replicas.is_rolling(deployment):
                self.queue.add(key_of(deployment))

    def _enqueue(self, uid: str) -> None:
        for deployment in self.deployments.by_index("uid", uid):
            self.queue.add(key_of(deployment))

    # sync

    def sync(self, key: str) -> None:
        deployment = self.deployments.by_key(key)
        if deployment is None:
            return
        selector = _selector(deployment)
        if selector.empty:
            self._refuse(deployment)
            return
        own = deployment["metadata"]
        candidates = pod_of.owned_by(self.sets, own["uid"]) + pod_of.orphans(self.sets, own["namespace"])
        sets = claim(self.env.client, REPLICASETS, deployment, selector, candidates)
        if meta.deleting(deployment):
            self._status_only(deployment, sets)
            return
        deployment = self._note_pause(deployment)
        if deployment["spec"].get("paused"):
            self._scale(deployment, sets)
        elif replicas.annotation_number(deployment, replicas.ROLLBACK_TO) is not None:
            self.history.roll_back(deployment, sets)
        elif self._was_scaled(deployment, sets):
            self._scale(deployment, sets)
        elif replicas.is_rolling(deployment):
            self._roll(deployment, sets)
        else:
            self._recreate(deployment, sets)

    def _refuse(self, deployment: Obj) -> None:
        text = "This deployment is selecting all pods. A non-empty selector is required."
        Once(self.events, self.env.informers["events"]).event(deployment, "Warning", "SelectingAll", text)
        status = deployment.get("status") or {}
        generation = deployment["metadata"].get("generation", 0)
        if status.get("observedGeneration", 0) < generation:
            self._write(deployment, {**status, "observedGeneration": generation})

    def _note_pause(self, deployment: Obj) -> Obj:
        if not progress.has_deadline(deployment):
            return deployment
        current = progress.condition(deployment, "Progressing")
        if current is not None and current["reason"] == progress.TIMED_OUT:
            return deployment
        noted = current is not None and current["reason"] == progress.PAUSED
        paused = bool(deployment["spec"].get("paused"))
        if paused == noted:
            return deployment
        words = (progress.PAUSED, "Deployment is paused") if paused else ("DeploymentResumed", "Deployment is resumed")
        changed = progress.with_condition(deployment, self.env.clock.now(), "Unknown", *words)
        return self.env.client.update_status(DEPLOYMENTS, draft(changed))

    def _was_scaled(self, deployment: Obj, sets: Sequence[Obj]) -> bool:
        """The size changed since the active sets were last resized."""
        desired = replicas.wanted(deployment)
        noted = (replicas.annotation_number(rs, replicas.DESIRED) for rs in replicas.active(sets))
        return any(number is not None and number != desired for number in noted)

    def _scale(self, deployment: Obj, sets: Sequence[Obj]) -> None:
        deployment, new, old = self.history.sync_revision(deployment, sets, create=False)
        self.scaler.follow(deployment, new, old)
        if deployment["spec"].get("paused"):
            self.history.clean_up(deployment, old)
        self._report(deployment, self._current(old, new), new)

    def _status_only(self, deployment: Obj, sets: Sequence[Obj]) -> None:
        deployment, new, old = self.history.sync_revision(deployment, sets, create=False)
        self._report(deployment, self._current(old, new), new)

    def _roll(self, deployment: Obj, sets: Sequence[Obj]) -> None:
        deployment, new, old = self.history.sync_revision(deployment, sets, create=True)
        if new is None:
            return
        moved = rolling.step(self.scaler, deployment, new, old)
        self._finish(deployment, new, old, moved=moved)

    def _recreate(self, deployment: Obj, sets: Sequence[Obj]) -> None:
        deployment, new, old = self.history.sync_revision(deployment, sets, create=False)
        moved = False
        for rs in replicas.active(old):
            moved = self.scaler.resize(rs, 0, deployment)[0] or moved
        if moved or self._old_pods_run(old):
            self._finish(deployment, new, old, moved=True)
            return
        if new is None:
            deployment, new, old = self.history.sync_revision(deployment, sets, create=True)
            if new is None:
                return
        self.scaler.resize(new, replicas.wanted(deployment), deployment)
        self._finish(deployment, new, old, moved=False)

    def _old_pods_run(self, old: Sequence[Obj]) -> bool:
        if replicas.total(old, "replicas") > 0:
            return True
        return any(
            not pod_of.is_terminal(pod) for rs in old for pod in pod_of.owned_by(self.pods, rs["metadata"]["uid"])
        )

    def _finish(self, deployment: Obj, new: Obj | None, old: Sequence[Obj], *, moved: bool) -> None:
        if not moved and progress.is_complete(deployment, deployment.get("status") or {}):
            self.history.clean_up(deployment, old)
        sets = self._current(old, new)
        now = self.env.clock.now()
        fresh_new = next((rs for rs in sets if new and rs["metadata"]["uid"] == new["metadata"]["uid"]), new)
        status = progress.roll_out_status(deployment, sets, fresh_new, now)
        if status == deployment.get("status"):
            self._watch_deadline(deployment, status)
        else:
            self._write(deployment, status)

    def _report(self, deployment: Obj, sets: Sequence[Obj], new: Obj | None) -> None:
        status = progress.calculate(deployment, sets, new, self.env.clock.now())
        if status != deployment.get("status"):
            self._write(deployment, status)

    def _write(self, deployment: Obj, status: dict[str, Any]) -> None:
        self.env.client.update_status(DEPLOYMENTS, draft(deployment, status=status))

    def _current(self, old: Sequence[Obj], new: Obj | None) -> list[Obj]:
        """The sets as they are after this sync's own writes."""
        out: list[Obj] = []
        for rs in [*old, *([new] if new is not None else [])]:
            fresh = self.sets.by_key(key_of(rs))
            out.append(fresh if fresh is not None else rs)
        return out

    def _watch_deadline(self, deployment: Obj, status: dict[str, Any]) -> None:
        current = progress.condition(deployment, "Progressing")
        if current is None or current["reason"] in (progress.TIMED_OUT, progress.COMPLETE):
            # A rollout that was complete once cannot time out any more, however long ago its deadline was.
            return
        due = progress.deadline_at(deployment, status)
        if due is None or progress.is_complete(deployment, status):
            return
        self.queue.add_at(key_of(deployment), due + SECOND, background=True)


def _selector(deployment: Obj) -> LabelSelector:
    return from_label_selector(deployment["spec"].get("selector"))
