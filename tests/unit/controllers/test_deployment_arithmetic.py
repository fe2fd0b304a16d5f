"""Sizes of ReplicaSets in a rollout: pure functions."""

import pytest

from clusters.components.controllers.deployment import progress, replicas
from clusters.components.controllers.shared.percent import scaled
from clusters.kernel.clock import SECOND, parse_rfc3339, rfc3339

NOW = parse_rfc3339("2026-01-01T00:00:00Z")


def deployment(size, *, surge="25%", unavailable="25%", kind="RollingUpdate", status=None, **spec):
    strategy = {"type": kind}
    if kind == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {
        "metadata": {"name": "web", "generation": 1},
        "spec": {"replicas": size, "strategy": strategy, "template": {}, "progressDeadlineSeconds": 600, **spec},
        "status": status or {},
    }


def rs(size, *, available=None, maximum=None, name="rs", created=0, **status):
    annotations = {} if maximum is None else {replicas.MAXIMUM: str(maximum)}
    return {
        "metadata": {"name": name, "annotations": annotations, "creationTimestamp": rfc3339(NOW + created * SECOND)},
        "spec": {"replicas": size},
        "status": {"replicas": size, "availableReplicas": size if available is None else available, **status},
    }


@pytest.mark.parametrize(
    ("value", "total", "up", "expected"),
    [
        (3, 10, True, 3),
        ("25%", 10, True, 3),
        ("25%", 10, False, 2),
        ("0%", 10, True, 0),
        (None, 10, True, 0),
        ("110%", 10, False, 11),
    ],
)
def test_share_of_a_total(value, total, up, expected):
    assert scaled(value, total, round_up=up) == expected


def test_share_that_is_no_percentage_is_refused():
    with pytest.raises(ValueError, match="not a percentage"):
        scaled("x", 10, round_up=True)


@pytest.mark.parametrize(
    ("size", "surge", "unavailable", "expected"),
    [
        (4, "25%", "25%", (1, 1)),
        (10, "25%", "25%", (3, 2)),
        (1, "25%", "25%", (1, 0)),
        (3, 0, 0, (0, 1)),
        (2, 0, 5, (0, 2)),
        (0, "25%", "25%", (0, 0)),
    ],
)
def test_bounds_of_a_rollout(size, surge, unavailable, expected):
    found = deployment(size, surge=surge, unavailable=unavailable)
    assert (replicas.max_surge(found), replicas.max_unavailable(found)) == expected


def test_recreate_has_no_bounds():
    found = deployment(4, kind="Recreate")
    assert (replicas.max_surge(found), replicas.max_unavailable(found)) == (0, 0)


def test_new_set_grows_into_the_surge_and_no_further():
    found = deployment(4, surge=1, unavailable=0)
    assert replicas.new_set_size(found, [rs(4), rs(0)], 0) == 1
    assert replicas.new_set_size(found, [rs(4), rs(1)], 1) == 1
    assert replicas.new_set_size(found, [rs(0), rs(2)], 2) == 4


def test_scaling_mid_rollout_is_shared_by_size():
    found = deployment(8, surge=2, unavailable=0)
    assert replicas.proportion(found, rs(4, maximum=6), 4, 0) == 3
    assert replicas.proportion(found, rs(2, maximum=6), 4, 3) == 1
    assert replicas.proportion(found, rs(0, maximum=6), 4, 0) == 0


def test_template_is_the_same_but_for_its_hash():
    a = {"metadata": {"labels": {"app": "x", replicas.HASH_LABEL: "1"}}, "spec": {"a": 1}}
    b = {"metadata": {"labels": {"app": "x"}}, "spec": {"a": 1}}
    assert replicas.same_template(a, b)
    assert not replicas.same_template(a, {**b, "spec": {"a": 2}})


def test_status_adds_up_its_sets():
    new, old = rs(2, available=1, readyReplicas=1, terminatingReplicas=1), rs(3, readyReplicas=3)
    status = progress.calculate(deployment(4), [old, new], new, NOW)
    assert {k: v for k, v in status.items() if k != "conditions"} == {
        "observedGeneration": 1,
        "replicas": 5,
        "updatedReplicas": 2,
        "readyReplicas": 4,
        "availableReplicas": 4,
        "unavailableReplicas": 1,
        "terminatingReplicas": 1,
    }
    assert status["conditions"][0]["reason"] == "MinimumReplicasAvailable"


def test_rollout_that_stands_still_past_its_deadline_is_timed_out():
    since = progress.made("Progressing", NOW, "True", "ReplicaSetUpdated", "")
    new = rs(1, available=0)
    stuck = deployment(1, status={"replicas": 1, "updatedReplicas": 1, "conditions": [since]})
    before = progress.roll_out_status(stuck, [new], new, NOW + 600 * SECOND)
    assert _progressing(before)["reason"] == "ReplicaSetUpdated"
    after = progress.roll_out_status(stuck, [new], new, NOW + 601 * SECOND)
    assert (_progressing(after)["status"], _progressing(after)["reason"]) == ("False", "ProgressDeadlineExceeded")


def test_completed_rollout_says_so_and_keeps_saying_it():
    new = rs(2)
    done = progress.roll_out_status(deployment(2), [new], new, NOW)
    assert _progressing(done)["reason"] == "NewReplicaSetAvailable"
    later = progress.roll_out_status(deployment(2, status=done), [rs(2, available=0)], new, NOW + 3600 * SECOND)
    assert _progressing(later)["reason"] == "NewReplicaSetAvailable"


def test_failure_of_a_set_shows_in_the_deployment():
    failure = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "quota",
        "lastTransitionTime": "t",
    }
    new = rs(2, available=0, conditions=[failure])
    status = progress.roll_out_status(deployment(2), [new], new, NOW)
    assert status["conditions"][-1]["message"] == "quota"


def _progressing(status):
    return next(c for c in status["conditions"] if c["type"] == "Progressing")
