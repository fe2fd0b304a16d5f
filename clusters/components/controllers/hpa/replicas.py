"""How many replicas one metric asks for, from what is measured of the Pods.

Pure arithmetic. Models: podautoscaler/replica_calculator.go and metrics/utilization.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from clusters.components.controllers.shared import pods as podlib
from clusters.kernel.clock import MINUTE, SECOND
from clusters.machinery import quantity
from clusters.machinery.types import Obj

TOLERANCE = 0.1
MAX_INT32 = (1 << 31) - 1
CPU_INITIALIZATION = 5 * MINUTE
INITIAL_READINESS_DELAY = 30 * SECOND


class Uncomputable(Exception):
    """A metric that gives no number, in the controller's words."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured of one Pod: `value` in thousandths, over the `window` that ended at `at`."""

    value: int
    at: int
    window: int


@dataclass(frozen=True, slots=True)
class Tolerances:
    up: float = TOLERANCE
    down: float = TOLERANCE

    def hold(self, ratio: float) -> bool:
        """The usage is near enough to the target."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What there is to compute from."""

    pods: Sequence[Obj]
    samples: Mapping[str, Sample]
    """By Pod name."""
    resource: str
    current: int
    """Replicas that there should be now."""
    tolerances: Tolerances
    now: int


@dataclass(frozen=True, slots=True)
class Usage:
    """`replicas` proposed; `utilization` in percent of the requests (0 where there is no such target); `average` a
    Pod, in thousandths."""

    replicas: int
    utilization: int
    average: int


@dataclass(slots=True)
class _Groups:
    ready: int
    unready: list[str]
    missing: list[str]
    ignored: list[str]


def by_utilization(case: Case, target: int, *, container: str = "") -> Usage:
    """For a target in percent of the requests (of one container). Raises Uncomputable."""
    values, groups = _considered(case)
    requests = {p["metadata"]["name"]: _request(p, container, case.resource) for p in case.pods}

    def ratio() -> tuple[float, int, int]:
        known = {name: value for name, value in values.items() if name in requests}
        total = sum(requests[name] for name in known)
        if total == 0:
            raise Uncomputable("no metrics returned matched known pods")
        used = sum(known.values())
        percent = min(used * 100 // total, MAX_INT32)
        return percent / target, percent, used // len(known)

    first, percent, average = ratio()

    def assume(name: str) -> int:
        return requests[name] * max(100, target) // 100

    return Usage(_decide(case, values, groups, first, lambda: ratio()[0], assume), percent, average)


def by_average(case: Case, target: int) -> Usage:
    """For a target in thousandths a Pod. Raises Uncomputable."""
    values, groups = _considered(case)

    def ratio() -> float:
        return sum(values.values()) // len(values) / target

    first, average = ratio(), sum(values.values()) // len(values)
    return Usage(_decide(case, values, groups, first, ratio, lambda _name: target), 0, average)


def _considered(case: Case) -> tuple[dict[str, int], _Groups]:
    if not case.pods:
        raise Uncomputable("no pods returned by selector while calculating replica count")
    groups = _group(case)
    values = {name: sample.value for name, sample in case.samples.items()}
    for name in (*groups.ignored, *groups.unready):
        values.pop(name, None)
    if not values:
        raise Uncomputable("did not receive metrics for any ready pods")
    return values, groups


def _decide(
    case: Case,
    values: dict[str, int],
    groups: _Groups,
    ratio: float,
    again: Callable[[], float],
    assume: Callable[[str], int],
) -> int:
    """Pods that were not measured are assumed to stand against whatever the others ask for."""
    current, tolerances = case.current, case.tolerances
    fills_up = bool(groups.unready) and ratio > 1.0
    if not fills_up and not groups.missing:
        return current if tolerances.hold(ratio) else ceil(ratio * groups.ready)
    for name in groups.missing:
        if ratio < 1.0:
            values[name] = assume(name)
        elif ratio > 1.0:
            values[name] = 0
    if fills_up:
        values.update(dict.fromkeys(groups.unready, 0))
    new = again()
    if tolerances.hold(new) or (ratio < 1.0 < new) or (ratio > 1.0 > new):
        return current
    wanted = ceil(new * len(values))
    if (new < 1.0 and wanted > current) or (new > 1.0 and wanted < current):
        return current
    return wanted


def _group(case: Case) -> _Groups:
    out = _Groups(0, [], [], [])
    for pod in case.pods:
        name, phase = pod["metadata"]["name"], podlib.phase(pod)
        sample = case.samples.get(name)
        if "deletionTimestamp" in pod["metadata"] or phase == "Failed":
            out.ignored.append(name)
        elif phase == "Pending":
            out.unready.append(name)
        elif sample is None:
            out.missing.append(name)
        elif case.resource == "cpu" and is_unready(pod, sample, case.now):
            out.unready.append(name)
        else:
            out.ready += 1
    return out


def is_unready(pod: Obj, sample: Sample, now: int) -> bool:
    """What is measured of the Pod's CPU says nothing yet of how it works."""
    ready, started = podlib.condition(pod, "Ready"), (pod.get("status") or {}).get("startTime")
    if ready is None or not started:
        return True
    since = podlib.when(ready["lastTransitionTime"])
    if podlib.when(started) + CPU_INITIALIZATION > now:
        return ready["status"] == "False" or sample.at < since + sample.window
    return ready["status"] == "False" and podlib.when(started) + INITIAL_READINESS_DELAY > since


def _request(pod: Obj, container: str, resource: str) -> int:
    """What the Pod (or one container of it) asks for, in thousandths. Raises Uncomputable."""
    spec = pod["spec"]
    if not container:
        whole = ((spec.get("resources") or {}).get("requests") or {}).get(resource)
        if whole is not None:
            return quantity.milli(whole)
    total = 0
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    for each in (*spec["containers"], *sidecars):
        if container and each["name"] != container:
            continue
        asked = ((each.get("resources") or {}).get("requests") or {}).get(resource)
        if asked is None:
            name = pod["metadata"]["name"]
            raise Uncomputable(f"missing request for {resource} in container {each['name']} of Pod {name}")
        total += quantity.milli(asked)
    return total
