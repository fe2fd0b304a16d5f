"""Autoscalers in two versions, volumes, claims, custom resource definitions, and the catalogue as a whole."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from clusters.machinery import schema
from clusters.machinery.types import Obj
from clusters.resources.autoscaling.conversion import v1_to_v2, v2_to_v1
from clusters.resources.catalog import BUILTIN
from tests.support.objects import START, Objects

TARGET = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}


def cells(objects: Objects, obj: Obj) -> dict[str, Any]:
    return {c.name: c.value(obj, START) for c in objects.resource(obj).columns}


def autoscaler(version: str = "v2", **spec: Any) -> Obj:
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": TARGET, **spec},
    }


def utilization(name: str, percent: int) -> Obj:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": name, "target": target}}


def volume(**spec: Any) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "v"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/tmp"},
            **spec,
        },
    }


def claim(**spec: Any) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c"},
        "spec": {
            "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "fast",
            **spec,
        },
    }


def definition(**spec: Any) -> Obj:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "tabs.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "tabs", "kind": "Tab"},
            "versions": [version],
            **spec,
        },
    }


def test_the_old_version_holds_what_it_can_and_remembers_the_rest() -> None:
    metrics = [utilization("memory", 70), utilization("cpu", 50)]
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 5}}
    new = autoscaler(metrics=metrics, behavior=behavior, minReplicas=1)
    old = v2_to_v1(deepcopy(new))
    assert old["apiVersion"] == "autoscaling/v1"
    assert old["spec"]["targetCPUUtilizationPercentage"] == 50
    assert set(old["metadata"]["annotations"]) == {
        "autoscaling.alpha.kubernetes.io/metrics",
        "autoscaling.alpha.kubernetes.io/behavior",
    }
    back = v1_to_v2(old)
    assert back["spec"]["behavior"] == behavior
    assert "annotations" not in back["metadata"]
    assert sorted(m["resource"]["name"] for m in back["spec"]["metrics"]) == ["cpu", "memory"]


def test_an_autoscaler_fills_its_behavior_when_it_has_any() -> None:
    spec = Objects().create(autoscaler(behavior={"scaleUp": {"selectPolicy": "Min"}}))["spec"]
    assert spec["metrics"] == [utilization("cpu", 80)]
    assert spec["minReplicas"] == 1
    assert spec["behavior"]["scaleUp"]["selectPolicy"] == "Min"
    assert spec["behavior"]["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert spec["behavior"]["scaleDown"]["policies"] == [{"type": "Percent", "value": 100, "periodSeconds": 15}]


def test_the_source_of_a_volume_is_fixed() -> None:
    objects = Objects()
    stored = objects.create(volume())
    assert stored["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert stored["spec"]["volumeMode"] == "Filesystem"
    ((reason, field, message),) = objects.patch_refused(stored, {"spec": {"hostPath": {"path": "/var"}}})
    assert (reason, field) == ("FieldValueForbidden", "spec.persistentvolumesource")
    assert message.startswith("Forbidden: spec.persistentvolumesource is immutable after creation\n@@ -")


def test_columns_of_a_volume_and_a_claim() -> None:
    objects = Objects()
    stored = objects.create(volume(claimRef={"namespace": "n", "name": "c"}, storageClassName="fast"))
    shown = cells(objects, stored)
    assert (shown["Capacity"], shown["Access Modes"], shown["Claim"]) == ("1Gi", "RWO", "n/c")
    asked = objects.create(claim())
    assert cells(objects, asked)["Capacity"] == ""
    assert cells(objects, asked)["Status"] == "Pending"


def test_a_bound_claim_may_only_grow() -> None:
    objects = Objects()
    stored = objects.create(claim())
    bound = objects.patch(stored, {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}, subresource="status")
    larger = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    assert objects.patch(bound, larger)["spec"]["resources"]["requests"]["storage"] == "2Gi"
    smaller = {"spec": {"resources": {"requests": {"storage": "512Mi"}}}}
    ((_, field, message),) = objects.patch_refused(bound, smaller)
    assert field == "spec.resources.requests.storage"
    assert message == "Forbidden: field can not be less than status.capacity"


def test_a_definition_names_itself_and_keeps_its_versions() -> None:
    objects = Objects()
    stored = objects.create(definition())
    assert stored["spec"]["names"] == {"plural": "tabs", "kind": "Tab", "singular": "tab", "listKind": "TabList"}
    assert stored["spec"]["conversion"] == {"strategy": "None"}
    assert stored["status"]["storedVersions"] == ["v1"]
    second = {**stored["spec"]["versions"][0], "name": "v2"}
    both = objects.patch(stored, {"spec": {"versions": [{**stored["spec"]["versions"][0], "storage": False}, second]}})
    assert both["status"]["storedVersions"] == ["v1", "v2"]


@pytest.mark.parametrize(
    "root,field",
    [
        ({"type": "object", "properties": {"spec": {}}}, "properties[spec].type"),
        ({"type": "object", "properties": {"a": {"type": "array"}}}, "properties[a].items"),
        ({"type": "object", "anyOf": [{"type": "object"}]}, "anyOf[0].type"),
        ({"type": "object", "properties": {"a": {"type": "object", "nullable": True, "default": None}}}, ""),
    ],
)
def test_schemas_must_be_structural(root: Obj, field: str) -> None:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}}
    found = Objects().refused(definition(versions=[version]))
    fields = [at.removeprefix("spec.validation.openAPIV3Schema.").split("openAPIV3Schema.")[-1] for _, at, _ in found]
    assert (field in fields) if field else not fields, found


def test_the_catalogue_is_whole() -> None:
    qualified = [r.qualified for r in BUILTIN]
    assert len(qualified) == len(set(qualified))
    definitions = schema.definitions()
    for resource in BUILTIN:
        for version in resource.versions:
            assert not version.schema or definitions.type(version.schema).fields, resource.qualified
        names = [column.name for column in resource.columns]
        assert len(names) == len(set(names)), resource.qualified
        if resource.columns:
            assert "Name" in names, resource.qualified
        # A real server finds no text for the handler of RuntimeClasses.
        silent = [c.name for c in resource.columns if not c.description]
        assert resource.internal or silent in ([], ["Handler"]), resource.qualified


def test_the_default_ingress_class_is_marked() -> None:
    mark = {"ingressclass.kubernetes.io/is-default-class": "true"}
    obj = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"},
    }
    objects = Objects()
    name = objects.resource(obj).columns[0].value
    assert name(obj, 0) == "nginx"
    assert name({**obj, "metadata": {"name": "nginx", "annotations": mark}}, 0) == "nginx (default)"
