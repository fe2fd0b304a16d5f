"""Priority levels and flow schemas."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.types import Obj
from clusters.resources.flowcontrol.bootstrap import bootstrap_objects
from tests.support.objects import Objects

API = "flowcontrol.apiserver.k8s.io/v1"
EVERYBODY = {"kind": "Group", "group": {"name": "system:authenticated"}}


def flow_schema(*subjects: Obj, name: str = "f", **rule: Any) -> Obj:
    return {
        "apiVersion": API,
        "kind": "FlowSchema",
        "metadata": {"name": name},
        "spec": {
            "priorityLevelConfiguration": {"name": "global-default"},
            "rules": [{"subjects": list(subjects) or [EVERYBODY], **rule}],
        },
    }


def level(name: str = "l", **limited: Any) -> Obj:
    response = {"limitResponse": {"type": "Reject"}}
    spec = {"type": "Limited", "limited": {**response, **limited}}
    return {"apiVersion": API, "kind": "PriorityLevelConfiguration", "metadata": {"name": name}, "spec": spec}


def queue(**queuing: int) -> Obj:
    return {"limitResponse": {"type": "Queue", "queuing": queuing}}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("/healthz", ""),
        ("/apis/*", ""),
        ("", "must not be empty"),
        ("healthz", "must start with slash"),
        ("/a b", "must not contain white-space"),
        ("/a//b", "must not contain double slash"),
        ("/a*", "wildcard can only do suffix matching"),
        ("/*/a/*", "wildcard can only do suffix matching"),
    ],
)
def test_urls(url: str, why: str) -> None:
    rules = [{"verbs": ["get"], "nonResourceURLs": [url]}]
    found = Objects().refused(flow_schema(nonResourceRules=rules))
    assert [text.rsplit(": ", 1)[1] for _, _, text in found] == ([why] if why else [])


def test_a_subject_is_of_one_kind() -> None:
    rules = [{"verbs": ["get"], "nonResourceURLs": ["*"]}]
    account = {"kind": "ServiceAccount", "serviceAccount": {"name": "*"}, "user": {"name": "x"}}
    found = Objects().refused(flow_schema(account, nonResourceRules=rules))
    assert [(field, text) for _, field, text in found] == [
        (
            "spec.rules[0].subjects[0].serviceAccount.namespace",
            "Required value: must specify namespace for service account",
        ),
        ("spec.rules[0].subjects[0].user", "Forbidden: user is forbidden when subject kind is not 'User'"),
    ]


@pytest.mark.parametrize(
    ("limited", "wanted"),
    [
        ({"borrowingLimitPercent": -1}, ["if specified, must be a non-negative integer"]),
        (queue(queues=10_000_001, handSize=1), ["must not be greater than 10000000"]),
        (
            queue(queues=1024, handSize=7),
            ["required entropy bits of deckSize 1024 and handSize 7 should not be greater than 60"],
        ),
        (queue(queues=64, handSize=6), []),
    ],
)
def test_limits(limited: Obj, wanted: list[str]) -> None:
    assert [text.rsplit(": ", 1)[1] for _, _, text in Objects().refused(level(**limited))] == wanted


@pytest.mark.parametrize("kind", ["FlowSchema", "PriorityLevelConfiguration"])
def test_what_every_cluster_has_stays_as_it_is(kind: str) -> None:
    objects = Objects()
    fixed = next(o for _, _, o in bootstrap_objects() if o["kind"] == kind and o["metadata"]["name"] == "catch-all")
    stored = objects.create(fixed)
    change = {"matchingPrecedence": 9999} if kind == "FlowSchema" else {"limited": {"nominalConcurrencyShares": 6}}
    found = objects.patch_refused(stored, {"spec": change})
    assert [(field, text.rsplit(": ", 1)[1]) for _, field, text in found] == [
        ("spec", "spec of 'catch-all' must equal the fixed value")
    ]


def test_a_status_write_changes_no_labels() -> None:
    objects = Objects()
    stored = objects.create(level())
    condition = {"type": "", "status": "True"}
    found = objects.patch_refused(stored, {"status": {"conditions": [condition]}}, subresource="status")
    assert [field for _, field, _ in found] == ["status.conditions[0].type"]
    change = {"metadata": {"labels": {"a": "b"}}, "status": {"conditions": [{**condition, "type": "X"}]}}
    assert "labels" not in objects.patch(stored, change, subresource="status")["metadata"]
