"""The eviction subresource: what budgets and preconditions refuse, and what it writes down."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.admission.chain import default_chain
from tests.support.apiclient import Api
from tests.support.apiserver import new_server

PODS = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
RULES = "/apis/admissionregistration.k8s.io/v1"
REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


def pod(api: Api, *, ready: bool = True, finalizer: bool = True) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": "p", "labels": {"app": "x"}}
    if finalizer:
        meta["finalizers"] = ["example.com/hold"]
    made = api.create(PODS, {"metadata": meta, "spec": {"containers": [{"name": "c", "image": "i"}], "nodeName": "n"}})
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    status = {"status": {"phase": "Running", "conditions": conditions}}
    assert api.patch("merge", f"{PODS}/p/status", status)[0] == 200
    return dict(made)


def budget(api: Api, name: str = "b", spec: dict[str, Any] | None = None, **status: Any) -> None:
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}, **(spec or {})}
    api.create(BUDGETS, {"metadata": {"name": name}, "spec": spec})
    counts = {"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}
    body = {"status": {"observedGeneration": 1, **counts, **status}}
    assert api.patch("merge", f"{BUDGETS}/{name}/status", body)[0] == 200


def evict(api: Api, name: str = "p", options: dict[str, Any] | None = None, **query: Any) -> tuple[int, Any]:
    body: dict[str, Any] = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    if options:
        body["deleteOptions"] = options
    return api.ask("POST", f"{PODS}/p/eviction", body, **query)


def causes(answer: Any) -> list[str]:
    return [c["message"] for c in answer["details"]["causes"]]


def test_an_evicted_pod_says_who_ended_it(api: Api) -> None:
    pod(api)
    assert evict(api)[0] == 201
    found = api.get(f"{PODS}/p")
    assert "deletionTimestamp" in found["metadata"]
    condition = found["status"]["conditions"][-1]
    assert (condition["type"], condition["status"]) == ("DisruptionTarget", "True")
    assert (condition["reason"], condition["message"]) == ("EvictionByEvictionAPI", "Eviction API: evicting")


def test_a_dry_run_leaves_pod_and_budget(api: Api) -> None:
    pod(api)
    budget(api, disruptionsAllowed=1)
    assert evict(api, options={"dryRun": ["All"]})[0] == 201
    found = api.get(f"{PODS}/p")
    assert "deletionTimestamp" not in found["metadata"]
    assert [c["type"] for c in found["status"]["conditions"]] == ["Ready"]
    assert api.get(f"{BUDGETS}/b")["status"]["disruptionsAllowed"] == 1


def test_an_eviction_is_taken_from_the_budget(api: Api) -> None:
    pod(api)
    budget(api, disruptionsAllowed=1)
    assert evict(api)[0] == 201
    found = api.get(f"{BUDGETS}/b")
    assert (found["status"]["disruptionsAllowed"], list(found["status"]["disruptedPods"])) == (0, ["p"])
    condition = found["status"]["conditions"][-1]
    assert (condition["type"], condition["status"], condition["reason"]) == (
        "DisruptionAllowed",
        "False",
        "InsufficientPods",
    )
    owners = [(e["manager"], e.get("subresource")) for e in found["metadata"]["managedFields"]]
    assert ("kube-apiserver", "status") in owners


def test_a_used_up_budget_refuses(api: Api) -> None:
    pod(api)
    budget(api)
    code, answer = evict(api)
    assert (code, answer["message"]) == (429, REFUSED)
    assert causes(answer) == ["The disruption budget b needs 1 healthy pods and has 1 currently"]
    assert "retryAfterSeconds" not in answer["details"]


def test_a_budget_that_is_not_counted_yet_refuses_for_now(api: Api) -> None:
    pod(api)
    budget(api, observedGeneration=0)
    code, answer = evict(api)
    assert (code, answer["details"]["retryAfterSeconds"]) == (429, 10)
    assert causes(answer) == ["The disruption budget b is still being processed by the server."]


def test_too_many_unconfirmed_evictions_are_forbidden(api: Api) -> None:
    pod(api)
    budget(api, disruptionsAllowed=1, disruptedPods={f"p-{n}": "2026-01-01T00:00:00Z" for n in range(2001)})
    code, answer = evict(api)
    why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
    assert (code, answer["message"]) == (403, f'poddisruptionbudget.policy "b" is forbidden: {why}')


def test_two_budgets_are_not_supported(api: Api) -> None:
    pod(api)
    budget(api)
    budget(api, "c")
    code, answer = evict(api)
    assert (code, answer.get("reason")) == (500, None)
    assert answer["message"].startswith("This pod has more than one PodDisruptionBudget")


@pytest.mark.parametrize(
    ("spec", "status", "code"),
    [
        ({}, {}, 201),
        ({}, {"currentHealthy": 0}, 429),
        ({}, {"currentHealthy": 0, "desiredHealthy": 0}, 429),
        ({"unhealthyPodEvictionPolicy": "AlwaysAllow"}, {"currentHealthy": 0}, 201),
    ],
)
def test_a_pod_that_is_not_ready(api: Api, spec: dict[str, Any], status: dict[str, Any], code: int) -> None:
    pod(api, ready=False)
    budget(api, spec=spec, **status)
    assert evict(api)[0] == code


def test_preconditions(api: Api) -> None:
    made = pod(api)
    code, answer = evict(api, options={"preconditions": {"resourceVersion": made["metadata"]["resourceVersion"]}})
    assert code == 409
    assert answer["message"].startswith('Operation cannot be fulfilled on Pod "p": the ResourceVersion in the')
    current = api.get(f"{PODS}/p")["metadata"]["resourceVersion"]
    assert evict(api, options={"preconditions": {"resourceVersion": current}})[0] == 201


def test_another_name(api: Api) -> None:
    pod(api)
    code, answer = evict(api, "q")
    assert (code, answer["message"]) == (400, "name in URL does not match name in Eviction object")


def test_admission_is_asked_about_the_eviction() -> None:
    api = Api(new_server(admission=default_chain()))
    pod(api)
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods", "pods/*"]}
    says = "request.operation + ' ' + request.kind.kind + ' ' + request.subResource"
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "!has(request.subResource)", "messageExpression": says}],
    }
    policy = {"metadata": {"name": "p"}, "spec": spec}
    api.create(f"{RULES}/validatingadmissionpolicies", policy)
    bound = {"metadata": {"name": "b"}, "spec": {"policyName": "p", "validationActions": ["Deny"]}}
    api.create(f"{RULES}/validatingadmissionpolicybindings", bound)
    code, answer = evict(api)
    assert code == 422
    assert answer["message"].endswith("CREATE Eviction eviction")
