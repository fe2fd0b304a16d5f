"""Admission policies in CEL, over HTTP: what is refused in which words, what is changed, what is let through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clusters.admission.chain import default_chain
from clusters.apiserver.http import Response
from tests.support.apiclient import Api
from tests.support.apiserver import new_server

GROUP = "/apis/admissionregistration.k8s.io/v1"
CONFIGS = "/api/v1/namespaces/default/configmaps"
RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}


@pytest.fixture
def api() -> Api:
    return Api(new_server(admission=default_chain()))


def post(api: Api, path: str, body: dict[str, Any], expected: int = 201) -> dict[str, Any]:
    status, answer = api.ask("POST", path, body)
    assert status == expected, answer
    return dict(answer)


def policy(kind: str, name: str = "p", rules: Any = None, **spec: Any) -> dict[str, Any]:
    body = {"matchConstraints": {"resourceRules": rules or [RULE]}, "failurePolicy": "Fail", **spec}
    if kind == "Mutating":
        body.setdefault("reinvocationPolicy", "Never")
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}AdmissionPolicy",
        "metadata": {"name": name},
        "spec": body,
    }


def binding(kind: str, name: str = "b", of: str = "p", **spec: Any) -> dict[str, Any]:
    body = {"policyName": of, **spec}
    if kind == "Validating":
        body.setdefault("validationActions", ["Deny"])
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}AdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": body,
    }


def validate(api: Api, *validations: dict[str, Any], bound: dict[str, Any] | None = None, **spec: Any) -> None:
    post(api, f"{GROUP}/validatingadmissionpolicies", policy("Validating", validations=list(validations), **spec))
    post(api, f"{GROUP}/validatingadmissionpolicybindings", binding("Validating", **(bound or {})))


def mutate(api: Api, kind: str, expression: str, **spec: Any) -> None:
    field = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}[kind]
    mutations = [{"patchType": kind, field: {"expression": expression}}]
    post(api, f"{GROUP}/mutatingadmissionpolicies", policy("Mutating", mutations=mutations, **spec))
    post(api, f"{GROUP}/mutatingadmissionpolicybindings", binding("Mutating"))


def config(name: str = "c", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_the_first_denial_is_the_answer(api: Api) -> None:
    validate(api, {"expression": "object.data.k == 'a'"}, {"expression": "false", "message": "never"})
    refusal = post(api, CONFIGS, config(k="b"), 422)
    assert refusal["message"] == (
        "configmaps \"c\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request:"
        " failed expression: object.data.k == 'a'"
    )
    assert refusal["reason"] == "Invalid"
    assert refusal["details"]["causes"] == [{"message": refusal["message"].partition("forbidden: ")[2]}]


def test_reason_and_message_expression(api: Api) -> None:
    rule = {"expression": "false", "messageExpression": "'got ' + object.data.k", "reason": "Forbidden"}
    validate(api, rule)
    refusal = post(api, CONFIGS, config(k="b"), 403)
    assert refusal["message"].endswith("denied request: got b")


def test_a_failing_expression_denies_unless_failures_are_ignored(api: Api) -> None:
    validate(api, {"expression": "object.nope == 1"})
    assert post(api, CONFIGS, config(), 422)["message"].endswith(
        "expression 'object.nope == 1' resulted in error: no such key: nope"
    )
    current = api.get(f"{GROUP}/validatingadmissionpolicies/p")
    current["spec"]["failurePolicy"] = "Ignore"
    assert api.ask("PUT", f"{GROUP}/validatingadmissionpolicies/p", current)[0] == 200
    post(api, CONFIGS, config())


def test_a_warning_lets_through(api: Api) -> None:
    validate(api, {"expression": "false", "message": "hm"}, bound={"validationActions": ["Warn"]})
    answer = api.raw("POST", CONFIGS, config())
    assert isinstance(answer, Response)
    assert answer.status == 201
    text = "299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': hm\""
    assert ("Warning", text) in answer.headers


def test_updates_see_the_old_object_and_variables_are_shared(api: Api) -> None:
    variables = [{"name": "was", "expression": "oldObject == null ? '' : oldObject.data.k"}]
    validate(api, {"expression": "variables.was == '' || variables.was == object.data.k"}, variables=variables)
    made = post(api, CONFIGS, config(k="a"))
    assert api.ask("PUT", f"{CONFIGS}/c", made)[0] == 200
    made["data"]["k"] = "b"
    assert api.ask("PUT", f"{CONFIGS}/c", made)[0] == 422


def test_match_conditions_and_selectors_narrow(api: Api) -> None:
    conditions = [{"name": "only", "expression": "object.metadata.name.startsWith('x')"}]
    validate(
        api,
        {"expression": "false"},
        matchConditions=conditions,
        bound={"matchResources": {"objectSelector": {"matchLabels": {"judge": "me"}}}},
    )
    post(api, CONFIGS, config("free"))
    post(api, CONFIGS, config("xfree"))
    judged = config("xjudged")
    judged["metadata"]["labels"] = {"judge": "me"}
    post(api, CONFIGS, judged, 422)


def test_parameters_are_found_or_missed(api: Api) -> None:
    validate(
        api,
        {"expression": "size(object.data) <= int(params.data.most)"},
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        matchConditions=[{"name": "not-params", "expression": "object.metadata.name != 'params'"}],
        bound={"paramRef": {"name": "params", "namespace": "kube-system", "parameterNotFoundAction": "Deny"}},
    )
    refusal = post(api, CONFIGS, config(a="1"), 422)
    assert refusal["message"].endswith(
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    )
    assert api.ask("DELETE", f"{GROUP}/validatingadmissionpolicybindings/b")[0] == 200
    post(api, "/api/v1/namespaces/kube-system/configmaps", config("params", most="1"))
    ref = {"name": "params", "namespace": "kube-system", "parameterNotFoundAction": "Deny"}
    post(api, f"{GROUP}/validatingadmissionpolicybindings", binding("Validating", paramRef=ref))
    post(api, CONFIGS, config(a="1"))
    post(api, CONFIGS, config("d", a="1", b="2"), 422)


def test_the_authorizer_answers_for_the_user(api: Api) -> None:
    validate(
        api, {"expression": "authorizer.group('').resource('secrets').namespace('default').check('get').allowed()"}
    )
    post(api, CONFIGS, config())
    may_edit_configs(api)
    post(api.as_("jane", "system:authenticated"), CONFIGS, config("janes"), 422)


def may_edit_configs(api: Api) -> None:
    """Jane may."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "jane"}}
    role |= {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit-configs"},
        "subjects": [{"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]
    named = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "edit-configs"}}
    post(api, "/apis/rbac.authorization.k8s.io/v1/clusterroles", {**named, "rules": rules})
    post(api, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", role)


def test_the_authorizer_says_why(api: Api) -> None:
    may_edit_configs(api)
    why = 'RBAC: allowed by ClusterRoleBinding "jane" of ClusterRole "edit-configs" to User "jane"'
    check = "authorizer.group('').resource('configmaps').fieldSelector('a=b').check('create').reason()"
    other = "authorizer.group('').resource('pods').check('get').reason()"
    validate(api, {"expression": f"{check} == '{why}' && {other} == ''"})
    post(api.as_("jane", "system:authenticated"), CONFIGS, config())


@pytest.mark.parametrize(
    "expression,text",
    [
        ("authorizer.path(' ').check('get').allowed()", "path must not be empty"),
        ("authorizer.group('').resource('').check('get').allowed()", "resource must not be empty"),
        (
            "authorizer.serviceAccount('a.b', 'c').path('/x').check('get').allowed()",
            "Invalid service account namespace",
        ),
        ("authorizer.serviceAccount('a', 'C').path('/x').check('get').allowed()", "Invalid service account name"),
    ],
)
def test_the_authorizer_must_be_asked_something(api: Api, expression: str, text: str) -> None:
    validate(api, {"expression": expression})
    refusal = post(api, CONFIGS, config(), 422)
    assert refusal["message"].endswith(f"expression '{expression}' resulted in error: {text}")


@pytest.mark.parametrize(
    "expression,text",
    [
        ("object.data.k", "must evaluate to bool"),
        ("nope == 1", "compilation failed: ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')"),
        ("request.foo == ''", "compilation failed: ERROR: <input>:1:8: undefined field 'foo'"),
        ("params.a == 1", "compilation failed: ERROR: <input>:1:1: undeclared reference to 'params'"),
        ("variables.x == 1", "compilation failed: ERROR: <input>:1:10: undefined field 'x'"),
    ],
)
def test_policies_that_do_not_compile_are_refused(api: Api, expression: str, text: str) -> None:
    body = policy("Validating", validations=[{"expression": expression}])
    refusal = post(api, f"{GROUP}/validatingadmissionpolicies", body, 422)
    assert f'spec.validations[0].expression: Invalid value: "{expression}": {text}' in refusal["message"]


def test_configurations_are_applied(api: Api) -> None:
    mutate(api, "ApplyConfiguration", "Object{metadata: Object.metadata{labels: {'by': request.userInfo.username}}}")
    made = post(api, CONFIGS, config(k="v"))
    assert made["metadata"]["labels"] == {"by": "admin"}
    assert made["data"] == {"k": "v"}


def test_lists_with_keys_are_merged_and_new_items_defaulted(api: Api) -> None:
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}
    expression = (
        "Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{"
        "containers: [Object.spec.template.spec.containers{name: 'side', image: 'x'}]}}}}"
    )
    mutate(api, "ApplyConfiguration", expression, rules=[rule])
    labels = {"a": "b"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "i"}]}}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
    made = post(api, "/apis/apps/v1/namespaces/default/deployments", body)
    containers = made["spec"]["template"]["spec"]["containers"]
    assert [(c["name"], c["imagePullPolicy"]) for c in containers] == [("main", "Always"), ("side", "Always")]


