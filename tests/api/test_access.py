"""Who may do what: reviews, RBAC's guards, nodes, and acting as somebody else."""

from __future__ import annotations

import pytest

RBAC = "/apis/rbac.authorization.k8s.io/v1"
AUTHZ = "/apis/authorization.k8s.io/v1"
NODE = ("system:node:n1", "system:nodes", "system:authenticated")


def role(name: str, *rules: dict[str, object], **more: object) -> dict[str, object]:
    return {"kind": "ClusterRole", "metadata": {"name": name}, "rules": list(rules), **more}


def rule(verbs: str, group: str, resources: str, names: str = "") -> dict[str, object]:
    out: dict[str, object] = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}
    return {**out, "resourceNames": names.split()} if names else out


def binding(name: str, to: str, *subjects: tuple[str, str]) -> dict[str, object]:
    return {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": to},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": k, "name": n} for k, n in subjects],
    }


def grant(api, user: str, *rules: dict[str, object]) -> None:
    api.create(f"{RBAC}/clusterroles", role(user, *rules))
    api.create(f"{RBAC}/clusterrolebindings", binding(user, user, ("User", user)))


def pod_on(api, node: str, name: str, **spec: object) -> None:
    spec = {"nodeName": node, "containers": [{"name": "c", "image": "i"}], **spec}
    api.create("/api/v1/namespaces/default/pods", {"metadata": {"name": name}, "spec": spec})


# -- reviews ---------------------------------------------------------------------------------------------------


def review(api, **attributes: object) -> tuple[int, dict[str, object]]:
    spec = {"user": "u", "resourceAttributes": {"verb": "list", "resource": "pods", **attributes}}
    return api.ask("POST", f"{AUTHZ}/subjectaccessreviews", {"spec": spec})


@pytest.mark.parametrize(
    ("selector", "field", "message"),
    [
        (
            {"rawSelector": "a", "requirements": [{"key": "a", "operator": "In", "values": ["b"]}]},
            "rawSelector",
            'Invalid value: "a": may not specified at the same time as requirements',
        ),
        (
            {},
            "requirements",
            "Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is"
            " required",
        ),
        ({"requirements": [{"operator": "Exists"}]}, "requirements[0].key", "Required value: must be specified"),
        (
            {"requirements": [{"key": "a", "operator": "In"}]},
            "requirements[0].values",
            "Required value: must be specified when `operator` is 'In' or 'NotIn'",
        ),
    ],
)
def test_a_review_with_a_senseless_field_selector_is_refused(api, selector, field, message):
    status, body = review(api, fieldSelector=selector)
    assert status == 422
    causes = [(c["field"], c["message"]) for c in body["details"]["causes"]]
    assert (f"spec.resourceAttributes.fieldSelector.{field}", message) in causes


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"labelSelector": {"rawSelector": "a=b"}}, None),
        ({"labelSelector": {"rawSelector": "a in"}}, "labelSelector ignored due to parse error"),
        (
            {
                "labelSelector": {
                    "requirements": [{"key": "a", "operator": "Later"}, {"key": "b", "operator": "Exists"}]
                }
            },
            "labelSelector partially ignored due to parse error",
        ),
        (
            {"fieldSelector": {"requirements": [{"key": "a", "operator": "Exists"}]}},
            "fieldSelector ignored due to parse error",
        ),
    ],
)
def test_a_review_tells_what_of_its_selectors_could_not_be_read(api, attributes, error):
    status, body = review(api, **attributes)
    assert status == 201
    expected = f"spec.resourceAttributes.{error}" if error else None
    assert body["status"].get("evaluationError") == expected


def test_a_review_of_a_node_heeds_the_field_selector(api):
    def allowed(node: str) -> bool:
        spec = {
            "user": NODE[0],
            "groups": [NODE[1]],
            "resourceAttributes": {
                "verb": "list",
                "resource": "pods",
                "fieldSelector": {"requirements": [{"key": "spec.nodeName", "operator": "In", "values": [node]}]},
            },
        }
        return bool(api.create(f"{AUTHZ}/subjectaccessreviews", {"spec": spec})["status"]["allowed"])

    assert allowed("n1")
    assert not allowed("n2")


