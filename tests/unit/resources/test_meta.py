"""ObjectMeta: what every kind has in common."""

from __future__ import annotations

import pytest

from clusters.machinery.field import Path
from clusters.machinery.types import Obj
from clusters.resources.common.differences import shown_difference
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


def test_differences_are_hunks_under_go_names() -> None:
    old = {"containers": [{"name": "c", "image": "a"}], "nodeSelector": {"disk": "ssd"}, "dnsPolicy": "Default"}
    new = {**old, "containers": [{"name": "c", "image": "b"}]}
    assert shown_difference(old, new).splitlines() == [
        "@@ -1,7 +1,7 @@",
        " {",
        '  "Containers": [',
        "   {",
        '-   "Image": "a",',
        '+   "Image": "b",',
        '    "Name": "c"',
        "   }",
        "  ],",
    ]
