"""Admission of requests that bring another kind than that of the object they are about."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.admission.chain import default_chain
from tests.api.test_access import NODE, pod_on
from tests.support.apiclient import Api
from tests.support.apiserver import new_server

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
PODS = "/api/v1/namespaces/default/pods"
TOKENS = "/api/v1/namespaces/default/serviceaccounts/default/token"


@pytest.fixture
def api() -> Api:
    """With the default account of the default namespace."""
    made = Api(new_server(admission=default_chain()))
    made.create("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    return made


def policy(api, operation: str, resource: str, expression: str) -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": [operation], "resources": [resource]}
    spec: dict[str, Any] = {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": expression}]}
    api.create(f"{ADMISSION}/validatingadmissionpolicies", {"metadata": {"name": "p"}, "spec": spec})
    bound = {"policyName": "p", "validationActions": ["Deny"]}
    api.create(f"{ADMISSION}/validatingadmissionpolicybindings", {"metadata": {"name": "b"}, "spec": bound})


def said(expression: str) -> str:
    return f"ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: {expression}"


@pytest.mark.parametrize(
    ("how", "query", "expression"),
    [
        ("exec", {"command": "sh", "stdout": "true"}, "object.command != ['sh']"),
        ("exec", {"command": "sh", "tty": "true"}, "!object.tty || request.kind.kind != 'PodExecOptions'"),
        ("attach", {"container": "c"}, "object.container != 'c'"),
        ("portforward", {"ports": "80"}, "!(80 in object.ports)"),
        ("proxy", {}, "object.kind != 'PodProxyOptions' || request.subResource != 'proxy'"),
    ],
)
def test_a_policy_may_refuse_a_connection(api, how: str, query: dict[str, str], expression: str) -> None:
    policy(api, "CONNECT", f"pods/{how}", expression)
    status, body = api.ask("POST", f"{PODS}/p/{how}", **query)
    assert status == 422
    assert body["message"] == f'pods "p" is forbidden: {said(expression)}'


def test_a_policy_sees_the_binding(api) -> None:
    expression = "object.kind == 'Binding' && object.target.name != 'n1'"
    policy(api, "CREATE", "pods/binding", expression)
    api.create(PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    bind = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n1"}}
    status, body = api.ask("POST", f"{PODS}/p/binding", bind)
    assert (status, body["message"]) == (422, f'pods "p" is forbidden: {said(expression)}')
    bind["target"]["name"] = "n2"
    assert api.ask("POST", f"{PODS}/p/binding", bind)[0] == 201


def test_a_policy_sees_the_eviction_and_not_the_deletion(api) -> None:
    policy(api, "DELETE", "pods", "false")
    pod_on(api, "n1", "p")
    status, body = api.ask("DELETE", f"{PODS}/p")
    assert status == 422
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    assert api.ask("POST", f"{PODS}/p/eviction", body)[0] == 201


def test_a_kubelet_evicts_what_runs_on_its_node(api) -> None:
    pod_on(api, "n2", "p")
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    status, answer = api.as_(*NODE).ask("POST", f"{PODS}/p/eviction", body)
    assert status == 403
    assert answer["message"] == ('pods "p" is forbidden: node n1 can only evict pods with spec.nodeName set to itself')


def bound_to(uid: str, **spec: Any) -> dict[str, Any]:
    ref = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": uid}
    return {"spec": {"boundObjectRef": ref, **spec}}


def test_a_kubelet_asks_for_tokens_of_its_pods(api) -> None:
    source = {"serviceAccountToken": {"path": "t", "audience": "vault"}}
    pod_on(api, "n1", "p", volumes=[{"name": "v", "projected": {"sources": [source]}}], serviceAccountName="default")
    uid = api.ask("GET", f"{PODS}/p")[1]["metadata"]["uid"]
    kubelet = api.as_(*NODE)

    def refused(body: dict[str, Any]) -> str:
        status, answer = kubelet.ask("POST", TOKENS, body)
        return "" if status == 201 else answer["message"].removeprefix('serviceaccounts "default" is forbidden: ')

    assert refused({"spec": {}}) == "node requested token not bound to a pod"
    assert refused(bound_to("")) == "node requested token with a pod binding without a uid"
    assert refused(bound_to("u")) == (
        "the UID in the bound object reference (u) does not match the UID in record."
        " The object might have been deleted and then recreated"
    )
    assert refused(bound_to(uid)) == ""
    assert refused(bound_to(uid, audiences=["vault"])) == ""
    assert refused(bound_to(uid, audiences=["a", "b"])) == "node may only request 0 or 1 audiences"
    assert refused(bound_to(uid, audiences=["a"])) == (
        'audience "a" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience'
    )


def test_nothing_is_asked_of_a_namespace_that_ends(api) -> None:
    api.create("/api/v1/namespaces", {"metadata": {"name": "old", "finalizers": ["a.b/c"]}})
    pods = "/api/v1/namespaces/old/pods"
    api.create("/api/v1/namespaces/old/serviceaccounts", {"metadata": {"name": "default"}})
    api.create(pods, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    api.ask("DELETE", "/api/v1/namespaces/old")
    bind = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n1"}}
    status, body = api.ask("POST", f"{pods}/p/binding", bind)
    assert status == 403
    assert body["message"] == (
        'pods "p" is forbidden: unable to create new content in namespace old because it is being terminated'
    )
