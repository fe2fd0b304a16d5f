"""Nodes, Endpoints and other kinds of the cluster at the edges of the rules."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.objects import Objects, container

TAINTS = "scheduler.alpha.kubernetes.io/taints"
AVOID = "scheduler.alpha.kubernetes.io/preferAvoidPods"


def node(*, meta: Obj | None = None, status: Obj | None = None, **spec: Any) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n", **(meta or {})},
        "spec": spec,
        **({"status": status} if status else {}),
    }


def found(obj: Obj) -> list[tuple[str, str]]:
    return [(field, message) for _, field, message in Objects().refused(obj)]


FORM = (
    "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or"
    " MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
)


@pytest.mark.parametrize(
    ("features", "causes"),
    [
        (["A", "B/c", "B/d"], []),
        (["a"], [("status.declaredFeatures[0]", f'Invalid value: "a": invalid feature name "a": {FORM}')]),
        (["A", "A"], [("status.declaredFeatures[1]", 'Duplicate value: "A"')]),
        (["B", "A"], [("status.declaredFeatures[1]", 'Invalid value: "A": list must be sorted alphabetically')]),
    ],
)
def test_features_are_declared_in_order(features: list[str], causes: list[tuple[str, str]]) -> None:
    assert found(node(status={"declaredFeatures": features})) == causes


def test_swap_has_a_size() -> None:
    assert found(node(status={"nodeInfo": {"swap": {"capacity": 0}}})) == [
        ("metadata.nodeSwapStatus.capacity", "Invalid value: 0: must be greater than zero")
    ]


@pytest.mark.parametrize(
    ("annotations", "causes"),
    [
        ({TAINTS: '[{"key":"a","effect":"NoSchedule"}]'}, []),
        ({TAINTS: '[{"key":"a"}]'}, [(f"metadata.annotations.{TAINTS}[0].effect", "Required value")]),
        (
            {TAINTS: "[1]"},
            [
                (
                    "metadata.annotations",
                    f'Invalid value: "{TAINTS}": json: cannot unmarshal number into Go value of type core.Taint',
                )
            ],
        ),
        (
            {AVOID: '{"preferAvoidPods":[{},{"podSignature":{"podController":{}}}]}'},
            [
                (f"metadata.annotations.{AVOID}[0].PodSignature", "Required value"),
                (
                    f"metadata.annotations.{AVOID}[1].PodSignature.PodController.Controller",
                    "Invalid value: false: must point to a controller",
                ),
            ],
        ),
    ],
)
def test_annotations_of_old_are_checked(annotations: Obj, causes: list[tuple[str, str]]) -> None:
    assert found(node(meta={"annotations": annotations})) == causes


@pytest.mark.parametrize(
    ("info", "cell"),
    [
        ({"kernelVersion": "6.8.0-142-generic", "architecture": "amd64"}, "6.8.0-142-generic (amd64)"),
        ({"kernelVersion": "6.8.0-142-generic"}, "6.8.0-142-generic"),
        ({}, "<unknown>"),
    ],
)
def test_the_kernel_is_shown_with_the_architecture(info: dict[str, str], cell: str) -> None:
    obj = node(status={"nodeInfo": info})
    column = next(c for c in Objects().resource(obj).columns if c.name == "Kernel-Version")
    assert column.value(obj, 0) == cell


def test_the_single_range_wins_over_the_list() -> None:
    stored = Objects().create(node(podCIDR="10.0.0.0/24", podCIDRs=["10.0.1.0/24", "fd00::/64"]))
    assert stored["spec"]["podCIDRs"] == ["10.0.0.0/24"]


def test_the_configuration_of_kubelets_is_not_kept() -> None:
    objects = Objects()
    source = {"configMap": {"name": "m", "namespace": "n", "kubeletConfigKey": "k"}}
    stored = objects.create(node(configSource=source, status={"config": {"assigned": source}}))
    assert "configSource" not in stored["spec"]
    assert "config" not in stored["status"]
    assert objects.warnings == []


def test_what_is_wrong_with_a_changed_node_is_said_twice_with_a_changed_status_once() -> None:
    objects = Objects()
    stored = objects.create(node())
    causes = objects.patch_refused(stored, {"spec": {"taints": [{"key": "a", "effect": "X"}]}})
    assert [cause[1] for cause in causes] == ["metadata.taints[0].effect"] * 2
    causes = objects.patch_refused(stored, {"status": {"declaredFeatures": ["a"]}}, subresource="status")
    assert [cause[1] for cause in causes] == ["status.declaredFeatures[0]"]


def test_a_changed_controller_is_checked_twice() -> None:
    objects = Objects()
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container()]}}
    controller = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "r"},
        "spec": {"template": template},
    }
    stored = objects.create(controller)
    causes = objects.patch_refused(stored, {"spec": {"replicas": -1}})
    assert [cause[1] for cause in causes] == ["spec.replicas"] * 2


def test_endpoints_that_stay_are_not_questioned() -> None:
    objects = Objects()
    subset = {"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}
    endpoints = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "e"}, "subsets": [subset]}
    stored = objects.create(endpoints)
    changed = objects.patch(stored, {"metadata": {"labels": {"a": "b"}}})
    assert changed["subsets"] == stored["subsets"]
    causes = objects.patch_refused(stored, {"subsets": [{"addresses": [{"ip": "127.0.0.1"}]}]})
    assert [cause[1] for cause in causes] == ["subsets[0].addresses[0].ip"]


@pytest.mark.parametrize(("size", "good"), [("2Mi", True), ("500m", False), ("x", False)])
def test_huge_pages_come_in_whole_bytes(size: str, good: bool) -> None:
    resources = {"limits": {f"hugepages-{size}": "4Mi", "cpu": "1"}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [container(resources=resources)]},
    }
    assert bool(found(pod)) != good
