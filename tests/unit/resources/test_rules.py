"""Everything that can be wrong in Pods and workloads, several things at a time: causes, their order, their words.

The table was written beside the real server's validation code; each object breaks many rules at once, because
the order of the causes is part of what clients see.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.objects import Objects, cron_job, pod, workload

CASES: list[Any] = json.loads((Path(__file__).parent / "data" / "rules.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_finds_all_that_is_wrong_in_order(case: Obj) -> None:
    objects = Objects()
    if "patch" not in case:
        found = objects.refused(case["object"])
    else:
        stored = objects.create(case["object"])
        if "status" in case:
            stored = objects.patch(stored, {"status": case["status"]}, subresource="status")
        found = objects.patch_refused(stored, case["patch"], subresource=case.get("subresource", ""))
    assert [[field, message.split("\n")[0]] for _, field, message in found] == case["causes"]


def test_an_object_too_large_in_annotations() -> None:
    found = Objects().refused(pod(meta={"annotations": {"a": "x" * 300_000}}))
    assert found == [("FieldValueTooLong", "metadata.annotations", "Too long: may not be more than 262144 bytes")]


@pytest.mark.parametrize("name", ["a" * 254, "-a", "a_b", "a..b"])
def test_a_pod_name_is_a_subdomain(name: str) -> None:
    assert [field for _, field, _ in Objects().refused(pod(name=name))] == ["metadata.name"]


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("every day", "expected exactly 5 fields, found 2: [every day]"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("a * * * *", 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'),
        ("@foo", "unrecognized descriptor: @foo"),
        ("@every 5", 'failed to parse duration @every 5: time: missing unit in duration "5"'),
        ("@every x", 'failed to parse duration @every x: time: invalid duration "x"'),
        ("@every 1y", 'failed to parse duration @every 1y: time: unknown unit "y" in duration "1y"'),
    ],
)
def test_a_schedule_is_refused_in_the_parser_s_words(schedule: str, why: str) -> None:
    found = Objects().refused(cron_job(schedule=schedule))
    assert found == [("FieldValueInvalid", "spec.schedule", f"Invalid value: {json.dumps(schedule)}: {why}")]


@pytest.mark.parametrize("schedule", ["@daily", "@every 1h30m", "* * * jan SUN", "*/5 0-6,12 ? * mon-fri", "0 0 1 1 *"])
def test_a_schedule_is_accepted(schedule: str) -> None:
    assert Objects().refused(cron_job(schedule=schedule)) == []


@pytest.mark.parametrize(
    ("zone", "why"),
    [
        ("", ["timeZone must be nil or non-empty string"]),
        ("Nope/Zone", ["unknown time zone Nope/Zone"]),
        ("../x", ["unknown time zone ../x"]),
        ("Local", ["timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"]),
        ("Europe/Berlin", []),
        ("Etc/UTC", []),
    ],
)
def test_time_zones(zone: str, why: list[str]) -> None:
    found = Objects().refused(cron_job(timeZone=zone))
    assert [message for _, _, message in found] == [f"Invalid value: {json.dumps(zone)}: {text}" for text in why]


def test_a_claim_template_is_a_volume_of_the_pods() -> None:
    mounts = [{"name": "data", "mountPath": "/data"}]
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    template = {"containers": [{"name": "c", "image": "x", "volumeMounts": mounts}]}
    with_claim = workload("StatefulSet", template=template, volumeClaimTemplates=[claim])
    assert Objects().refused(with_claim) == []
    without = Objects().refused(workload("StatefulSet", template=template))
    assert [message for _, _, message in without] == ['Not found: "data"']
