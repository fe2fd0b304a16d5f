"""Drivers, their Nodes, attachments, capacities and classes: what changes, what is refused, what is warned of."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.objects import Objects


def storage(kind: str, *, name: str = "a.example.com", **fields: Any) -> Obj:
    return {"apiVersion": "storage.k8s.io/v1", "kind": kind, "metadata": {"name": name}, **fields}


def attachment(**spec: Any) -> Obj:
    source = {"persistentVolumeName": "pv"}
    return storage("VolumeAttachment", spec={"attacher": "a", "nodeName": "n", "source": source, **spec})


def test_a_driver_has_a_generation_once_its_spec_has_changed() -> None:
    objects = Objects()
    stored = objects.create(storage("CSIDriver", spec={}))
    assert "generation" not in stored["metadata"]
    labelled = objects.patch(stored, {"metadata": {"labels": {"a": "b"}}})
    assert "generation" not in labelled["metadata"]
    changed = objects.patch(stored, {"spec": {"fsGroupPolicy": "File"}})
    assert (changed["metadata"]["generation"], changed["spec"]["fsGroupPolicy"]) == (1, "File")


def test_a_driver_that_gets_tokens_should_say_where() -> None:
    objects = Objects()
    stored = objects.create(storage("CSIDriver", spec={"tokenRequests": [{"audience": "a"}]}))
    assert [w.split(" is ")[0] for w in objects.warnings] == ["spec.serviceAccountTokenInSecrets"]
    objects.patch(stored, {"spec": {"requiresRepublish": True}})
    assert objects.warnings == []
    objects.patch(stored, {"spec": {"serviceAccountTokenInSecrets": False, "tokenRequests": [{"audience": "b"}]}})
    assert objects.warnings == []


def test_tokens_in_secrets_need_tokens() -> None:
    found = Objects().refused(storage("CSIDriver", spec={"serviceAccountTokenInSecrets": True}))
    why = "Invalid value: true: serviceAccountTokenInSecrets is set but no tokenRequests are specified"
    assert found == [("FieldValueInvalid", "spec.serviceAccountTokenInSecrets", why)]


def test_of_an_audience_that_comes_twice_nothing_more_is_said() -> None:
    requests = [{"audience": "a"}, {"audience": "a", "expirationSeconds": 1}]
    found = Objects().refused(storage("CSIDriver", spec={"tokenRequests": requests}))
    assert [(reason, field) for reason, field, _ in found] == [
        ("FieldValueDuplicate", "spec.tokenRequests[1].audience")
    ]


def test_what_a_node_can_attach_may_change_and_nothing_else_of_a_driver() -> None:
    objects = Objects()
    driver = {"name": "d.io", "nodeID": "n", "allocatable": {"count": 3}}
    stored = objects.create(storage("CSINode", name="node", spec={"drivers": [driver]}))
    objects.patch(stored, {"spec": {"drivers": [{**driver, "allocatable": {"count": 5}}]}})
    found = objects.patch_refused(stored, {"spec": {"drivers": [{**driver, "nodeID": "other"}]}})
    shown = '{"Name":"d.io","NodeID":"other","TopologyKeys":null,"Allocatable":null}'
    assert found == [("FieldValueInvalid", "spec.drivers", f"Invalid value: {shown}: field is immutable")]


def test_a_node_id_has_an_end() -> None:
    drivers = [{"name": "d.io", "nodeID": "x" * 257}]
    found = Objects().refused(storage("CSINode", name="node", spec={"drivers": drivers}))
    assert [(field, text.rsplit(": ", 1)[1]) for _, field, text in found] == [
        ("spec.drivers[0].nodeID", "must be 256 characters or less")
    ]


def test_the_status_of_an_attachment_is_checked_and_leaves_its_labels_alone() -> None:
    objects = Objects()
    stored = objects.create(attachment())
    problem = {"message": "x" * 1025, "errorCode": -1}
    found = objects.patch_refused(stored, {"status": {"attachError": problem}}, subresource="status")
    assert [(field, text) for _, field, text in found] == [
        ("status.attachError.message", "Too long: may not be more than 262144 bytes"),
        ("status.attachError.errorCode", "Invalid value: -1: must be between 0 and 2147483647, inclusive"),
    ]
    change = {"metadata": {"labels": {"a": "b"}}, "status": {"attached": True}}
    changed = objects.patch(stored, change, subresource="status")
    assert changed["status"] == {"attached": True}
    assert "labels" not in changed["metadata"]


def test_an_attacher_s_form_is_asked_for_only_once() -> None:
    found = Objects().refused(attachment(attacher="a_b"))
    assert [field for _, field, _ in found] == ["spec.attacher"]


def test_attributes_of_a_class_are_fixed() -> None:
    objects = Objects()
    stored = objects.create(storage("VolumeAttributesClass", driverName="a", parameters={"iops": "1"}))
    found = objects.patch_refused(stored, {"driverName": "b", "parameters": {"iops": "2"}})
    assert [(field, text) for _, field, text in found] == [
        ("driverName", "Forbidden: updates to driverName are forbidden."),
        ("parameters", "Forbidden: updates to parameters are forbidden."),
    ]


ZONE = "failure-domain.beta.kubernetes.io/zone"
OLD = 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'


@pytest.mark.parametrize(
    ("obj", "wanted"),
    [
        (
            storage(
                "StorageClass",
                provisioner="p",
                allowedTopologies=[{"matchLabelExpressions": [{"key": ZONE, "values": ["a"]}]}],
            ),
            [f"allowedTopologies[0].matchLabelExpressions[0].key: {OLD}"],
        ),
        (
            storage(
                "CSIStorageCapacity",
                storageClassName="s",
                nodeTopology={"matchExpressions": [{"key": ZONE, "operator": "Exists"}], "matchLabels": {ZONE: "a"}},
            ),
            [
                f"nodeTopology.matchExpressions[0].key: {ZONE} is {OLD}",
                f"nodeTopology.matchLabels.{ZONE}: {OLD}",
            ],
        ),
    ],
)
def test_old_labels_of_nodes_are_warned_of(obj: Obj, wanted: list[str]) -> None:
    objects = Objects()
    objects.create(obj)
    assert objects.warnings == wanted
