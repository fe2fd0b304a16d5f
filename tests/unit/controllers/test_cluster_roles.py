"""ClusterRoles made of others."""

from __future__ import annotations

from typing import Any

from clusters.components.controllers.clusterrole import ROLES, ClusterRoleAggregationController
from tests.support.cluster import Cluster

RULE = {"apiGroups": ["example.com"], "resources": ["widgets"], "verbs": ["get", "list"]}


def role(name: str, labels: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, **({"labels": labels} if labels else {})},
        **fields,
    }


def new_cluster() -> Cluster:
    return Cluster(components=(ClusterRoleAggregationController,))


def test_the_roles_of_a_new_cluster_are_complete_already():
    cluster = new_cluster()
    assert ClusterRoleAggregationController.user.name not in {actor for _, _, _, actor, _, _ in cluster.log()}


def test_a_label_widens_the_roles_that_users_get():
    cluster = new_cluster()
    cluster.create(ROLES, role("widgets", {"rbac.authorization.k8s.io/aggregate-to-view": "true"}, rules=[RULE]))
    cluster.run_until_idle()
    for name in ("view", "edit", "admin"):
        assert RULE in cluster.get(ROLES, "", name)["rules"], name
    assert RULE not in (cluster.get(ROLES, "", "system:aggregate-to-view")["rules"])
    cluster.delete(ROLES, "", "widgets")
    cluster.run_until_idle()
    for name in ("view", "edit", "admin"):
        assert RULE not in cluster.get(ROLES, "", name)["rules"], name


def test_selectors_are_followed_in_order_and_rules_taken_once():
    cluster = new_cluster()
    second = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    cluster.create(ROLES, role("b", {"part": "one"}, rules=[RULE]))
    cluster.create(ROLES, role("a", {"part": "one"}, rules=[second]))
    cluster.create(ROLES, role("c", {"part": "two"}, rules=[RULE]))
    selectors = [{"matchLabels": {"part": "two"}}, {"matchExpressions": [{"key": "part", "operator": "Exists"}]}]
    whole = role("whole", {"part": "whole"}, aggregationRule={"clusterRoleSelectors": selectors}, rules=[second])
    cluster.create(ROLES, whole)
    cluster.run_until_idle()
    assert cluster.get(ROLES, "", "whole")["rules"] == [RULE, second]
