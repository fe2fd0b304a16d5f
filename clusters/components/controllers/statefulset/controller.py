"""One sync of a StatefulSet: make, heal, shrink and update its pods, one ordinal at a time or all at once.

Models: kube-controller-manager, statefulset/stateful_set.go and stateful_set_control.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.shared import percent
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.claims import claim
from clusters.components.controllers.shared.history import REVISIONS, Revisions, applied, name_of
from clusters.components.controllers.shared.objects import draft
from clusters.components.controllers.shared.podcontrol import is_namespace_terminating
from clusters.components.controllers.statefulset import identity, status
from clusters.machinery import meta
from clusters.machinery.errors import AlreadyExists, ApiError, NotFound
from clusters.machinery.selectors import LabelSelector, from_label_selector
from clusters.machinery.types import Obj, UserInfo

STATEFULSETS = "statefulsets.apps"
CLAIMS = "persistentvolumeclaims"


class StatefulSetController(Controller):
    """`statefulsets.apps`."""

    name: ClassVar[str] = "statefulset-controller"
    user: ClassVar[UserInfo] = controller_user("statefulset-controller")

    def setup(self) -> None:
        informers = self.env.informers
        self.sets, self.pods, self.claims = informers[STATEFULSETS], informers["pods"], informers[CLAIMS]
        self.events = self.env.events("statefulset-controller", "")
        self.revisions = Revisions(self.env.client, informers[REVISIONS])
        pod_of.index_by_controller(self.pods)
        self.sets.add_index("uid", lambda obj: (obj["metadata"]["uid"],))
        self.sets.on_change(self._set_changed)
        self.pods.on_change(self._pod_changed)

    def _set_changed(self, old: Obj | None, new: Obj | None) -> None:
        changed = new or old
        assert changed is not None
        self.queue.add(key_of(changed))

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        before, after = meta.controller_of(old) if old else None, meta.controller_of(new) if new else None
        for ref in (before, after):
            if ref is not None:
                for owner in self.sets.by_index("uid", ref["uid"]):
                    self.queue.add(key_of(owner))
        if new is not None and after is None and "deletionTimestamp" not in new["metadata"]:
            labels = new["metadata"].get("labels")
            for owner in self.sets.list(new["metadata"]["namespace"]) if labels else ():
                if _selector(owner).matches(labels):
                    self.queue.add(key_of(owner))

    def sync(self, key: str) -> None:
        owner = self.sets.by_key(key)
        if owner is None:
            return
        selector = _selector(owner)
        own = owner["metadata"]
        candidates = pod_of.owned_by(self.pods, own["uid"]) + pod_of.orphans(self.pods, own["namespace"])
        pods = claim(
            self.env.client, "pods", owner, selector, candidates, may_adopt=lambda pod: identity.is_member(owner, pod)
        )
        revisions = self.revisions.of(owner, selector)
        old = owner.get("status") or {}
        update, collisions = self.revisions.current(owner, revisions, int(old.get("collisionCount", 0)))
        current = next((r for r in revisions if name_of(r) == old.get("currentRevision")), update)
        failure: ApiError | None = None
        if not meta.deleting(owner):
            try:
                _Round(self, owner, pods, current, update).run()
            except ApiError as error:
                failure = error
        mine = [p for p in pod_of.owned_by(self.pods, own["uid"]) if identity.is_member(owner, p)]
        now = self.env.clock.now()
        new = status.calculate(
            owner, mine, current=name_of(current), update=name_of(update), collisions=collisions, now=now
        )
        self._report(owner, new)
        live = {name_of(current), name_of(update), *(identity.revision_of(p) for p in mine)}
        self.revisions.truncate(owner, revisions, live)
        if failure is not None and not is_namespace_terminating(failure):
            raise failure
        self._wake_for_availability(key, owner, mine, now)

    def _report(self, owner: Obj, new: Obj) -> None:
        if new == (owner.get("status") or {}):
            return
        fresh = self.sets.by_key(key_of(owner))
        if fresh is None or fresh["metadata"]["uid"] != owner["metadata"]["uid"]:
            return
        self.env.client.update_status(STATEFULSETS, draft(fresh, status=new))

    def _wake_for_availability(self, key: str, owner: Obj, pods: Sequence[Obj], now: int) -> None:
        min_ready = owner["spec"].get("minReadySeconds", 0)
        times = [t for p in pods if (t := pod_of.available_at(p, min_ready)) is not None and t > now]
        if times:
            self.queue.add_at(key, min(times))

    # writes

    def create_pod(self, owner: Obj, pod: Obj) -> None:
        name, set_name = pod["metadata"]["name"], owner["metadata"]["name"]
        self.create_claims(owner, pod)
        try:
            self.env.client.create("pods", owner["metadata"]["namespace"], pod)
        except AlreadyExists:
            raise
        except ApiError as error:
            if not is_namespace_terminating(error):
                text = f"create Pod {name} in StatefulSet {set_name} failed error: {error.message}"
                self.events.event(owner, "Warning", "FailedCreate", text)
            raise
        self.events.event(
            owner, "Normal", "SuccessfulCreate", f"create Pod {name} in StatefulSet {set_name} successful"
        )

    def create_claims(self, owner: Obj, pod: Obj) -> None:
        namespace, number = owner["metadata"]["namespace"], identity.ordinal(pod)
        for template in identity.claim_templates(owner):
            wanted = identity.new_claim(owner, template, number)
            name = wanted["metadata"]["name"]
            if self.claims.get(namespace, name) is not None:
                continue
            place = f"Claim {name} Pod {pod['metadata']['name']} in StatefulSet {owner['metadata']['name']}"
            try:
                self.env.client.create(CLAIMS, namespace, wanted)
            except ApiError as error:
                text = f"create {place} failed error: {error.message}"
                self.events.event(owner, "Warning", "FailedCreate", text)
                raise
            self.events.event(owner, "Normal", "SuccessfulCreate", f"create {place} success")

    def delete_pod(self, owner: Obj, pod: Obj) -> None:
        own = pod["metadata"]
        place = f"delete Pod {own['name']} in StatefulSet {owner['metadata']['name']}"
        try:
            self.env.client.delete("pods", own["namespace"], own["name"], uid=own["uid"])
        except NotFound:
            return
        except ApiError as error:
            self.events.event(owner, "Warning", "FailedDelete", f"{place} failed error: {error.message}")
            raise
        self.events.event(owner, "Normal", "SuccessfulDelete", f"{place} successful")

    def own_claims(self, owner: Obj, pod: Obj, *, condemned: bool) -> None:
        """Have a pod's claims belong to whom the retention policy says: nobody, the set, or the pod that goes."""
        namespace = pod["metadata"]["namespace"]
        for template in identity.claim_templates(owner):
            name = identity.claim_name(owner, template, identity.ordinal(pod))
            stored = self.claims.get(namespace, name)
            if stored is None:
                continue
            owners = identity.claim_owners(owner, pod, stored, condemned=condemned)
            if owners is not None:
                patch = {"metadata": {"ownerReferences": owners or None}}
                self.env.client.patch(CLAIMS, namespace, name, patch)

    def repair(self, owner: Obj, pod: Obj) -> None:
        """Give a pod back the labels of its identity."""
        labels = {identity.POD_NAME: pod["metadata"]["name"], identity.POD_INDEX: str(identity.ordinal(pod))}
        own = pod["metadata"]
        self.env.client.patch("pods", own["namespace"], own["name"], {"metadata": {"labels": labels}}, uid=own["uid"])


