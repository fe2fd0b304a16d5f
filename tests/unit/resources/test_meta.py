"""ObjectMeta: what every kind has in common."""

from __future__ import annotations

import pytest

from clusters.machinery.field import Path
from clusters.machinery.types import Obj
from clusters.resources.common.differences import shown_difference
from clusters.resources.common.internal_types import internal
from clusters.resources.common.labels import selector_errors
from tests.support.objects import Objects, pod


@pytest.mark.parametrize(
    ("meta", "fields"),
    [
        ({"labels": {"app.kubernetes.io/name": "x", "a": ""}}, []),
        ({"labels": {"-a": "x"}}, ["metadata.labels"]),
        ({"labels": {"a": "x y"}}, ["metadata.labels"]),
        ({"labels": {"Example.com/a": "x"}}, ["metadata.labels"]),
        ({"annotations": {"Example.com/a": "any text\nat all"}}, []),
        ({"annotations": {"a b": "x"}}, ["metadata.annotations"]),
        ({"finalizers": ["example.com/f", "foregroundDeletion"]}, []),
        ({"finalizers": ["orphan", "foregroundDeletion"]}, ["metadata.finalizers"]),
        ({"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "u"}]}, []),
    ],
)
def test_what_metadata_may_hold(meta: Obj, fields: list[str]) -> None:
    assert [field for _, field, _ in Objects().refused(pod(meta=meta))] == fields


def test_what_goes_gets_no_new_finalizers() -> None:
    objects = Objects()
    stored = objects.create(pod(meta={"finalizers": ["a/b"]}))
    going, gone = objects.delete(stored)
    assert not gone
    found = objects.patch_refused(going, {"metadata": {"finalizers": ["a/b", "c/d"]}})
    text = "no new finalizers can be added if the object is being deleted, found new finalizers "
    assert ("FieldValueForbidden", "metadata.finalizers", f'Forbidden: {text}[]string{{"c/d"}}') in found


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        (None, []),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}, []),
        (
            {"matchExpressions": [{"key": "a", "operator": "In"}]},
            ["s.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"],
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
            [
                "s.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or"
                " 'DoesNotExist'"
            ],
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]},
            ['s.matchExpressions[0].operator: Invalid value: "Gt": not a valid selector operator'],
        ),
    ],
)
def test_label_selectors(selector: Obj | None, wanted: list[str]) -> None:
    assert [error.text() for error in selector_errors(selector, Path("s"))] == wanted


def test_differences_are_hunks_of_internal_types() -> None:
    old = {"containers": [{"name": "c", "image": "a<b"}], "nodeSelector": {"b": "1", "a": "2"}, "hostNetwork": True}
    new = {**old, "containers": [{"name": "c", "image": "b"}], "hostNetwork": False}
    assert shown_difference(old, new, "PodSpec").splitlines() == [
        "@@ -4,7 +4,7 @@",
        '  "Containers": [',
        "   {",
        '    "Name": "c",',
        '-   "Image": "a\\u003cb",',
        '+   "Image": "b",',
        '    "Command": null,',
        '    "Args": null,',
        '    "WorkingDir": "",',
        "@@ -47,7 +47,7 @@",
        '  "AutomountServiceAccountToken": null,',
        '  "NodeName": "",',
        '  "SecurityContext": {',
        '-  "HostNetwork": true,',
        '+  "HostNetwork": false,',
        '   "HostPID": false,',
        '   "HostIPC": false,',
        '   "ShareProcessNamespace": null,',
    ]


def test_a_claim_is_shown_with_its_selector_as_on_the_wire() -> None:
    selector = {"matchExpressions": [{"operator": "Exists", "key": "a"}], "matchLabels": {"c": "d", "b": "e"}}
    shown = internal({"selector": selector, "resources": {"requests": {"storage": "1Gi"}}}, "PersistentVolumeClaimSpec")
    assert list(shown)[:3] == ["AccessModes", "Selector", "Resources"]
    assert list(shown["Selector"]) == ["matchLabels", "matchExpressions"]
    assert list(shown["Selector"]["matchLabels"]) == ["b", "c"]
    assert shown["Resources"] == {"Limits": None, "Requests": {"storage": "1Gi"}}


def test_types_that_hold_others_show_their_fields_as_own_ones() -> None:
    probe = internal({"exec": {"command": ["x"]}, "periodSeconds": 10}, "Probe")
    assert probe["Exec"] == {"Command": ["x"]}
    assert probe["PeriodSeconds"] == 10
    assert "ProbeHandler" not in probe
    claim = {"metadata": {"labels": {"a": "b"}}, "spec": {"volumeMode": "Block"}}
    volume = internal({"name": "v", "ephemeral": {"volumeClaimTemplate": claim}}, "Volume")
    template = volume["Ephemeral"]["VolumeClaimTemplate"]
    assert template["labels"] == {"a": "b"}
    assert template["Spec"]["VolumeMode"] == "Block"
