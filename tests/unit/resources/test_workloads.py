"""Deployments and their kin: defaults, generations, template generation, warnings, columns."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.errors import BadRequest
from clusters.machinery.types import Obj
from clusters.resources.apps.daemon_set import TEMPLATE_GENERATION
from tests.support.objects import START, Objects, container, workload

APPS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")


def cells(objects: Objects, obj: Obj) -> dict[str, Any]:
    return {c.name: c.value(obj, START) for c in objects.resource(obj).columns}


@pytest.mark.parametrize("kind", APPS)
def test_a_changed_template_is_a_new_generation(kind: str) -> None:
    objects = Objects()
    stored = objects.create(workload(kind))
    same = objects.patch(stored, {"metadata": {"labels": {"a": "b"}}})
    assert same["metadata"]["generation"] == 1
    changed = objects.patch(stored, {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}})
    assert changed["metadata"]["generation"] == 2


def test_annotations_of_a_deployment_count_as_wanted() -> None:
    objects = Objects()
    stored = objects.create(workload("Deployment"))
    assert objects.patch(stored, {"metadata": {"annotations": {"a": "b"}}})["metadata"]["generation"] == 2


def test_a_deployment_s_status_write_keeps_its_labels() -> None:
    objects = Objects()
    stored = objects.create(workload("Deployment"))
    change = {"metadata": {"labels": {"a": "b"}, "annotations": {"r": "1"}}, "status": {"replicas": 1}}
    stored = objects.patch(stored, change, subresource="status")
    assert "labels" not in stored["metadata"]
    assert stored["metadata"]["annotations"] == {"r": "1"}
    assert (stored["status"]["replicas"], stored["metadata"]["generation"]) == (1, 1)


def test_a_collision_count_only_grows() -> None:
    objects = Objects()
    stored = objects.create(workload("Deployment"))
    objects.patch(stored, {"status": {"collisionCount": 2}}, subresource="status")
    found = objects.patch_refused(stored, {"status": {"collisionCount": 1}}, subresource="status")
    assert found == [("FieldValueInvalid", "status.collisionCount", "Invalid value: 1: cannot be decremented")]


def test_counts_that_are_not_given_are_more_than_a_negative_one() -> None:
    objects = Objects()
    stored = objects.create(workload("Deployment"))
    found = objects.patch_refused(stored, {"status": {"replicas": -1}}, subresource="status")
    more = "Invalid value: 0: cannot be greater than status.replicas"
    assert [(field, text) for _, field, text in found] == [
        ("status.replicas", "Invalid value: -1: must be greater than or equal to 0"),
        ("status.updatedReplicas", more),
        ("status.readyReplicas", more),
        ("status.availableReplicas", more),
    ]


def test_defaults_of_a_stateful_set() -> None:
    claim = {"metadata": {"name": "d"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    claim["spec"]["resources"] = {"requests": {"storage": "1Gi"}}  # type: ignore[index]
    stored = Objects().create(
        workload("StatefulSet", volumeClaimTemplates=[claim], updateStrategy={"rollingUpdate": {"maxUnavailable": 2}})
    )
    spec = stored["spec"]
    assert spec["podManagementPolicy"] == "OrderedReady"
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert (spec["replicas"], spec["revisionHistoryLimit"]) == (1, 10)
    template = spec["volumeClaimTemplates"][0]
    assert (template["kind"], template["apiVersion"]) == ("PersistentVolumeClaim", "v1")
    assert (template["spec"]["volumeMode"], template["status"]) == ("Filesystem", {"phase": "Pending"})
    assert stored["status"] == {"replicas": 0, "availableReplicas": 0}


def test_a_daemon_set_counts_its_templates() -> None:
    objects = Objects()
    stored = objects.create(workload("DaemonSet"))

    def generation(obj: Obj) -> str:
        return str(obj["metadata"]["annotations"][TEMPLATE_GENERATION])

    assert generation(stored) == "1"
    stored = objects.patch(stored, {"metadata": {"annotations": {TEMPLATE_GENERATION: "7"}}})
    assert generation(stored) == "1"
    stored = objects.patch(stored, {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}})
    assert generation(stored) == "2"
    with pytest.raises(BadRequest, match="strconv"):
        objects.patch(stored, {"metadata": {"annotations": {TEMPLATE_GENERATION: "x"}}})


def test_a_replication_controller_takes_labels_from_its_template() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container()]}}
    objects = Objects()
    stored = objects.create(
        {
            "apiVersion": "v1",
            "kind": "ReplicationController",
            "metadata": {"name": "rc"},
            "spec": {"template": template},
        }
    )
    assert (stored["spec"]["selector"], stored["metadata"]["labels"]) == ({"a": "b"}, {"a": "b"})
    assert objects.delete(stored)[0]["metadata"]["finalizers"] == ["orphan"]


@pytest.mark.parametrize("kind", APPS)
def test_warns_of_the_template(kind: str) -> None:
    objects = Objects()
    stored = objects.create(workload(kind, template={"nodeSelector": {"beta.kubernetes.io/os": "linux"}}))
    text = 'deprecated since v1.14; use "kubernetes.io/os" instead'
    wanted = [f"spec.template.spec.nodeSelector[beta.kubernetes.io/os]: {text}"]
    assert objects.warnings == wanted
    objects.patch(stored, {"metadata": {"labels": {"a": "b"}}})
    assert objects.warnings == []
    objects.patch(stored, {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}})
    assert objects.warnings == wanted


def test_warns_of_revisions_without_end() -> None:
    objects = Objects()
    objects.create(workload("StatefulSet", revisionHistoryLimit=-1))
    assert objects.warnings == [
        "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
    ]


def test_columns() -> None:
    objects = Objects()
    deployment = objects.create(workload("Deployment", replicas=3))
    deployment = objects.patch(
        deployment,
        {"status": {"replicas": 3, "readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1}},
        subresource="status",
    )
    assert cells(objects, deployment) == {
        "Name": "w",
        "Ready": "2/3",
        "Up-to-date": 3,
        "Available": 1,
        "Age": "0s",
        "Containers": "c",
        "Images": "nginx",
        "Selector": "app=w",
    }
    daemons = objects.create(workload("DaemonSet", name="d", template={"nodeSelector": {"b": "1", "a": "2"}}))
    assert cells(objects, daemons)["Node Selector"] == "a=2,b=1"
    sets = objects.create(workload("StatefulSet", name="s", replicas=0))
    assert cells(objects, sets)["Ready"] == "0/0"


def test_a_revision_names_its_controller() -> None:
    objects = Objects()
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "u", "controller": True}
    revision = objects.create(
        {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {"name": "web-1", "ownerReferences": [owner]},
            "revision": 4,
            "data": {},
        }
    )
    assert cells(objects, revision) == {
        "Name": "web-1",
        "Controller": "statefulset.apps/web",
        "Revision": 4,
        "Age": "0s",
    }


def test_a_negative_count_is_refused_beside_counts_that_are_not_told() -> None:
    objects = Objects()
    stored = objects.create(workload("ReplicaSet"))
    found = objects.patch_refused(stored, {"status": {"replicas": -1}}, subresource="status")
    text = "Invalid value: 0: cannot be greater than status.replicas"
    assert [cause[1:] for cause in found] == [
        ("status.replicas", "Invalid value: -1: must be greater than or equal to 0"),
        ("status.fullyLabeledReplicas", text),
        ("status.readyReplicas", text),
        ("status.availableReplicas", text),
    ]
