"""ResourceQuota status: what the objects of a namespace use, counted anew.

Admission counts up in the transaction that creates an object; here it is counted down and put right.
Models: kube-controller-manager, resourcequota/resource_quota_controller.go.
"""

from __future__ import annotations

from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.kinds import Kinds
from clusters.components.controllers.shared.objects import draft
from clusters.kernel.clock import SECOND
from clusters.machinery import quantity
from clusters.machinery.errors import NotFound
from clusters.machinery.quantity import Quantity
from clusters.machinery.types import Obj, UserInfo
from clusters.resources.core.quota_usage import covers, evaluator

QUOTAS = "resourcequotas"


class ResourceQuotaController(Controller):
    """Keys are ResourceQuotas."""

    name: ClassVar[str] = "resourcequota-controller"
    user: ClassVar[UserInfo] = controller_user("resourcequota-controller")

    def setup(self) -> None:
        self.quotas = self.env.informers[QUOTAS]
        self.kinds = Kinds(self.env.informers)
        self.quotas.add_index("namespace", lambda quota: (quota["metadata"]["namespace"],))
        self.quotas.on_change(self._quota_changed)
        self.kinds.watch_all(self._object_changed, skip=("events",))

    def _quota_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            return
        if old is None or old["spec"] != new["spec"] or not new.get("status"):
            self.queue.add(key_of(new))

    def _object_changed(self, resource: str, old: Obj | None, new: Obj | None) -> None:
        """What frees quota, or came in past admission: an object that went, a pod that ended, any update of use."""
        obj = new or old
        assert obj is not None
        namespace = obj["metadata"].get("namespace")
        if not namespace:
            return
        quotas = self.quotas.by_index("namespace", namespace)
        if not quotas or (old is not None and new is not None and not self._matters(resource, old, new)):
            return
        for quota in quotas:
            self.queue.add(key_of(quota))

    @staticmethod
    def _matters(resource: str, old: Obj, new: Obj) -> bool:
        if resource == "pods" and pod_of.is_terminal(old) != pod_of.is_terminal(new):
            return True
        if resource == "pods" and "deletionTimestamp" in new["metadata"]:
            return "deletionTimestamp" not in old["metadata"]
        return resource in ("services", "persistentvolumeclaims", "pods") and old.get("spec") != new.get("spec")

    def sync(self, key: str) -> None:
        quota = self.quotas.by_key(key)
        if quota is None:
            return
        hard = quota["spec"].get("hard") or {}
        used = {name: Quantity(0) for name in hard}
        namespace, now = quota["metadata"]["namespace"], self.env.clock.now()
        for resource in self.kinds.namespaced():
            name, _, group = resource.partition(".")
            kind = evaluator(group, name)
            if not kind.matching(hard):
                continue
            for obj in self.env.informers[resource].list(namespace):
                if covers(quota, kind, obj):
                    self._wake_at_end_of_grace(key, resource, obj, now)
                    for what, amount in kind.usage(obj, now).items():
                        if what in used:
                            used[what] = used[what] + amount
        new = {"hard": dict(hard), "used": {name: amount.canonical() for name, amount in used.items()}}
        if _same(new, quota.get("status") or {}):
            return
        try:
            self.env.client.update_status(QUOTAS, draft(quota, status=new))
        except NotFound:
            return

    def _wake_at_end_of_grace(self, key: str, resource: str, obj: Obj, now: int) -> None:
        """A pod that should be gone by then counts no more, even if nobody ends it."""
        deleted = obj["metadata"].get("deletionTimestamp") if resource == "pods" else None
        if deleted is None:
            return
        # As the evaluator counts: the grace period once more behind the time that already includes it.
        grace = int(obj["metadata"].get("deletionGracePeriodSeconds") or 0)
        due = pod_of.when(deleted) + grace * SECOND
        if due >= now:
            self.queue.add_at(key, due + 1)


def _same(new: dict[str, Any], old: dict[str, Any]) -> bool:
    if new["hard"] != old.get("hard"):
        return False
    have = old.get("used") or {}
    return have.keys() == new["used"].keys() and all(
        quantity.of(have[name]) == quantity.of(text) for name, text in new["used"].items()
    )
