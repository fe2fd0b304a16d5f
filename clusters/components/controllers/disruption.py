"""PodDisruptionBudgets: how many of a workload's pods may be evicted now.

Models: kube-controller-manager, disruption/disruption.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.shared import conditions, percent
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.kinds import Kinds
from clusters.components.controllers.shared.objects import draft
from clusters.components.controllers.shared.telling import Once
from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery import meta
from clusters.machinery.errors import NotFound
from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj, UserInfo

BUDGETS = "poddisruptionbudgets.policy"
DELETION_TIMEOUT = 2 * 60 * SECOND
"""An evicted pod that is still there after that long was not deleted, so it counts again."""
_OWNERS = ("replicasets.apps", "statefulsets.apps", "replicationcontrollers", "deployments.apps")


class CannotCount(Exception):
    """The number of pods that should run is not known."""


class DisruptionController(Controller):
    """Keys are PodDisruptionBudgets."""

    name: ClassVar[str] = "disruption-controller"
    user: ClassVar[UserInfo] = controller_user("disruption-controller")

    def setup(self) -> None:
        informers = self.env.informers
        self.budgets, self.pods = informers[BUDGETS], informers["pods"]
        self.kinds = Kinds(informers)
        self.events = self.env.events("controllermanager", "")
        self.states = Once(self.events, informers["events"])
        self.budgets.add_index("namespace", lambda budget: (budget["metadata"]["namespace"],))
        self.budgets.on_change(self._budget_changed)
        self.pods.on_change(self._pod_changed)
        for resource in _OWNERS:
            informers[resource].on_change(self._owner_changed)

    def _budget_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.queue.add(key_of(new))

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        pod = new or old
        assert pod is not None
        for budget in self.budgets.by_index("namespace", pod["metadata"]["namespace"]):
            selector = from_label_selector(budget["spec"].get("selector"))
            if any(o is not None and selector.matches(o["metadata"].get("labels")) for o in (old, new)):
                self.queue.add(key_of(budget))

    def _owner_changed(self, old: Obj | None, new: Obj | None) -> None:
        """A workload was scaled: its pods' budgets expect another number."""
        if old is None or new is None or old["spec"].get("replicas") == new["spec"].get("replicas"):
            return
        for budget in self.budgets.by_index("namespace", new["metadata"]["namespace"]):
            self.queue.add(key_of(budget))

    def sync(self, key: str) -> None:
        budget = self.budgets.by_key(key)
        if budget is None or meta.deleting(budget):
            return
        selector = from_label_selector(budget["spec"].get("selector"))
        pods = [
            p
            for p in self.pods.list(budget["metadata"]["namespace"])
            if selector.matches(p["metadata"].get("labels")) and not pod_of.is_terminal(p)
        ]
        if not pods:
            self.states.event(budget, "Normal", "NoPods", "No matching pods found")
        try:
            expected, desired = self._expected(budget, pods)
        except CannotCount as error:
            text = f"Failed to calculate the number of expected pods: {error}"
            self.states.event(budget, "Warning", "CalculateExpectedPodCountFailed", text)
            self._fail_safe(budget, str(error))
            return
        now = self.env.clock.now()
        disrupted = self._disrupted(budget, pods, key, now)
        healthy = sum(
            pod_of.is_ready(p) and "deletionTimestamp" not in p["metadata"] and p["metadata"]["name"] not in disrupted
            for p in pods
        )
        allowed = max(healthy - desired, 0) if expected > 0 else 0
        self._report(
            budget,
            {
                "disruptionsAllowed": allowed,
                "currentHealthy": healthy,
                "desiredHealthy": desired,
                "expectedPods": expected,
            },
            disrupted,
        )

    # how many should run

    def _expected(self, budget: Obj, pods: Sequence[Obj]) -> tuple[int, int]:
        """(expected pods, how many of them must stay healthy)."""
        spec = budget["spec"]
        if spec.get("maxUnavailable") is not None:
            expected = self._scale(pods)
            most = percent.scaled(spec["maxUnavailable"], expected, round_up=True)
            return expected, max(expected - most, 0)
        least = spec.get("minAvailable")
        if least is None:
            return 0, 0
        if isinstance(least, int):
            return len(pods), least
        expected = self._scale(pods)
        return expected, percent.scaled(least, expected, round_up=True)

    def _scale(self, pods: Sequence[Obj]) -> int:
        """The sum of `spec.replicas` of the workloads that own the pods."""
        sizes: dict[str, int] = {}
        for pod in pods:
            ref = meta.controller_of(pod)
            if ref is None:
                raise CannotCount(f"found no controllers for pod {pod['metadata']['name']!r}".replace("'", '"'))
            uid, size = self._top(pod["metadata"]["namespace"], ref)
            sizes[uid] = size
        return sum(sizes.values())

    def _top(self, namespace: str, ref: dict[str, Any]) -> tuple[str, int]:
        resource = self.kinds.of_kind(ref["apiVersion"], ref["kind"])
        owner = self.env.informers[resource].get(namespace, ref["name"]) if resource else None
        if owner is None or owner["metadata"]["uid"] != ref["uid"]:
            raise CannotCount(f'found no controller "{ref["name"]}" of kind {ref["kind"]}')
        above = meta.controller_of(owner)
        if ref["kind"] == "ReplicaSet" and above is not None and above["kind"] == "Deployment":
            return self._top(namespace, above)
        replicas = owner.get("spec", {}).get("replicas")
        if replicas is None:
            group = ref["apiVersion"].rpartition("/")[0]
            name = (resource or "").partition(".")[0]
            raise CannotCount(f"{name}.{group} does not implement the scale subresource")
        return owner["metadata"]["uid"], int(replicas)

    # what was evicted

    def _disrupted(self, budget: Obj, pods: Sequence[Obj], key: str, now: int) -> dict[str, str]:
        """Evictions that are under way: granted, but the pod is not marked as deleted yet."""
        noted: dict[str, str] = (budget.get("status") or {}).get("disruptedPods") or {}
        alive = {p["metadata"]["name"] for p in pods if "deletionTimestamp" not in p["metadata"]}
        kept: dict[str, str] = {}
        for name, since in noted.items():
            if name not in alive:
                continue
            due = pod_of.when(since) + DELETION_TIMEOUT
            if now < due:
                kept[name] = since
                self.queue.add_at(key, due)
            else:
                pod = self.pods.get(budget["metadata"]["namespace"], name)
                if pod is not None:
                    text = f"Pod was expected by PDB {key} to be deleted but it wasn't"
                    self.events.event(pod, "Warning", "NotDeleted", text)
        return kept

    # status

    def _report(self, budget: Obj, numbers: dict[str, int], disrupted: dict[str, str]) -> None:
        old = budget.get("status") or {}
        enough = numbers["disruptionsAllowed"] > 0
        condition = {
            "type": "DisruptionAllowed",
            "status": "True" if enough else "False",
            "observedGeneration": budget["metadata"].get("generation", 0),
            "lastTransitionTime": rfc3339(self.env.clock.now()),
            "reason": "SufficientPods" if enough else "InsufficientPods",
            "message": "",
        }
        self._write(budget, old, numbers, disrupted, condition)

    def _fail_safe(self, budget: Obj, why: str) -> None:
        """Nothing may be evicted while the number is not known."""
        old = budget.get("status") or {}
        kept = ("currentHealthy", "desiredHealthy", "expectedPods")
        numbers = {"disruptionsAllowed": 0, **{k: int(old.get(k, 0)) for k in kept}}
        condition = {
            "type": "DisruptionAllowed",
            "status": "False",
            "observedGeneration": budget["metadata"].get("generation", 0),
            "lastTransitionTime": rfc3339(self.env.clock.now()),
            "reason": "SyncFailed",
            "message": why,
        }
        self._write(budget, old, numbers, old.get("disruptedPods") or {}, condition)

    def _write(
        self,
        budget: Obj,
        old: dict[str, Any],
        numbers: dict[str, int],
        disrupted: dict[str, str],
        condition: dict[str, Any],
    ) -> None:
        new: dict[str, Any] = {"observedGeneration": budget["metadata"].get("generation", 0)}
        if disrupted:
            new["disruptedPods"] = disrupted
        new |= numbers
        new["conditions"] = conditions.put(old.get("conditions"), condition)
        if new == old:
            return
        try:
            self.env.client.update_status(BUDGETS, draft(budget, status=new))
        except NotFound:
            return
