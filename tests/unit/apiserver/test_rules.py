"""RBAC rules: what they match and cover."""

from __future__ import annotations

import pytest

from clusters.apiserver.authz.attributes import Attributes
from clusters.apiserver.authz.bootstrap import aggregated_rules, bootstrap_objects, parse_rule
from clusters.apiserver.authz.rules import allows, compact, show, uncovered
from clusters.machinery.types import UserInfo

USER = UserInfo("jane")


def asks(verb: str, resource: str, *, group: str = "", name: str = "") -> Attributes:
    resource, _, subresource = resource.partition("/")
    return Attributes(USER, verb, group, "v1", resource, subresource, "ns", name)


@pytest.mark.parametrize(
    ("rule", "attrs", "allowed"),
    [
        ("get core pods", asks("get", "pods"), True),
        ("get core pods", asks("list", "pods"), False),
        ("get core pods", asks("get", "pods/log"), False),
        ("get core pods/log", asks("get", "pods/log"), True),
        ("* core *", asks("get", "pods/log"), True),
        ("* apps */scale", asks("update", "deployments/scale", group="apps"), True),
        ("* apps */scale", asks("update", "deployments", group="apps"), False),
        ("get apps deployments", asks("get", "deployments"), False),
        ("get * *", asks("get", "widgets", group="example.com"), True),
        ("get core configmaps a,b", asks("get", "configmaps", name="a"), True),
        ("get core configmaps a,b", asks("get", "configmaps", name="c"), False),
        ("list core configmaps a,b", asks("list", "configmaps"), False),
    ],
)
def test_a_rule_allows(rule, attrs, allowed):
    assert allows(parse_rule(rule), attrs) is allowed


@pytest.mark.parametrize(
    ("rule", "path", "allowed"),
    [
        ("get url /metrics", "/metrics", True),
        ("get url /metrics", "/metrics/x", False),
        ("get url /x/*", "/x/y/z", True),
        ("get url /x/*", "/x", False),
        ("get url *", "/anything", True),
    ],
)
def test_a_url_rule_allows(rule, path, allowed):
    assert allows(parse_rule(rule), Attributes(USER, "get", path=path)) is allowed


@pytest.mark.parametrize(
    ("owned", "wanted", "lacking"),
    [
        (["get,list core pods,secrets"], ["get core secrets"], []),
        (["get core pods"], ["get,list core pods"], ["list core pods"]),
        (["* * *"], ["escalate rbac.authorization.k8s.io roles"], []),
        (["get core secrets a"], ["get core secrets"], ["get core secrets"]),
        (["get core secrets"], ["get core secrets a"], []),
        (["get core secrets a"], ["get core secrets a,b"], ["get core secrets b"]),
        (["get * */scale"], ["get apps deployments/scale"], []),
        (["get url /x/*"], ["get url /x/y,/z"], ["get url /z"]),
    ],
)
def test_uncovered_names_what_is_lacking(owned, wanted, lacking):
    found = uncovered([parse_rule(r) for r in owned], [parse_rule(r) for r in wanted])
    assert [show(r) for r in found] == [show(parse_rule(r)) for r in lacking]


def test_compact_joins_verbs_of_the_same_resource():
    rules = [parse_rule("get core pods"), parse_rule("list core pods"), parse_rule("get core pods a")]
    assert [show(r) for r in compact(rules)] == [
        '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}',
        '{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["get"]}',
    ]


def test_the_bootstrap_policy_has_each_object_once():
    seen = [(resource, namespace, obj["metadata"]["name"]) for resource, namespace, obj in bootstrap_objects()]
    assert len(seen) == len(set(seen))
    assert ("clusterroles.rbac.authorization.k8s.io", "", "cluster-admin") in seen


def test_admin_has_what_edit_has_and_edit_has_what_view_has():
    for more, less in (("admin", "edit"), ("edit", "view")):
        assert not uncovered(aggregated_rules(more), aggregated_rules(less))
    assert uncovered(aggregated_rules("view"), aggregated_rules("edit"))


def test_every_binding_of_the_bootstrap_policy_names_a_role_that_is_there():
    objects = list(bootstrap_objects())
    roles = {(o["kind"], namespace, o["metadata"]["name"]) for _, namespace, o in objects}
    for _, namespace, obj in objects:
        if "roleRef" in obj:
            ref = obj["roleRef"]
            assert (ref["kind"], namespace if ref["kind"] == "Role" else "", ref["name"]) in roles
