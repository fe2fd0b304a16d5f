"""The scale subresource: replicas of a workload, and who owns them."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.admission.chain import default_chain
from tests.support.apiclient import Api
from tests.support.apiserver import new_server

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
POD = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}


@pytest.fixture
def scaled(api: Api) -> Api:
    """A Deployment of one replica whose replicas belong to `maker`."""
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": POD}
    api.create(DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": spec}, fieldManager="maker")
    return api


def owners(api: Api) -> list[tuple[str, str, str, str]]:
    """(manager, operation, version, subresource) of who owns the Deployment's replicas."""
    return [
        (e["manager"], e["operation"], e["apiVersion"], e.get("subresource", ""))
        for e in api.get(f"{DEPLOYMENTS}/d")["metadata"]["managedFields"]
        if "f:replicas" in e["fieldsV1"].get("f:spec", {})
    ]


def scale(replicas: int, **meta: Any) -> dict[str, Any]:
    meta = {"name": "d", "namespace": "default", **meta}
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": meta, "spec": {"replicas": replicas}}


def test_a_patched_scale_takes_the_replicas_over(scaled: Api) -> None:
    status, body = scaled.patch("merge", f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": 3}}, fieldManager="scaler")
    assert (status, body["spec"]) == (200, {"replicas": 3})
    assert owners(scaled) == [("scaler", "Update", "apps/v1", "scale")]


def test_an_applied_scale_conflicts_with_who_owns_the_replicas(scaled: Api) -> None:
    path = f"{DEPLOYMENTS}/d/scale"
    status, body = scaled.patch("apply", path, scale(4), fieldManager="applier")
    assert (status, body["message"]) == (
        409,
        'Apply failed with 1 conflict: conflict with "maker" using autoscaling/v1: .spec.replicas',
    )
    assert scaled.patch("apply", path, scale(4), fieldManager="applier", force="true")[0] == 200
    assert scaled.get(f"{DEPLOYMENTS}/d")["spec"]["replicas"] == 4
    assert owners(scaled) == [("applier", "Apply", "apps/v1", "scale")]


def test_an_applied_scale_of_what_is_there_shares_the_replicas(scaled: Api) -> None:
    assert scaled.patch("apply", f"{DEPLOYMENTS}/d/scale", scale(1), fieldManager="applier")[0] == 200
    assert sorted(owners(scaled)) == [("applier", "Apply", "apps/v1", "scale"), ("maker", "Update", "apps/v1", "")]


def test_a_scale_of_another_object_of_that_name_conflicts(scaled: Api) -> None:
    status, body = scaled.ask("PUT", f"{DEPLOYMENTS}/d/scale", scale(2, uid="1234"))
    assert (status, body["reason"]) == (409, "Conflict")
    assert "UID in precondition: 1234" in body["message"]


def test_a_scale_as_a_table(scaled: Api) -> None:
    table = scaled.get(f"{DEPLOYMENTS}/d/scale", headers={"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"})
    assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "Desired", "Available", "Age"]
    assert table["rows"][0]["cells"] == ["d", 1, 0, "0s"]


def bound(api: Api, kind: str, **spec: Any) -> None:
    """A policy of that kind about scales of Deployments."""
    group = "/apis/admissionregistration.k8s.io/v1"
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["deployments/scale"]}
    spec = {"matchConstraints": {"resourceRules": [rule]}, **spec}
    api.create(f"{group}/{kind}admissionpolicies", {"metadata": {"name": "p"}, "spec": spec})
    binding: dict[str, Any] = {"policyName": "p"}
    if kind == "validating":
        binding["validationActions"] = ["Deny"]
    api.create(f"{group}/{kind}admissionpolicybindings", {"metadata": {"name": "b"}, "spec": binding})


def test_policies_see_scales() -> None:
    api = Api(new_server(admission=default_chain()))
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": POD}
    api.create(DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": spec})
    text = "request.kind.kind + ' ' + object.kind + ' from ' + string(oldObject.spec.replicas)"
    check = {"expression": "object.spec.replicas <= 5", "messageExpression": text}
    bound(api, "validating", validations=[check])
    status, body = api.ask("PUT", f"{DEPLOYMENTS}/d/scale", scale(6))
    assert (status, body["message"].rpartition(": ")[2]) == (422, "Scale Scale from 1")
    assert api.ask("PUT", f"{DEPLOYMENTS}/d/scale", scale(5))[0] == 200


def test_policies_change_scales() -> None:
    api = Api(new_server(admission=default_chain()))
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": POD}
    api.create(DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": spec})
    expression = "Object{spec: Object.spec{replicas: 3}}"
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}
    bound(api, "mutating", mutations=[mutation], reinvocationPolicy="Never", failurePolicy="Fail")
    status, body = api.ask("PUT", f"{DEPLOYMENTS}/d/scale", scale(6))
    assert (status, body["spec"]) == (200, {"replicas": 3})


def test_what_is_not_there_has_no_scale(api: Api) -> None:
    path = f"{DEPLOYMENTS}/d/scale"
    assert api.ask("GET", path)[1]["message"] == 'deployments.apps "d" not found'
    for status, body in (api.ask("PUT", path, scale(1)), api.patch("merge", path, {"spec": {"replicas": 1}})):
        assert (status, body["message"]) == (404, 'deployments/scale.apps "d" not found')
        assert body["details"] == {"name": "d", "group": "apps", "kind": "deployments/scale"}
