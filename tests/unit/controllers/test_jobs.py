"""Jobs: indexes, failure policies, schedules."""

import pytest

from clusters.components.controllers.job import pods as job_pods
from clusters.components.controllers.job.cron import Schedule
from clusters.components.controllers.job.progress import measure
from clusters.kernel.clock import SECOND, parse_rfc3339, rfc3339
from tests.support.cluster import Cluster


@pytest.mark.parametrize(
    ("text", "indexes"), [("", set()), ("1", {1}), ("0-3,5", {0, 1, 2, 3, 5}), ("1,2,4-6", {1, 2, 4, 5, 6})]
)
def test_index_lists_read_and_write(text, indexes):
    assert job_pods.parse_indexes(text) == indexes
    assert job_pods.format_indexes(indexes) == text


def pod(phase, *, name="p", code=1, finalizers=(job_pods.TRACKING,), **meta):
    ended = {"state": {"terminated": {"exitCode": code, "finishedAt": "2026-01-01T00:00:00Z"}}, "name": "c"}
    return {
        "metadata": {"name": name, "namespace": "default", "uid": name, "finalizers": list(finalizers), **meta},
        "spec": {},
        "status": {"phase": phase, "containerStatuses": [ended] if phase in ("Failed", "Succeeded") else []},
    }


def job(**spec):
    return {"metadata": {"name": "j"}, "spec": {"completions": 2, "parallelism": 2, **spec}}


def test_ended_pods_count_once():
    pods = [pod("Succeeded", name="a"), pod("Failed", name="b"), pod("Running", name="c")]
    status = {"uncountedTerminatedPods": {"succeeded": ["a"]}, "failed": 3}
    found = measure(job(), pods, status)
    assert (found.succeeded, found.failed, len(found.active)) == (1, 4, 1)
    assert found.new_succeeded == []
    assert found.new_failed == ["b"]


def test_pod_that_was_counted_and_let_go_counts_no_more():
    found = measure(job(), [pod("Succeeded", finalizers=())], {"succeeded": 1})
    assert found.succeeded == 1


RULE = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}


def test_failure_policy_names_what_failed():
    action, text = job_pods.failure_action(job(podFailurePolicy={"rules": [RULE]}), pod("Failed", code=42))
    assert action == "FailJob"
    assert text == "Container c for pod default/p failed with exit code 42 matching FailJob rule at index 0"
    assert job_pods.failure_action(job(podFailurePolicy={"rules": [RULE]}), pod("Failed", code=1))[0] == "Count"


def test_ignored_failures_do_not_count():
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    failed = pod("Failed")
    failed["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True"}]
    found = measure(job(podFailurePolicy={"rules": [rule]}), [failed], {})
    assert found.failed == 0
    assert found.ignored == [failed]


@pytest.mark.parametrize(
    ("line", "after", "following"),
    [
        ("*/5 * * * *", "2026-01-01T00:03:10Z", "2026-01-01T00:05:00Z"),
        ("0 3 * * 1", "2026-01-01T00:00:00Z", "2026-01-05T03:00:00Z"),
        ("@daily", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
    ],
)
def test_schedule_finds_its_next_time(line, after, following):
    found = Schedule.parse(line, "UTC").after(parse_rfc3339(after))
    assert found is not None
    assert rfc3339(found) == following


def test_schedule_keeps_to_its_time_zone():
    found = Schedule.parse("0 9 * * *", "Europe/Berlin").after(parse_rfc3339("2026-07-01T00:00:00Z"))
    assert found is not None
    assert rfc3339(found) == "2026-07-01T07:00:00Z"


def test_schedule_counts_what_was_missed():
    schedule = Schedule.parse("* * * * *", "UTC")
    start = parse_rfc3339("2026-01-01T00:00:00Z")
    last, missed = schedule.last_between(start, parse_rfc3339("2026-01-01T00:10:30Z"))
    assert (rfc3339(last), missed) == ("2026-01-01T00:10:00Z", 10)
    last, missed = schedule.last_between(start, parse_rfc3339("2026-01-03T00:00:30Z"))
    assert (rfc3339(last), missed) == ("2026-01-03T00:00:00Z", 101)


def test_indexed_job_runs_each_index_once():
    cluster = Cluster(workers=2, control_planes=0)
    spec = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox", "command": ["true"]}]}
    indexed = {"completionMode": "Indexed", "completions": 5, "parallelism": 2, "template": {"spec": spec}}
    cluster.create("jobs.batch", {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "ix"}, "spec": indexed})
    cluster.run_for(60)
    status = cluster.get("jobs.batch", "default", "ix")["status"]
    assert (status["succeeded"], status["completedIndexes"]) == (5, "0-4")
    assert sorted(p["metadata"]["labels"][job_pods.INDEX] for p in cluster.list("pods", "default")) == list("01234")
    hosts = {p["spec"]["hostname"] for p in cluster.list("pods", "default")}
    assert hosts == {f"ix-{i}" for i in range(5)}


def test_index_fails_for_itself_with_growing_pauses():
    script = "[ $JOB_COMPLETION_INDEX = 1 ] && exit 3; exit 0"
    cluster = Cluster(workers=1)
    spec = {
        "completions": 3,
        "parallelism": 3,
        "completionMode": "Indexed",
        "backoffLimitPerIndex": 1,
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "c", "image": "busybox", "command": ["sh", "-c", script]}],
            }
        },
    }
    cluster.create("jobs.batch", {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec})
    cluster.run_for(6)
    (waiting,) = [p for p in cluster.list("pods") if p["status"]["phase"] == "Failed"]
    assert job_pods.tracked(waiting)
    cluster.run_until_idle()
    failed = sorted((p for p in cluster.list("pods") if p["status"]["phase"] == "Failed"), key=job_pods.finished_at)
    assert [p["metadata"]["annotations"][job_pods.FAILURES] for p in failed] == ["0", "1"]
    assert parse_rfc3339(failed[1]["metadata"]["creationTimestamp"]) >= job_pods.finished_at(failed[0]) + 10 * SECOND
    assert not any(job_pods.tracked(p) for p in cluster.list("pods"))
    status = cluster.get("jobs.batch", "default", "j")["status"]
    assert (status["succeeded"], status["failed"]) == (2, 2)
    assert (status["completedIndexes"], status["failedIndexes"]) == ("0,2", "1")
    assert [(c["type"], c["reason"]) for c in status["conditions"]] == [
        ("FailureTarget", "FailedIndexes"),
        ("Failed", "FailedIndexes"),
    ]