def test_a_binding_counts_once_however_many_of_its_subjects_the_user_is(api):
    api.create(f"{RBAC}/clusterroles", role("r", rule("get", "", "pods")))
    api.create(f"{RBAC}/clusterrolebindings", binding("b", "r", ("Group", "g"), ("User", "u")))
    me = api.as_("u", "g", "system:authenticated")
    status = me.create(f"{AUTHZ}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}})["status"]
    assert sum(r["resources"] == ["pods"] for r in status["resourceRules"]) == 1
    asked = {"user": "u", "groups": ["g"], "resourceAttributes": {"verb": "get", "resource": "pods"}}
    answer = api.create(f"{AUTHZ}/subjectaccessreviews", {"spec": asked})
    assert answer["status"]["reason"] == 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "r" to Group "g"'


def test_rules_of_a_user_with_a_dangling_binding_are_complete_but_for_an_error(api):
    api.create(f"{RBAC}/clusterrolebindings", binding("b", "gone", ("User", "u")))
    status = api.as_("u").create(f"{AUTHZ}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}})["status"]
    assert status["incomplete"] is False
    assert status["evaluationError"] == 'clusterrole.rbac.authorization.k8s.io "gone" not found'


def test_rules_of_a_node_cannot_be_told(api):
    status = api.as_(*NODE).create(f"{AUTHZ}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}})["status"]
    assert status["incomplete"] is True
    assert status["evaluationError"] == "node authorizer does not support user rule resolution"


# -- RBAC ------------------------------------------------------------------------------------------------------


def test_a_name_in_the_field_selector_counts_for_resource_names(api):
    grant(api, "u", rule("list watch", "", "secrets", "mine"))
    me = api.as_("u")
    secrets = "/api/v1/namespaces/default/secrets"
    assert me.ask("GET", secrets, fieldSelector="metadata.name=mine")[0] == 200
    status, body = me.ask("GET", secrets, fieldSelector="metadata.name=other")
    assert status == 403
    assert body["message"] == (
        'secrets "other" is forbidden: User "u" cannot list resource "secrets" in API group "" in the namespace'
        ' "default"'
    )
    assert me.ask("GET", secrets)[0] == 403


def test_an_aggregation_rule_needs_all_rights(api):
    grant(api, "u", rule("create update get", "rbac.authorization.k8s.io", "clusterroles"))
    selectors = [{"matchLabels": {"a": "b"}}]
    body = role("all", aggregationRule={"clusterRoleSelectors": selectors})
    status, answer = api.as_("u").ask("POST", f"{RBAC}/clusterroles", body)
    assert status == 403
    assert answer["message"] == (
        'clusterroles.rbac.authorization.k8s.io "all" is forbidden: must have cluster-admin privileges to use the'
        " aggregationRule"
    )


def test_whoever_lacks_a_roles_rights_may_not_even_label_it(api):
    grant(api, "u", rule("get patch", "rbac.authorization.k8s.io", "clusterroles"))
    api.create(f"{RBAC}/clusterroles", role("strong", rule("delete", "", "nodes")))
    status, answer = api.as_("u").patch("merge", f"{RBAC}/clusterroles/strong", {"metadata": {"labels": {"a": "b"}}})
    assert status == 403
    assert answer["message"].endswith(
        "is attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["nodes"], Verbs:["delete"]}'
    )


# -- nodes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query", "reason"),
    [
        ("/api/v1/nodes", {}, "node 'n1' cannot read all nodes, only its own Node object"),
        ("/api/v1/nodes/n2", {}, "node 'n1' cannot read 'n2', only its own Node object"),
        ("/api/v1/pods", {}, "can only list/watch pods with spec.nodeName field selector"),
        ("/api/v1/namespaces/default/pods/p2", {}, "no relationship found between node 'n1' and this object"),
        ("/api/v1/namespaces/default/secrets", {}, "No Object name found"),
        ("/api/v1/secrets", {}, "can only read namespaced object of this type"),
        ("/api/v1/namespaces/default/secrets/s2", {}, "no relationship found between node 'n1' and this object"),
        ("/api/v1/persistentvolumes", {}, "can only get individual resources of this type"),
        (
            "/apis/coordination.k8s.io/v1/namespaces/default/leases/n1",
            {},
            'can only access leases in the "kube-node-lease" system namespace',
        ),
    ],
)
def test_a_node_is_told_why_it_may_not(api, path, query, reason):
    pod_on(api, "n2", "p2", volumes=[{"name": "v", "secret": {"secretName": "s2"}}])
    status, body = api.as_(*NODE).ask("GET", path, **query)
    assert status == 403
    assert body["message"].endswith(f": {reason}")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/pods", {"fieldSelector": "spec.nodeName=n1"}),
        ("/api/v1/namespaces/default/pods/p1", {}),
        ("/api/v1/namespaces/default/secrets/s1", {}),
        ("/api/v1/namespaces/default/secrets", {"fieldSelector": "metadata.name=s1"}),
        ("/api/v1/services", {}),
    ],
)
def test_a_node_reads_what_its_pods_need(api, path, query):
    api.create("/api/v1/namespaces/default/secrets", {"metadata": {"name": "s1"}})
    pod_on(api, "n1", "p1", volumes=[{"name": "v", "secret": {"secretName": "s1"}}])
    assert api.as_(*NODE).ask("GET", path, **query)[0] == 200


# -- impersonation ---------------------------------------------------------------------------------------------


def whoami(api, **headers: str) -> tuple[int, dict[str, object]]:
    sent = {f"impersonate-{k.replace('_', '-')}": v for k, v in headers.items()}
    return api.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, headers=sent)


def test_a_node_by_name_alone_has_the_groups_of_nodes(api):
    status, body = whoami(api, user="system:node:n1")
    assert status == 201
    assert body["status"]["userInfo"]["groups"] == ["system:nodes", "system:authenticated"]


@pytest.mark.parametrize("header", ["uid", "group", "extra_scopes"])
def test_nobody_acts_as_a_part_of_somebody(api, header):
    status, body = whoami(api, **{header: "x"})
    assert status == 400
    assert body["message"].endswith("without impersonating a user name")
