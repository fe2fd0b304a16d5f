"""How many replicas a metric asks for, and what of that is done: stabilization, policies, bounds."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.components.controllers.hpa import limits, replicas
from clusters.components.controllers.hpa.limits import Wish
from clusters.components.controllers.hpa.memory import Kept, Memory
from clusters.components.controllers.hpa.replicas import Sample, Tolerances, Uncomputable
from clusters.kernel.clock import MINUTE, SECOND, rfc3339
from clusters.machinery.types import Obj

NOW = 1_767_225_600_000_000


def pod(
    name: str, *, request: str | None = "1", phase: str = "Running", ready: bool = True, age: int = 600, **meta: Any
) -> Obj:
    resources = {"requests": {"cpu": request}} if request else {}
    since = rfc3339(NOW - (age - 5) * SECOND)
    return {
        "metadata": {"name": name, **meta},
        "spec": {"containers": [{"name": "c", "resources": resources}]},
        "status": {
            "phase": phase,
            "startTime": rfc3339(NOW - age * SECOND),
            "conditions": [{"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": since}],
        },
    }


def samples(*values: int | None) -> dict[str, Sample]:
    return {f"p{i}": Sample(v, NOW - 5 * SECOND, 15 * SECOND) for i, v in enumerate(values) if v is not None}


def case(
    pods: list[Obj], measured: dict[str, Sample], current: int | None = None, tolerances: Tolerances | None = None
) -> replicas.Case:
    size = len(pods) if current is None else current
    return replicas.Case(
        pods=pods, samples=measured, resource="cpu", current=size, tolerances=tolerances or Tolerances(), now=NOW
    )


def utilization(pods: list[Obj], measured: dict[str, Sample], target: int, **more: Any) -> replicas.Usage:
    return replicas.by_utilization(case(pods, measured, **more), target)


@pytest.mark.parametrize(
    ("values", "target", "wanted", "percent"),
    [
        ((300, 500, 700), 30, 5, 50),
        ((1000, 1000), 50, 4, 100),
        ((100, 300, 500), 50, 2, 30),
        ((500, 500, 500), 50, 3, 50),
        ((540, 540), 50, 2, 54),
        ((460, 460), 50, 2, 46),
        ((0, 0), 50, 0, 0),
    ],
)
def test_usage_over_target_times_the_ready_pods(values, target, wanted, percent):
    found = utilization([pod(f"p{i}") for i in range(len(values))], samples(*values), target)
    assert (found.replicas, found.utilization) == (wanted, percent)


def test_pods_without_figures_are_taken_against_the_direction():
    three = [pod("p0"), pod("p1"), pod("p2")]
    assert utilization(three, samples(900, 900, None), 50).replicas == 4  # as if 0: 60 %
    assert utilization(three, samples(100, 100, None), 50).replicas == 3  # as if 1000m: 40 %
    assert utilization(three, samples(600, 600, None), 50).replicas == 3  # would turn the direction


def test_unready_pods_count_as_idle_when_scaling_up_and_not_at_all_otherwise():
    three = [pod("p0"), pod("p1"), pod("p2", ready=False, age=20)]
    assert utilization(three, samples(900, 900, 900), 50).replicas == 4
    assert utilization(three, samples(100, 100, 900), 50).replicas == 1


def test_pods_that_end_count_for_nothing():
    pods = [pod("p0"), pod("p1", phase="Failed"), pod("p2", deletionTimestamp="x")]
    assert utilization(pods, samples(500, 900, 900), 50, current=1).replicas == 1


def test_figures_of_the_first_window_after_it_became_ready_are_not_used():
    young = pod("p0", age=15)
    with pytest.raises(Uncomputable, match="did not receive metrics for any ready pods"):
        utilization([young], {"p0": Sample(900, NOW - 5 * SECOND, 15 * SECOND)}, 50)
    assert utilization([young], {"p0": Sample(900, NOW + 6 * SECOND, 15 * SECOND)}, 50).replicas == 2


@pytest.mark.parametrize(
    ("pods", "measured", "why"),
    [
        ([], samples(1), "no pods returned by selector while calculating replica count"),
        ([pod("p0", request=None)], samples(1), "missing request for cpu in container c of Pod p0"),
        ([pod("p0", phase="Pending")], samples(1), "did not receive metrics for any ready pods"),
    ],
)
def test_what_cannot_be_computed_is_said(pods, measured, why):
    with pytest.raises(Uncomputable, match=why):
        utilization(pods, measured, 50)


def test_tolerance_of_each_direction():
    two = [pod("p0"), pod("p1")]
    assert utilization(two, samples(590, 590), 50, tolerances=Tolerances(up=0.2, down=0.1)).replicas == 2
    assert utilization(two, samples(590, 590), 50, tolerances=Tolerances(up=0.1, down=0.5)).replicas == 3
    assert utilization(two, samples(250, 250), 50, tolerances=Tolerances(up=0.1, down=0.5)).replicas == 2


def test_average_value_needs_no_requests():
    pods = [pod("p0", request=None), pod("p1", request=None)]
    found = replicas.by_average(case(pods, samples(300, 500)), 100)
    assert (found.replicas, found.average) == (8, 400)


def test_pod_level_request_stands_for_its_containers():
    whole = pod("p0", request=None)
    whole["spec"]["resources"] = {"requests": {"cpu": "2"}}
    assert utilization([whole], samples(1000), 25).replicas == 2


# -- what is done ------------------------------------------------------------------------------------------


def wish(current: int, desired: int, *, least: int = 1, most: int = 100, at: int = 0) -> Wish:
    now = NOW + at * SECOND
    return Wish(current, desired, least, most, now, now - 15 * SECOND)


@pytest.mark.parametrize(
    ("current", "desired", "most", "done", "reason"),
    [
        (3, 5, 10, 5, "DesiredWithinRange"),
        (3, 50, 10, 6, "ScaleUpLimit"),
        (1, 50, 100, 4, "ScaleUpLimit"),
        (8, 50, 10, 10, "TooManyReplicas"),
        (3, 0, 10, 1, "TooFewReplicas"),
    ],
)
def test_without_behaviour_it_doubles_at_most(current, desired, most, done, reason):
    kept = Kept(Memory().recommended(desired, NOW, NOW))
    found = limits.normalize(wish(current, desired, most=most), None, kept)
    assert (found.replicas, found.limit[0]) == (done, reason)


def test_downscale_waits_until_five_minutes_said_the_same():
    kept = Kept()
    assert limits.normalize(wish(10, 10), None, kept).replicas == 10
    found = limits.normalize(wish(10, 4, at=15), None, kept)
    assert (found.replicas, found.able[0], found.waits) == (10, "ScaleDownStabilized", True)
    assert limits.normalize(wish(10, 4, at=300), None, kept).replicas == 10
    found = limits.normalize(wish(10, 4, at=315), None, kept)
    assert (found.replicas, found.able[0], found.waits) == (4, "ReadyForNewScale", False)


def test_steady_recommendation_is_one_span():
    kept = Kept()
    limits.normalize(wish(3, 3), None, kept)
    before = kept.memory
    kept.changed = False
    limits.normalize(wish(3, 3, at=600), None, kept)
    assert kept.memory is before
    assert not kept.changed
    # It went on until now, so it still holds the size.
    assert limits.normalize(wish(3, 1, at=615), None, kept).replicas == 3


def behavior(**rules: Any) -> dict[str, Any]:
    base = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
    return {
        "scaleUp": {**base, "stabilizationWindowSeconds": 0, **rules.get("up", {})},
        "scaleDown": {**base, "stabilizationWindowSeconds": 0, **rules.get("down", {})},
    }


PODS_4 = {"type": "Pods", "value": 4, "periodSeconds": 60}
PERCENT_50 = {"type": "Percent", "value": 50, "periodSeconds": 60}


@pytest.mark.parametrize(
    ("rules", "done"),
    [
        ({"policies": [PODS_4, PERCENT_50]}, 15),
        ({"policies": [PODS_4, PERCENT_50], "selectPolicy": "Min"}, 14),
        ({"selectPolicy": "Disabled"}, 10),
    ],
)
def test_policies_of_scaling_up(rules, done):
    found = limits.normalize(wish(10, 90), behavior(up=rules), Kept(Memory().recommended(90, NOW - MINUTE, NOW)))
    assert (found.replicas, found.limit[0]) == (done, "ScaleUpLimit")
    assert found.waits == (rules.get("selectPolicy") != "Disabled")


@pytest.mark.parametrize(
    ("rules", "done"),
    [
        ({"policies": [PODS_4, PERCENT_50]}, 5),
        ({"policies": [PODS_4, PERCENT_50], "selectPolicy": "Min"}, 6),
        ({"selectPolicy": "Disabled"}, 10),
    ],
)
def test_policies_of_scaling_down(rules, done):
    found = limits.normalize(wish(10, 1), behavior(down=rules), Kept(Memory().recommended(1, NOW - MINUTE, NOW)))
    assert (found.replicas, found.limit[0]) == (done, "ScaleDownLimit")


def test_what_was_added_within_the_period_counts():
    memory = Memory().recommended(90, NOW - MINUTE, NOW).scaled(4, NOW - 30 * SECOND)
    rules = behavior(up={"policies": [PODS_4]})
    assert limits.normalize(wish(14, 90), rules, Kept(memory)).replicas == 14
    assert limits.normalize(wish(14, 90, at=31), rules, Kept(memory)).replicas == 18


def test_window_of_scaling_up_takes_the_lowest_recommendation():
    rules, kept = behavior(up={"stabilizationWindowSeconds": 60}), Kept()
    limits.normalize(wish(3, 3), rules, kept)
    found = limits.normalize(wish(3, 6, at=15), rules, kept)
    assert (found.replicas, found.able[0]) == (3, "ScaleUpStabilized")
    assert limits.normalize(wish(3, 6, at=75), rules, kept).replicas == 6
