"""What the status of a ValidatingAdmissionPolicy tells of its expressions."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.components.controllers.admission_policies import (
    CRDS,
    POLICIES,
    ValidatingAdmissionPolicyStatusController,
)
from tests.support.cluster import Cluster

DEPLOYMENTS = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}


def checked(spec: dict[str, Any], rule: dict[str, Any] | None = None, *before: tuple[str, Any]) -> dict[str, Any]:
    cluster = Cluster(components=(ValidatingAdmissionPolicyStatusController,))
    for kind, obj in before:
        cluster.create(kind, obj)
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "p"},
        "spec": {"matchConstraints": {"resourceRules": [rule or DEPLOYMENTS]}, **spec},
    }
    cluster.create(POLICIES, policy)
    cluster.run_until_idle()
    return dict(cluster.get(POLICIES, "", "p")["status"])


def warned(expression: str, rule: dict[str, Any] | None = None, **spec: Any) -> list[dict[str, str]]:
    status = checked({"validations": [{"expression": expression}], **spec}, rule)
    assert status["observedGeneration"] == 1
    return list(status["typeChecking"].get("expressionWarnings", ()))


@pytest.mark.parametrize(
    "expression",
    [
        "object.spec.replicas > 1",
        "object.spec.template.spec.containers.all(c, c.image.startsWith('a') && has(c.resources.limits))",
        "object.metadata.labels['a'] == 'b' && object.metadata.creationTimestamp > timestamp('2020-01-01T00:00:00Z')",
        "object.spec.strategy.rollingUpdate.maxSurge == '25%' || authorizer.path('/x').check('get').allowed()",
        "variables.n > 1",
    ],
)
def test_nothing_is_said_of_what_fits(expression):
    assert warned(expression, variables=[{"name": "n", "expression": "object.spec.replicas"}]) == []


def test_an_unknown_field_is_told_with_its_kind():
    assert warned("object.replicas > 1") == [
        {
            "fieldRef": "spec.validations[0].expression",
            "warning": "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n"
            " | object.replicas > 1\n | ......^\n",
        }
    ]


def test_each_kind_is_told_of_in_order():
    rule = {**DEPLOYMENTS, "resources": ["statefulsets", "deployments", "deployments/scale"]}
    (found,) = warned("object.spec.paused == true", rule)
    assert found["warning"].startswith("apps/v1, Kind=StatefulSet: ERROR")
    (found,) = warned("object.nope == 1", rule)
    assert [line.partition(":")[0] for line in found["warning"].splitlines() if "Kind=" in line] == [
        "apps/v1, Kind=Deployment",
        "apps/v1, Kind=StatefulSet",
    ]


def test_what_is_about_everything_is_not_checked():
    assert warned("object.nope == 1", {**DEPLOYMENTS, "apiVersions": ["*"]}) == []
    assert warned("object.nope == 1", {**DEPLOYMENTS, "resources": ["*"]}) == []


def test_messages_and_parameters_are_checked_too():
    spec = {
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "validations": [{"expression": "params.data['a'] == 'b'", "messageExpression": "string(params.nope)"}],
    }
    (found,) = checked(spec)["typeChecking"]["expressionWarnings"]
    assert found["fieldRef"] == "spec.validations[0].messageExpression"
    assert "undefined field 'nope'" in found["warning"]


def test_custom_resources_have_the_types_of_their_schema():
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]
    names = {"plural": "widgets", "kind": "Widget"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": versions},
    }
    rule = {**DEPLOYMENTS, "apiGroups": ["example.com"], "resources": ["widgets"]}
    spec = {"validations": [{"expression": "object.spec.n > 1"}, {"expression": "object.spec.m > 1"}]}
    found = checked(spec, rule, (CRDS, definition))["typeChecking"]["expressionWarnings"]
    assert [each["fieldRef"] for each in found] == ["spec.validations[1].expression"]