class _Round:
    """The pods of one sync, and what is to be done about them."""

    def __init__(
        self, controller: StatefulSetController, owner: Obj, pods: Sequence[Obj], current: Obj, update: Obj
    ) -> None:
        self.controller = controller
        self.owner = owner
        self.current, self.update = current, update
        spec = owner["spec"]
        self.first = identity.start(owner)
        self.count = int(spec.get("replicas", 1))
        self.ordered = spec.get("podManagementPolicy", "OrderedReady") != "Parallel"
        self.min_ready = int(spec.get("minReadySeconds", 0))
        self.now = controller.env.clock.now()
        inside = range(self.first, self.first + self.count)
        self.replicas = {identity.ordinal(p): p for p in pods if identity.ordinal(p) in inside}
        self.condemned = sorted(
            (p for p in pods if identity.ordinal(p) not in inside and identity.ordinal(p) >= 0),
            key=identity.ordinal,
            reverse=True,
        )

    def run(self) -> None:
        for number in range(self.first, self.first + self.count):
            if self._replica(number) and self.ordered:
                return
        for pod in self.condemned:
            self.controller.own_claims(self.owner, pod, condemned=True)
        for pod in self.condemned:
            if self._condemn(pod) and self.ordered:
                return
        if (self.owner["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") != "OnDelete":
            self._roll()

    def _healthy(self, pod: Obj) -> bool:
        return (
            "deletionTimestamp" not in pod["metadata"]
            and status.is_running_and_ready(pod)
            and pod_of.is_available(pod, self.min_ready, self.now)
        )

    def _replica(self, number: int) -> bool:
        """Bring one ordinal on; True if an ordered set must wait here."""
        pod = self.replicas.get(number)
        if pod is not None and pod_of.is_terminal(pod):
            if "deletionTimestamp" not in pod["metadata"]:
                self.controller.delete_pod(self.owner, pod)
            return True
        if pod is None:
            self.controller.create_pod(self.owner, self._new(number))
            return True
        if "deletionTimestamp" in pod["metadata"] or not self._healthy(pod):
            if pod_of.phase(pod) == "Pending":
                self.controller.create_claims(self.owner, pod)
            return True
        if not identity.has_identity(self.owner, pod):
            self.controller.repair(self.owner, pod)
        self.controller.own_claims(self.owner, pod, condemned=False)
        return False

    def _new(self, number: int) -> Obj:
        revision = self.current if self._wants_current(number) else self.update
        return identity.new_pod(applied(self.owner, revision), number, name_of(revision))

    def _wants_current(self, number: int) -> bool:
        """Below the partition, and where no rolling update has got to yet, a pod is made as it was."""
        strategy = self.owner["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return False
        rolling = strategy.get("rollingUpdate")
        if rolling is None:
            return number < self.first + int((self.owner.get("status") or {}).get("currentReplicas", 0))
        return number < self.first + int(rolling.get("partition", 0))

    def _condemn(self, pod: Obj) -> bool:
        if "deletionTimestamp" in pod["metadata"]:
            return True
        if self.ordered and not self._healthy(pod) and pod is not self._first_unhealthy():
            return True
        self.controller.delete_pod(self.owner, pod)
        return True

    def _first_unhealthy(self) -> Obj | None:
        everything = [*self.replicas.values(), *self.condemned]
        bad = [p for p in everything if not self._healthy(p)]
        return min(bad, key=identity.ordinal, default=None)

    def _roll(self) -> None:
        """Replace pods of other revisions from the highest ordinal down, within what may be unavailable."""
        rolling = (self.owner["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        lowest = self.first + int(rolling.get("partition", 0))
        allowed = max(percent.scaled(rolling.get("maxUnavailable", 1), self.count, round_up=True), 1)
        unavailable = sum(not self._healthy(p) for n, p in self.replicas.items() if n >= lowest)
        for number in sorted(self.replicas, reverse=True):
            if number < lowest:
                return
            pod = self.replicas[number]
            if identity.revision_of(pod) == name_of(self.update):
                if not self._healthy(pod) and allowed == 1:
                    return
                continue
            if "deletionTimestamp" in pod["metadata"]:
                if allowed == 1:
                    return
                continue
            if self._healthy(pod):
                if unavailable >= allowed:
                    return
                unavailable += 1
            self.controller.delete_pod(self.owner, pod)
            if allowed == 1:
                return


def _selector(owner: Obj) -> LabelSelector:
    return from_label_selector(owner["spec"].get("selector"))
