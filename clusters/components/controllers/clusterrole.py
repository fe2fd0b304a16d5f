"""Aggregated ClusterRoles: their rules are those of all roles that their selectors find.

So a role labelled `rbac.authorization.k8s.io/aggregate-to-edit` widens `edit`, as definitions of custom resources
do. Models: kube-controller-manager, clusterroleaggregation/clusterroleaggregation_controller.go.
"""

from __future__ import annotations

from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.shared.objects import draft
from clusters.machinery.errors import NotFound
from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj, UserInfo

ROLES = "clusterroles.rbac.authorization.k8s.io"


class ClusterRoleAggregationController(Controller):
    """Keys are ClusterRoles that have an aggregation rule."""

    name: ClassVar[str] = "clusterrole-aggregation-controller"
    user: ClassVar[UserInfo] = controller_user("clusterrole-aggregation-controller")

    def setup(self) -> None:
        self.roles = self.env.informers[ROLES]
        self.roles.on_change(self._changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        """Any role may be part of any aggregate, and each of them may be part of the next."""
        if old is not None and new is not None and _relevant(old) == _relevant(new):
            return
        for role in self.roles.list():
            if role.get("aggregationRule") is not None:
                self.queue.add(key_of(role))

    def sync(self, key: str) -> None:
        role = self.roles.by_key(key)
        if role is None or role.get("aggregationRule") is None:
            return
        rules = self._aggregated(role)
        if rules == (role.get("rules") or []):
            return
        try:
            self.env.client.update(ROLES, draft(role, rules=rules))
        except NotFound:
            return

    def _aggregated(self, role: Obj) -> list[dict[str, Any]]:
        """The rules of the roles that each selector finds, by their names, without repetitions."""
        rules: list[dict[str, Any]] = []
        others = sorted(self.roles.list(), key=lambda other: str(other["metadata"]["name"]))
        for each in role["aggregationRule"].get("clusterRoleSelectors") or ():
            selector = from_label_selector(each)
            for other in others:
                meta = other["metadata"]
                if meta["name"] == role["metadata"]["name"] or not selector.matches(meta.get("labels")):
                    continue
                rules.extend(rule for rule in other.get("rules") or () if rule not in rules)
        return rules


def _relevant(role: Obj) -> tuple[Any, ...]:
    return role.get("rules"), role.get("aggregationRule"), role["metadata"].get("labels")
