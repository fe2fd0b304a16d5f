"""Volumes and claims at the edges of the rules: each kind of source, what may change, what is dropped."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.objects import Objects

CLASS = "volume.beta.kubernetes.io/storage-class"


def volume(*, meta: Obj | None = None, **spec: Any) -> Obj:
    base = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}
    source = {} if any(name in spec for name in SOURCES) else {"hostPath": {"path": "/x"}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "v", **(meta or {})},
        "spec": {**base, **source, **spec},
    }


SOURCES = ("iscsi", "glusterfs", "azureFile", "cinder", "storageos", "csi", "local", "flexVolume")


def claim(*, meta: Obj | None = None, **spec: Any) -> Obj:
    base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", **(meta or {})},
        "spec": {**base, **spec},
    }


def found(obj: Obj) -> list[tuple[str, str]]:
    return [(field, message) for _, field, message in Objects().refused(obj)]


@pytest.mark.parametrize(
    ("source", "causes"),
    [
        (
            {"iscsi": {"iqn": "nope", "lun": 256, "initiatorName": "x", "chapAuthSession": True}},
            [
                ("spec.iscsi.targetPortal", "Required value"),
                ("spec.iscsi.iqn", 'Invalid value: "nope": must be valid format'),
                ("spec.iscsi.lun", "Invalid value: 256: must be between 0 and 255, inclusive"),
                ("spec.iscsi.secretRef", "Required value"),
                ("spec.iscsi.initiatorname", 'Invalid value: "x": must be valid format'),
            ],
        ),
        (
            {
                "iscsi": {
                    "iqn": "iqn.2001-04.com.example:disk",
                    "lun": 0,
                    "targetPortal": "p" * 63,
                    "initiatorName": "eui.0123456789abcdef",
                    "secretRef": {},
                }
            },
            [
                (
                    "spec.iscsi.targetportal",
                    f'Invalid value: "{"p" * 63}": Total length of <volume name>:<iscsi.targetPortal> must be under 64'
                    " characters if iscsi.initiatorName is specified.",
                ),
                ("spec.iscsi.secretRef.name", "Required value"),
            ],
        ),
        (
            {"iscsi": {"iqn": "iqn.2001-04.com.example:disk\n", "lun": 0, "targetPortal": "p"}},
            [("spec.iscsi.iqn", 'Invalid value: "iqn.2001-04.com.example:disk\\n": must be valid format')],
        ),
        (
            {"glusterfs": {"endpoints": "e", "path": "p", "endpointsNamespace": ""}},
            [
                (
                    "spec.glusterfs.endpointsNamespace",
                    'Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
                )
            ],
        ),
        (
            {"azureFile": {"secretName": "s", "shareName": "x", "secretNamespace": ""}},
            [("spec.azureFile.secretNamespace", "Required value")],
        ),
        (
            {"cinder": {"volumeID": "x", "secretRef": {}}},
            [("spec.cinder.secretRef.name", "Required value"), ("spec.cinder.secretRef.namespace", "Required value")],
        ),
        (
            {"storageos": {"volumeName": "", "secretRef": {"name": "s"}}},
            [
                ("spec.storageos.volumeName", "Required value"),
                ("spec.storageos.secretRef.namespace", "Required value"),
            ],
        ),
        (
            {"local": {"path": "/a/../b"}},
            [
                ("spec.local.path", "Invalid value: \"/a/../b\": must not contain '..'"),
                ("spec.nodeAffinity", "Required value: Local volume requires node affinity"),
            ],
        ),
        (
            {"csi": {"driver": "d", "volumeHandle": "h", "nodePublishSecretRef": {"name": "s"}}},
            [("spec.csi.nodePublishSecretRef.namespace", "Required value")],
        ),
        (
            {
                "csi": {"driver": "d", "volumeHandle": "h"},
                "flexVolume": {"driver": "", "options": {"k8s.io/x": "y"}},
            },
            [
                ("spec.flexVolume.driver", "Required value"),
                (
                    "spec.flexVolume.options[k8s.io/x]",
                    'Invalid value: "k8s.io/x": kubernetes.io and k8s.io namespaces are reserved',
                ),
                ("spec.csi", "Forbidden: may not specify more than 1 volume type"),
            ],
        ),
    ],
)
def test_each_source_has_its_rules(source: Obj, causes: list[tuple[str, str]]) -> None:
    assert found(volume(**source)) == causes


def affinity(key: str, *values: str) -> Obj:
    terms = [{"matchExpressions": [{"key": key, "operator": "In", "values": list(values)}]}]
    return {"required": {"nodeSelectorTerms": terms}}


def test_the_affinity_of_a_volume_may_only_take_newer_names_of_labels() -> None:
    objects = Objects()
    beta, stable = "failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"
    stored = objects.create(volume(nodeAffinity=affinity(beta, "a")))
    text = 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'
    at = "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key"
    assert objects.warnings == [f"{at}: {beta} is {text}"]
    (cause,) = objects.patch_refused(stored, {"spec": {"nodeAffinity": affinity(stable, "b")}})
    assert cause[1] == "nodeAffinity"
    assert cause[2].endswith("field is immutable, except for updating from beta label to GA")
    changed = objects.patch(stored, {"spec": {"nodeAffinity": affinity(stable, "a")}})
    assert changed["spec"]["nodeAffinity"] == affinity(stable, "a")
    (cause,) = objects.patch_refused(stored, {"spec": {"nodeAffinity": None}})
    assert cause[2].startswith("Invalid value: null: ")


def test_what_is_wrong_with_a_changed_volume_is_said_twice() -> None:
    objects = Objects()
    stored = objects.create(volume())
    causes = objects.patch_refused(stored, {"spec": {"persistentVolumeReclaimPolicy": "Z"}})
    assert [cause[1] for cause in causes] == ["spec.persistentVolumeReclaimPolicy"] * 2


def test_a_claimed_volume_keeps_its_reference_as_given() -> None:
    assert Objects().create(volume(claimRef={"name": "c"}))["spec"]["claimRef"] == {"name": "c"}


# claims


def test_sources_in_other_namespaces_are_dropped() -> None:
    ref = {"kind": "PersistentVolumeClaim", "name": "a", "namespace": "other"}
    assert "dataSourceRef" not in Objects().create(claim(dataSourceRef=ref))["spec"]


def test_a_source_that_the_old_field_cannot_name_is_dropped() -> None:
    other = {"apiGroup": "example.com", "kind": "Thing", "name": "a"}
    assert "dataSource" not in Objects().create(claim(dataSource=other))["spec"]
    assert Objects().create(claim(dataSourceRef=other))["spec"]["dataSource"] == other


def test_sources_that_disagree_are_refused() -> None:
    one, other = ({"kind": "PersistentVolumeClaim", "name": name} for name in "ab")
    assert found(claim(dataSource=one, dataSourceRef=other)) == [
        ("spec", "Invalid value: {}: must match dataSourceRef")
    ]


def test_the_class_in_an_annotation_is_fixed() -> None:
    objects = Objects()
    stored = objects.create(claim(meta={"annotations": {CLASS: "fast"}}))
    causes = objects.patch_refused(stored, {"metadata": {"annotations": {CLASS: "slow"}}})
    assert [cause[1:] for cause in causes] == [
        (f"metadata.annotations.{CLASS}", 'Invalid value: "slow": field is immutable')
    ]


@pytest.mark.parametrize(("name", "what"), [(None, "nil"), ("", "empty string")])
def test_attributes_that_are_applied_are_not_taken_away(name: str | None, what: str) -> None:
    objects = Objects()
    stored = objects.create(claim(volumeAttributesClassName="gold"))
    change = {"spec": {"volumeAttributesClassName": name}}
    status = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    stored = objects.patch(stored, {"status": status}, subresource="status")
    assert objects.patch_refused(stored, change) == []
    stored = objects.patch(stored, {"spec": {"volumeAttributesClassName": "gold"}})
    current = {"currentVolumeAttributesClassName": "gold"}
    stored = objects.patch(stored, {"status": current}, subresource="status")
    text = f"Forbidden: update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil"
    assert [cause[1:] for cause in objects.patch_refused(stored, change)] == [("spec.volumeAttributesClassName", text)]


def test_a_status_tells_of_storage_only() -> None:
    objects = Objects()
    stored = objects.create(claim())
    status = {
        "allocatedResourceStatuses": {"cpu": "Odd", "a b": "NodeResizePending"},
        "allocatedResources": {"kubernetes.io/x": "1", "storage": "-1"},
    }
    causes = objects.patch_refused(stored, {"status": status}, subresource="status")
    assert [(cause[0], cause[1]) for cause in causes] == [
        ("FieldValueNotSupported", "status.allocatedResourceStatuses"),
        ("FieldValueNotSupported", "status.allocatedResourceStatuses"),
        ("FieldValueInvalid", "status.allocatedResourceStatuses"),
        ("FieldValueNotSupported", "status.allocatedResources"),
        ("FieldValueInvalid", "status.allocatedResources[storage]"),
    ]


def test_parts_of_bytes_are_warned_of() -> None:
    objects = Objects()
    objects.create(claim(resources={"requests": {"storage": "100m"}, "limits": {"storage": "200m"}}))
    assert objects.warnings == [
        'spec.resources.requests[storage]: fractional byte value "100m" is invalid, must be an integer',
        'spec.resources.limits[storage]: fractional byte value "200m" is invalid, must be an integer',
    ]