def test_json_patches_are_applied_and_a_test_that_fails_applies_nothing(api: Api) -> None:
    patch = (
        "[JSONPatch{op: 'test', path: '/data/k', value: 'v'},"
        " JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey('a/b'), value: 'new'}]"
    )
    mutate(api, "JSONPatch", patch)
    assert post(api, CONFIGS, config(k="v"), 422)["message"].startswith('ConfigMap "c" is invalid')
    assert post(api, CONFIGS, config("d", k="other"))["data"] == {"k": "other"}


def test_a_mutation_that_fails_refuses(api: Api) -> None:
    mutate(api, "ApplyConfiguration", "Object{data: Object.data{k: string(object.nope)}}")
    refusal = post(api, CONFIGS, config(), 403)
    assert refusal["reason"] == "Invalid"
    assert refusal["message"].startswith("policy 'p' with binding 'b' denied request: expression ")
    assert refusal["message"].endswith("resulted in error: no such key: nope")


def test_policies_do_not_judge_policies(api: Api) -> None:
    everything = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
    validate(api, {"expression": "false"}, rules=[everything])
    post(api, CONFIGS, config(), 422)
    assert api.ask("DELETE", f"{GROUP}/validatingadmissionpolicybindings/b")[0] == 200
    post(api, CONFIGS, config())


