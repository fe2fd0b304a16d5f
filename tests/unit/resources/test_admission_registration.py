"""Admission policies, their bindings, and webhook configurations: in which order faults are told, and what may stay."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.objects import Objects

API = "admissionregistration.k8s.io/v1"
PATCH = {"patchType": "JSONPatch", "jsonPatch": {"expression": '[JSONPatch{op: "remove", path: "/x"}]'}}
RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}


def policy(*, kind: str = "ValidatingAdmissionPolicy", name: str = "p", rule: Obj | None = None, **spec: Any) -> Obj:
    match = {"resourceRules": [{**RULE, **(rule or {})}]}
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": {"matchConstraints": match, **spec}}


def mutating(*mutations: Obj, **fields: Any) -> Obj:
    fields.setdefault("reinvocationPolicy", "Never")
    return policy(kind="MutatingAdmissionPolicy", mutations=list(mutations), **fields)


def hooks(*webhooks: Obj) -> Obj:
    complete = {
        "name": "a.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"url": "https://example.com"},
    }
    kind = "ValidatingWebhookConfiguration"
    listed = [{**complete, **hook} for hook in webhooks]
    return {"apiVersion": API, "kind": kind, "metadata": {"name": "w"}, "webhooks": listed}


def told(found: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(field, text.split("\n")[0]) for _, field, text in found]


def test_expressions_are_compiled_where_they_stand() -> None:
    found = Objects().refused(
        policy(
            matchConditions=[{"name": "", "expression": "1"}],
            variables=[{"name": "in", "expression": "x"}],
            validations=[{"expression": "2", "messageExpression": "3", "reason": "Unauthorized"}],
            auditAnnotations=[{"key": "a b", "valueExpression": " 4 "}],
        )
    )
    assert [field for _, field, _ in found] == [
        "spec.matchConditions[0].expression",
        "spec.matchConditions[0].name",
        "spec.variables[0].name",
        "spec.variables[0].expression",
        "spec.validations[0].expression",
        "spec.validations[0].messageExpression",
        "spec.validations[0].reason",
        "spec.auditAnnotations[0].key",
        "spec.auditAnnotations[0].valueExpression",
    ]
    assert found[-1][2] == 'Invalid value: " 4 ": must evaluate to one of [string, null_type]'


def test_an_expression_of_several_lines_needs_no_message() -> None:
    assert Objects().refused(policy(validations=[{"expression": "object.kind == 'Pod'\n|| true"}])) == []


def test_a_variable_may_use_those_before_it() -> None:
    variables = [{"name": "a", "expression": "1"}, {"name": "b", "expression": "variables.a + 1"}]
    assert Objects().refused(policy(variables=variables, validations=[{"expression": "variables.b == 2"}])) == []
    found = Objects().refused(policy(variables=variables[1:], validations=[{"expression": "true"}]))
    assert [field for field, _ in told(found)] == ["spec.variables[0].expression"]


def test_conditions_that_stay_are_not_looked_at_again() -> None:
    objects = Objects()
    stored = objects.create(policy(validations=[{"expression": "true"}]))
    conditions = [{"name": "c", "expression": "nothing"}]
    assert [field for field, _ in told(objects.patch_refused(stored, {"spec": {"matchConditions": conditions}}))] == [
        "spec.matchConditions[0].expression"
    ]
    assert objects.patch(stored, {"spec": {"failurePolicy": "Ignore"}})["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("v1", ""),
        ("apps/v1", ""),
        ("a/b/c", "unexpected GroupVersion string: a/b/c"),
        ("apps/", "version must be specified"),
    ],
)
def test_parameters_have_a_version(version: str, why: str) -> None:
    kind = {"apiVersion": version, "kind": "ConfigMap"}
    found = Objects().refused(policy(paramKind=kind, validations=[{"expression": "true"}]))
    assert [text.rsplit(": ", 1)[1] if "unexpected" not in text else why for _, text in told(found)] == (
        [why] if why else []
    )


def test_what_is_deleted_cannot_be_changed() -> None:
    found = told(Objects().refused(mutating(PATCH, rule={"operations": ["DELETE"]})))
    values = '"*", "CONNECT", "CREATE", "UPDATE"'
    field = "spec.matchConstraints.resourceRules.operations"
    assert found == [(field, f'Unsupported value: "DELETE": supported values: {values}')]


@pytest.mark.parametrize(
    ("mutation", "wanted"),
    [
        ({}, [("patchType", "Required value")]),
        (
            {"patchType": "X"},
            [("patchType", 'Unsupported value: "X": supported values: "ApplyConfiguration", "JSONPatch"')],
        ),
        (
            {"patchType": "JSONPatch", "applyConfiguration": {"expression": "Object{}"}},
            [
                ("jsonPatch", "Required value: must be specified when patchType is JSONPatch"),
                (
                    "applyConfiguration",
                    'Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
                ),
            ],
        ),
        (
            {"patchType": "JSONPatch", "jsonPatch": {"expression": " "}},
            [("jsonPatch.expression", "Required value")],
        ),
    ],
)
def test_a_mutation_is_of_one_kind(mutation: Obj, wanted: list[tuple[str, str]]) -> None:
    found = told(Objects().refused(mutating(mutation)))
    assert found == [(f"spec.mutations[0].{field}", text) for field, text in wanted]


def test_reinvocation_has_to_be_chosen() -> None:
    found = told(Objects().refused(mutating(PATCH, reinvocationPolicy=None)))
    assert found == [("spec.reinvocationPolicy", "Required value")]


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        (["pods", "pods/status"], []),
        (["a/*", "a/b"], ["if 'a/*' is present, must not specify a/b"]),
        (["a/b", "a/*"], []),
        (["*/x", "a/x"], ["if '*/x' is present, must not specify a/x"]),
        (["*/*", "a"], ["if '*/*' is present, must not specify other resources"]),
        (["*", "a"], ["if '*' is present, must not specify other resources without subresources"]),
        (["a", "*"], []),
    ],
)
def test_stars_among_resources(resources: list[str], wanted: list[str]) -> None:
    rule = {**RULE, "resources": resources}
    found = told(Objects().refused(hooks({"rules": [rule]})))
    assert [text.split(": ", 2)[2] for _, text in found] == wanted


def test_a_webhook_that_was_wrong_may_stay_wrong() -> None:
    objects = Objects()
    stored = objects.create(hooks({}))
    resource = objects.resource(stored)
    item = objects.registry.get(resource, "", "w")
    wrong = {"webhooks": [{**item.obj["webhooks"][0], "sideEffects": "Some", "admissionReviewVersions": ["v2"]}]}
    assert len(objects.patch_refused(stored, wrong)) == 2
    strategy = resource.strategy
    before = {**item.obj, **wrong}
    assert strategy.validate_update(before, before, None) == []  # type: ignore[arg-type]


def test_a_status_tells_of_expressions_by_their_field() -> None:
    objects = Objects()
    stored = objects.create(policy(validations=[{"expression": "true"}]))
    status = {"typeChecking": {"expressionWarnings": [{}]}, "conditions": [{"type": "A", "status": "x"}]}
    assert [field for field, _ in told(objects.patch_refused(stored, {"status": status}, subresource="status"))] == [
        "status.typeChecking.expressionWarnings[0].warning",
        "status.typeChecking.expressionWarnings[0].fieldRef",
        "status.conditions[0].status",
        "status.conditions[0].lastTransitionTime",
        "status.conditions[0].reason",
    ]
