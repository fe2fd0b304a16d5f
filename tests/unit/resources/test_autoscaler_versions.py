"""HorizontalPodAutoscalers as autoscaling/v1: what has no field there is in annotations, and comes back from them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clusters.machinery.types import Obj
from clusters.resources.autoscaling.conversion import BEHAVIOR, CONDITIONS, CURRENT_METRICS, METRICS, v1_to_v2, v2_to_v1

REF: Obj = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
IDENTIFIER: Obj = {"name": "x", "selector": {"matchLabels": {"a": "b"}}}


def cpu(percent: int) -> Obj:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def autoscaler(spec: Obj | None = None, status: Obj | None = None, annotations: Obj | None = None) -> Obj:
    meta: Obj = {"name": "a"}
    if annotations:
        meta["annotations"] = annotations
    return {"metadata": meta, "spec": {"scaleTargetRef": REF, "maxReplicas": 3, **(spec or {})}, "status": status or {}}


def annotation(obj: Obj, name: str) -> Any:
    return json.loads(obj["metadata"]["annotations"][name])


def test_without_metrics_v1_means_80_percent() -> None:
    assert v1_to_v2(autoscaler())["spec"]["metrics"] == [cpu(80)]


def test_the_cpu_target_comes_last() -> None:
    pods = {"type": "Pods", "pods": {"metricName": "x", "targetAverageValue": "1"}}
    old = autoscaler({"targetCPUUtilizationPercentage": 50}, annotations={METRICS: json.dumps([pods])})
    metrics = v1_to_v2(old)["spec"]["metrics"]
    assert [m["type"] for m in metrics] == ["Pods", "Resource"]
    assert metrics[1] == cpu(50)


@pytest.mark.parametrize("text", ["no JSON", "{}", '"x"', ""])
def test_what_is_no_list_of_metrics_is_dropped(text: str) -> None:
    new = v1_to_v2(autoscaler(annotations={METRICS: text, "kept": "v"}))
    assert new["spec"]["metrics"] == [cpu(80)]
    assert new["metadata"]["annotations"] == {"kept": "v"}


@pytest.mark.parametrize(
    ("metric", "flat"),
    [
        (
            {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": 1}}},
            {"type": "Resource", "resource": {"name": "memory", "targetAverageValue": 1}},
        ),
        (
            {"type": "Pods", "pods": {"metric": IDENTIFIER, "target": {"type": "AverageValue", "averageValue": 1}}},
            {
                "type": "Pods",
                "pods": {"metricName": "x", "targetAverageValue": 1, "selector": IDENTIFIER["selector"]},
            },
        ),
        (
            {
                "type": "Object",
                "object": {
                    "metric": {"name": "x"},
                    "describedObject": REF,
                    "target": {"type": "Value", "value": 1},
                },
            },
            {"type": "Object", "object": {"target": REF, "metricName": "x", "targetValue": 1}},
        ),
        (
            {"type": "External", "external": {"metric": IDENTIFIER, "target": {"type": "Value", "value": 1}}},
            {
                "type": "External",
                "external": {"metricName": "x", "metricSelector": IDENTIFIER["selector"], "targetValue": 1},
            },
        ),
        (
            {
                "type": "ContainerResource",
                "containerResource": {
                    "name": "cpu",
                    "container": "c",
                    "target": {"type": "Utilization", "averageUtilization": 50},
                },
            },
            {
                "type": "ContainerResource",
                "containerResource": {"name": "cpu", "targetAverageUtilization": 50, "container": "c"},
            },
        ),
    ],
)
def test_metrics_go_to_an_annotation_and_back(metric: Obj, flat: Obj) -> None:
    old = v2_to_v1(autoscaler({"metrics": [metric, cpu(60)]}))
    assert old["spec"]["targetCPUUtilizationPercentage"] == 60
    assert annotation(old, METRICS) == [flat]
    assert v1_to_v2(old)["spec"]["metrics"] == [metric, cpu(60)]


def test_an_average_of_an_object_has_no_value_beside_it() -> None:
    target = {"type": "AverageValue", "averageValue": "2"}
    metric = {"type": "Object", "object": {"metric": {"name": "x"}, "describedObject": REF, "target": target}}
    old = v2_to_v1(autoscaler({"metrics": [metric]}))
    assert annotation(old, METRICS)[0]["object"]["targetValue"] == "0"
    assert v1_to_v2(old)["spec"]["metrics"] == [metric]


def test_a_target_that_is_no_pointer_in_v1_is_there() -> None:
    flat = {"type": "Pods", "pods": {"metricName": "x"}}
    [metric] = v1_to_v2(autoscaler(annotations={METRICS: json.dumps([flat])}))["spec"]["metrics"]
    assert metric["pods"]["target"] == {"type": "AverageValue", "averageValue": "0"}


def test_behaviours_are_written_as_go_has_them() -> None:
    rules = {"selectPolicy": "Max", "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}
    old = v2_to_v1(autoscaler({"metrics": [cpu(50)], "behavior": {"scaleUp": rules}}))
    assert old["metadata"]["annotations"][BEHAVIOR] == (
        '{"ScaleUp":{"StabilizationWindowSeconds":null,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":4,'
        '"PeriodSeconds":15}],"Tolerance":null},"ScaleDown":null}'
    )
    assert v1_to_v2(old)["spec"]["behavior"] == {"scaleUp": rules}


def test_the_status() -> None:
    current = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 40}}}
    condition = {"type": "AbleToScale", "status": "True", "reason": "<x>"}
    old = v2_to_v1(autoscaler({"metrics": [cpu(50)]}, {"currentMetrics": [current], "conditions": [condition]}))
    assert old["status"] == {"currentReplicas": 0, "desiredReplicas": 0, "currentCPUUtilizationPercentage": 40}
    flat = {"name": "cpu", "currentAverageUtilization": 40, "currentAverageValue": "0"}
    assert annotation(old, CURRENT_METRICS) == [{"type": "Resource", "resource": flat}]
    assert old["metadata"]["annotations"][CONDITIONS] == (
        '[{"type":"AbleToScale","status":"True","reason":"\\u003cx\\u003e"}]'
    )
    new = v1_to_v2(old)
    values = {"averageUtilization": 40, "averageValue": "0"}
    assert new["status"]["currentMetrics"] == [{"type": "Resource", "resource": {"name": "cpu", "current": values}}]
    assert new["status"]["conditions"] == [condition]