def test_what_a_policy_adds_is_looked_at_by_the_plugins_before_it(api: Api) -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    expression = "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'side', image: 'x'}]}}"
    mutate(api, "ApplyConfiguration", expression, rules=[rule])
    post(api, "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    spec = {"containers": [{"name": "main", "image": "i"}]}
    made = post(api, "/api/v1/namespaces/default/pods", {"metadata": {"name": "p"}, "spec": spec})
    mounts = {c["name"]: [m["mountPath"] for m in c["volumeMounts"]] for c in made["spec"]["containers"]}
    token = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert mounts == {"main": [token], "side": [token]}


@pytest.mark.parametrize(("when", "count"), [("Never", "1"), ("IfNeeded", "2")])
def test_a_policy_that_asks_to_is_asked_again(api: Api, when: str, count: str) -> None:
    expression = "Object{data: Object.data{n: string(int(object.data.n) + 1)}}"
    mutate(api, "ApplyConfiguration", expression, reinvocationPolicy=when)
    assert post(api, CONFIGS, config(n="0"))["data"]["n"] == count


def test_all_atomic_parts_are_named(api: Api) -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    expression = (
        "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'main', command: ['a'], args: ['b']}]}}"
    )
    mutate(api, "ApplyConfiguration", expression, rules=[rule])
    post(api, "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    spec = {"containers": [{"name": "main", "image": "i"}]}
    refusal = post(api, "/api/v1/namespaces/default/pods", {"metadata": {"name": "p"}, "spec": spec}, 403)
    assert refusal["message"].endswith(
        "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.containers[0].command,"
        " .spec.containers[0].args"
    )


def noted(api: Api, body: dict[str, Any], path: str = CONFIGS) -> dict[str, str]:
    """What the audit log is told of a write."""
    told: list[dict[str, str]] = []
    api.server.cluster.audit = lambda **event: told.append(dict(event["annotations"]))
    api.ask("POST", path, body)
    return told[-1]


def test_the_audit_log_is_told_of_failures(api: Api) -> None:
    validations = [{"expression": "true"}, {"expression": "has(object.data.k)", "message": "no k"}]
    post(api, f"{GROUP}/validatingadmissionpolicies", policy("Validating", validations=validations))
    post(api, f"{GROUP}/validatingadmissionpolicybindings", binding("Validating", validationActions=["Audit", "Warn"]))
    told = noted(api, config(a="1"))
    assert json.loads(told["validation.policy.admission.k8s.io/validation_failure"]) == [
        {
            "message": "no k",
            "policy": "p",
            "binding": "b",
            "expressionIndex": 1,
            "validationActions": ["Audit", "Warn"],
        }
    ]
    assert told["authorization.k8s.io/decision"] == "allow"


def test_the_audit_log_is_told_what_policies_note(api: Api) -> None:
    notes = [
        {"key": "name", "valueExpression": "' it is ' + object.metadata.name + ' '"},
        {"key": "nothing", "valueExpression": "''"},
        {"key": "null", "valueExpression": "null"},
    ]
    validations = [{"expression": "true"}]
    body = policy("Validating", validations=validations, auditAnnotations=notes)
    post(api, f"{GROUP}/validatingadmissionpolicies", body)
    for name in ("b", "c"):
        post(api, f"{GROUP}/validatingadmissionpolicybindings", binding("Validating", name))
    told = noted(api, config("web"))
    assert {key: value for key, value in told.items() if key.startswith("p/")} == {"p/name": "it is web"}


def test_the_audit_log_is_told_what_pods_violate(api: Api) -> None:
    labels = {f"pod-security.kubernetes.io/{mode}": "baseline" for mode in ("enforce", "audit")}
    post(api, "/api/v1/namespaces", {"metadata": {"name": "ps", "labels": labels}})
    post(api, "/api/v1/namespaces/ps/serviceaccounts", {"metadata": {"name": "default"}})
    spec = {"hostNetwork": True, "containers": [{"name": "c", "image": "i"}]}
    told = noted(api, {"metadata": {"name": "p"}, "spec": spec}, "/api/v1/namespaces/ps/pods")
    assert told["pod-security.kubernetes.io/enforce-policy"] == "baseline:latest"
    assert told["pod-security.kubernetes.io/audit-violations"] == (
        'would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)'
    )


def test_the_audit_log_is_told_why_somebody_may(api: Api) -> None:
    may_edit_configs(api)
    jane = api.as_("jane", "system:authenticated")
    told = noted(jane, config())
    assert told["authorization.k8s.io/reason"] == (
        'RBAC: allowed by ClusterRoleBinding "jane" of ClusterRole "edit-configs" to User "jane"'
    )
    told = noted(jane, {}, "/api/v1/namespaces/default/secrets")
    assert (told["authorization.k8s.io/decision"], told["authorization.k8s.io/reason"]) == ("forbid", "")


@pytest.mark.parametrize(
    "method,query,expected",
    [
        ("POST", {}, "CreateOptions"),
        ("POST", {"fieldManager": "me", "dryRun": "All"}, "CreateOptions me"),
        ("PUT", {}, "UpdateOptions"),
        ("PATCH", {"fieldManager": "me"}, "UpdateOptions me"),
        ("DELETE", {}, "DeleteOptions"),
    ],
)
def test_policies_see_the_options(api: Api, method: str, query: dict[str, str], expected: str) -> None:
    if method != "POST":
        post(api, CONFIGS, config())
    manager = "(has(request.options.fieldManager) ? ' ' + request.options.fieldManager : '')"
    rules = [{**RULE, "operations": ["*"]}]
    message = f"request.options.kind + {manager}"
    body = policy("Validating", rules=rules, validations=[{"expression": "false", "messageExpression": message}])
    post(api, f"{GROUP}/validatingadmissionpolicies", body)
    post(api, f"{GROUP}/validatingadmissionpolicybindings", binding("Validating"))
    path = CONFIGS if method == "POST" else f"{CONFIGS}/c"
    changed = {**config(), "data": {"new": "1"}}
    headers = {"content-type": "application/merge-patch+json"} if method == "PATCH" else None
    _, answer = api.ask(method, path, None if method == "DELETE" else changed, headers=headers, **query)
    assert answer["message"].endswith(f"denied request: {expected}")
