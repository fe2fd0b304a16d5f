"""Jobs and CronJobs."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.kernel.clock import SECOND
from clusters.machinery.types import Obj
from clusters.resources.batch.indexes import count_indexes, first_common
from clusters.resources.batch.schedule import parse
from tests.support.objects import START, Objects, container, cron_job, job

T0, T1 = "2026-05-01T00:00:00Z", "2026-05-01T00:01:30Z"


def cells(objects: Objects, obj: Obj, now: int = START) -> dict[str, Any]:
    return {c.name: c.value(obj, now) for c in objects.resource(obj).columns}


def test_a_job_marks_its_pods() -> None:
    stored = Objects().create(job())
    uid = stored["metadata"]["uid"]
    marks = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": "j",
        "controller-uid": uid,
        "job-name": "j",
    }
    assert stored["spec"]["template"]["metadata"]["labels"] == marks
    assert stored["metadata"]["labels"] == marks
    assert stored["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def test_a_job_with_its_own_selector_is_left_alone() -> None:
    obj = job(manualSelector=True, selector={"matchLabels": {"a": "b"}})
    obj["spec"]["template"]["metadata"] = {"labels": {"a": "b"}}
    stored = Objects().create(obj)
    assert stored["spec"]["selector"] == {"matchLabels": {"a": "b"}}
    assert stored["metadata"]["labels"] == {"a": "b"}


def test_labels_that_were_to_be_generated_may_not_differ() -> None:
    obj = job()
    obj["spec"]["template"]["metadata"] = {"labels": {"job-name": "other"}}
    found = Objects().refused(obj)
    assert found == [
        ("FieldValueInvalid", "spec.template.metadata.labels[job-name]", "Invalid value: \"other\": must be 'j'")
    ]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {"completions": 1, "parallelism": 1, "backoffLimit": 6}),
        ({"parallelism": 3}, {"completions": None, "parallelism": 3}),
        ({"completions": 3}, {"completions": 3, "parallelism": 1}),
        (
            {"completions": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 1},
            {"backoffLimit": 2147483647},
        ),
        ({"podFailurePolicy": {"rules": []}}, {"podReplacementPolicy": "Failed"}),
    ],
)
def test_defaults(given: Obj, wanted: Obj) -> None:
    spec = Objects().create(job(**given))["spec"]
    assert {name: spec.get(name) for name in wanted} == wanted


def test_a_deleted_job_leaves_its_pods_unless_told() -> None:
    objects = Objects()
    deleted, gone = objects.delete(objects.create(job()))
    assert (deleted["metadata"]["finalizers"], gone) == (["orphan"], False)


def test_a_suspended_job_may_move() -> None:
    objects = Objects()
    stored = objects.create(job(suspend=True))
    pods = {
        "nodeSelector": {"a": "b"},
        "tolerations": [{"operator": "Exists"}],
        "containers": [{**stored["spec"]["template"]["spec"]["containers"][0], "resources": {"limits": {"cpu": "1"}}}],
    }
    changed = objects.patch(stored, {"spec": {"template": {"spec": pods}}})
    assert changed["metadata"]["generation"] == 2
    image = {"spec": {"template": {"spec": {"containers": [{**pods["containers"][0], "image": "x"}]}}}}  # type: ignore[index]
    found = objects.patch_refused(changed, image)
    assert [(field, message[-18:]) for _, field, message in found] == [("spec.template", "field is immutable")]


def test_a_job_that_runs_may_not() -> None:
    objects = Objects()
    stored = objects.create(job(suspend=True))
    objects.patch(stored, {"status": {"startTime": T0, "active": 1}}, subresource="status")
    found = objects.patch_refused(stored, {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}})
    assert [field for _, field, _ in found] == ["spec.template"]


FINISHED = [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]
COMPLETE = {"startTime": T0, "completionTime": T1, "succeeded": 1, "conditions": FINISHED}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"conditions": []}, "cannot disable the terminal Complete=True condition"),
        ({"succeeded": 0}, "cannot decrease the succeeded counter"),
        ({"completionTime": "2026-05-01T00:02:00Z"}, "completionTime cannot be mutated"),
        ({"startTime": None}, "field is immutable for unsuspended job once set"),
        ({"active": 1}, "active>0 is invalid for finished job"),
        ({"ready": 1}, "cannot set more ready pods than active"),
        ({"uncountedTerminatedPods": {"failed": ["a"]}}, "uncountedTerminatedPods needs to be empty"),
        (
            {"conditions": [*FINISHED, {"type": "Failed", "status": "True"}]},
            "cannot set Complete=True and Failed=true conditions",
        ),
    ],
)
def test_what_a_finished_job_s_status_may_not_become(change: Obj, words: str) -> None:
    objects = Objects()
    stored = objects.create(job())
    stored = objects.patch(stored, {"status": COMPLETE}, subresource="status")
    found = objects.patch_refused(stored, {"status": change}, subresource="status")
    assert any(words in message for _, _, message in found), found


def test_a_job_that_is_resumed_starts_again() -> None:
    def suspended(status: str) -> list[Obj]:
        return [{"type": "Suspended", "status": status}]

    objects = Objects()
    stored = objects.create(job())
    objects.patch(stored, {"status": {"startTime": T0, "conditions": suspended("True")}}, subresource="status")
    resumed = {"status": {"startTime": T1, "conditions": suspended("False")}}
    assert objects.patch(stored, resumed, subresource="status")["status"]["startTime"] == T1
    again = objects.patch_refused(stored, {"status": {"startTime": T0}}, subresource="status")
    assert [field for _, field, _ in again] == ["status.startTime"]


def test_an_update_s_faults_are_told_twice() -> None:
    objects = Objects()
    found = objects.patch_refused(objects.create(job()), {"spec": {"backoffLimit": -1}})
    assert [field for _, field, _ in found] == ["spec.backoffLimit", "spec.backoffLimit"]


def test_columns_of_a_job() -> None:
    objects = Objects()
    stored = objects.create(job(completions=3))
    assert cells(objects, stored)["Status"] == "Running"
    assert (cells(objects, stored)["Completions"], cells(objects, stored)["Duration"]) == ("0/3", "")
    done = {**stored, "status": {**COMPLETE, "succeeded": 3}}
    assert cells(objects, done)["Status"] == "Complete"
    assert (cells(objects, done)["Completions"], cells(objects, done)["Duration"]) == ("3/3", "90s")


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [({"parallelism": 1}, "0/1"), ({"parallelism": 4}, "0/1 of 4"), ({"completions": 2}, "0/2")],
)
def test_completions(spec: Obj, wanted: str) -> None:
    objects = Objects()
    assert cells(objects, objects.create(job(**spec)))["Completions"] == wanted


def test_columns_of_a_cron_job() -> None:
    objects = Objects()
    stored = objects.create(cron_job(schedule="*/5 * * * *", suspend=True))
    stored = objects.patch(
        stored, {"status": {"active": [{"name": "a"}], "lastScheduleTime": T0}}, subresource="status"
    )
    seen = cells(objects, stored)
    assert (seen["Schedule"], seen["Timezone"], seen["Suspend"], seen["Active"]) == ("*/5 * * * *", "<none>", "True", 1)
    assert (seen["Containers"], seen["Images"], seen["Selector"]) == ("c", "nginx", "<none>")


def test_a_cron_job_warns_of_zones_in_schedules() -> None:
    objects = Objects()
    stored = objects.create(cron_job())
    objects.patch(stored, {"metadata": {"labels": {"a": "b"}}})
    assert objects.warnings == []
    objects.create(cron_job(name="d", job_spec={"template": {"spec": _deprecated()}}))
    assert [w.partition(":")[0] for w in objects.warnings] == [
        "spec.jobTemplate.spec.template.spec.nodeSelector[beta.kubernetes.io/os]"
    ]


def _deprecated() -> Obj:
    return {"restartPolicy": "Never", "containers": [container()], "nodeSelector": {"beta.kubernetes.io/os": "linux"}}


def test_schedules() -> None:
    schedule = parse("*/20 1,3-4 13 * fri")
    assert (sorted(schedule.minutes), sorted(schedule.hours)) == ([0, 20, 40], [1, 3, 4])
    assert schedule.on_day(13, 1)
    assert schedule.on_day(2, 5)
    assert not schedule.on_day(2, 1)
    assert parse("0 0 13 * *").on_day(13, 1)
    assert not parse("0 0 13 * *").on_day(12, 1)
    assert parse("@hourly").minutes == {0}
    assert parse("@every 90s").every == 90 * SECOND
    assert parse("TZ=Europe/Berlin 0 3 * * *").zone == "Europe/Berlin"
    assert parse("5/15 * * * *").minutes == {5, 20, 35, 50}


def test_sets_of_indexes() -> None:
    assert count_indexes("", 5) == 0
    assert count_indexes("0,2-4", 5) == 4
    assert first_common("0-3,7", "4,6-9", 10) == 7
    assert first_common("0-3", "4-5", 10) is None
    assert first_common("x,3-5", "4", 10) == 4
    with pytest.raises(ValueError, match="at most two parts"):
        count_indexes("1-2-3", 5)
