"""Each metric of an autoscaler: the replicas it proposes and the status it shows, or why it does neither.

Models: podautoscaler/horizontal.go, computeReplicasForMetrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from clusters.components.controllers.hpa import replicas as calculator
from clusters.components.controllers.hpa.replicas import Case, Sample, Tolerances, Uncomputable
from clusters.components.controllers.hpa.sources import Sources, custom_missing, external_missing
from clusters.machinery import quantity
from clusters.machinery.types import Obj

UNKNOWN: dict[str, Any] = {"type": ""}
"""The status of a metric that could not be computed."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is scaled: its Pods, and how many there should be."""

    pods: Sequence[Obj]
    current: int
    tolerances: Tolerances
    now: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a metric gives no number. `detail` stands in the Event and the condition, `outer` in the summary."""

    reason: str
    detail: str
    outer: str


@dataclass(slots=True)
class Proposal:
    """What all metrics together ask for. `replicas` None: nothing can be done."""

    replicas: int | None = None
    metric: str = ""
    statuses: list[dict[str, Any]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    samples: dict[str, Sample] = field(default_factory=dict)
    """The last that was measured of each Pod."""


def propose(specs: Sequence[dict[str, Any]], target: Target, sources: Sources) -> Proposal:
    out = Proposal()
    highest = 0
    for spec in specs:
        found = _one(spec, target, sources, out)
        if isinstance(found, Failure):
            out.failures.append(found)
            out.statuses.append(UNKNOWN)
            continue
        wanted, name, status = found
        out.statuses.append(status)
        if not highest or wanted > highest:
            highest, out.metric = wanted, name
    failed = len(out.failures)
    if failed < len(specs) and not (failed and highest < target.current):
        out.replicas = highest
    return out


def summary(proposal: Proposal, many: int) -> str:
    """The error of metrics that cannot be computed, of which the first speaks for all."""
    count = len(proposal.failures)
    return f"invalid metrics ({count} invalid out of {many}), first error is: {proposal.failures[0].outer}"


def tolerances_of(behavior: dict[str, Any] | None) -> Tolerances:
    def one(direction: str) -> float:
        given = ((behavior or {}).get(direction) or {}).get("tolerance")
        return calculator.TOLERANCE if given is None else min(quantity.milli(given), calculator.MAX_INT32) / 1000

    return Tolerances(one("scaleUp"), one("scaleDown"))


_Found = tuple[int, str, dict[str, Any]]


def _one(spec: dict[str, Any], target: Target, sources: Sources, out: Proposal) -> _Found | Failure:
    kind = spec["type"]
    if kind == "Resource":
        return _resource(spec["resource"], "", target, sources, out)
    if kind == "ContainerResource":
        source = spec["containerResource"]
        return _resource(source, source["container"], target, sources, out)
    if kind == "Pods":
        detail = f"unable to get metric {spec['pods']['metric']['name']}: {custom_missing()}"
        return Failure("FailedGetPodsMetric", detail, f"failed to get pods metric value: {detail}")
    if kind == "Object":
        return _object(spec["object"], target)
    if kind == "External":
        return _external(spec["external"], target)
    text = f'unknown metric source type "{kind}"'
    return Failure("InvalidMetricSourceType", text, text)


def _resource(
    source: dict[str, Any], container: str, target: Target, sources: Sources, out: Proposal
) -> _Found | Failure:
    name, wanted = source["name"], source["target"]
    average = wanted.get("averageValue")
    try:
        try:
            samples = sources.samples(target.pods, name, container)
        except Uncomputable as error:
            raise Uncomputable(f"unable to get metrics for resource {name}: {error}") from None
        out.samples.update(samples)
        case = Case(
            pods=target.pods,
            samples=samples,
            resource=name,
            current=target.current,
            tolerances=target.tolerances,
            now=target.now,
        )
        if average is not None:
            usage = calculator.by_average(case, quantity.milli(average))
        else:
            usage = calculator.by_utilization(case, int(wanted["averageUtilization"]), container=container)
    except Uncomputable as error:
        detail = f"failed to get {name} {'usage' if average is not None else 'utilization'}: {error}"
        if container:
            outer = f"failed to get {container} container metric value: {detail}"
            return Failure("FailedGetContainerResourceMetric", detail, outer)
        return Failure("FailedGetResourceMetric", detail, f"failed to get {name} resource metric value: {detail}")
    current: dict[str, Any] = {"averageValue": quantity.format_milli(usage.average)}
    words = f"{name} {'container ' if container else ''}resource"
    if average is None:
        current = {"averageUtilization": usage.utilization, **current}
        words += " utilization (percentage of request)"
    if container:
        shown = {"container": container, "current": current, "name": name}
        return usage.replicas, words, {"containerResource": shown, "type": "ContainerResource"}
    return usage.replicas, words, {"resource": {"current": current, "name": name}, "type": "Resource"}


def _object(source: dict[str, Any], target: Target) -> Failure:
    name, described = source["metric"]["name"], source["describedObject"]
    # The real message has its arguments in this order.
    space = target.pods[0]["metadata"]["namespace"] if target.pods else ""
    error = f"unable to get metric {name}: {described['kind']} on {space} {described['name']}/{custom_missing()}"
    detail = error
    if source["target"].get("type") == "AverageValue":
        error = f"failed to get {name} object metric: {error}"
    return Failure("FailedGetObjectMetric", detail, f"failed to get object metric value: {error}")


def _external(source: dict[str, Any], target: Target) -> Failure:
    name = source["metric"]["name"]
    space = target.pods[0]["metadata"]["namespace"] if target.pods else ""
    selector = _go_selector(source["metric"].get("selector"))
    detail = f"unable to get external metric {space}/{name}/{selector}: {external_missing(name)}"
    inner = (
        f"failed to get {name} external metric: {detail}"
        if source["target"].get("averageValue") is not None
        else f"failed to get external metric {name}: {detail}"
    )
    return Failure("FailedGetExternalMetric", detail, f"failed to get {name} external metric value: {inner}")


def _go_selector(selector: dict[str, Any] | None) -> str:
    """As Go prints a pointer to a LabelSelector."""
    if selector is None:
        return "nil"
    labels = selector.get("matchLabels") or {}
    pairs = "".join(f"{key}: {labels[key]}," for key in sorted(labels))
    wanted = ""
    for each in selector.get("matchExpressions") or ():
        values = " ".join(each.get("values") or ())
        wanted += f"LabelSelectorRequirement{{Key:{each['key']},Operator:{each['operator']},Values:[{values}],}},"
    expressions = f"MatchExpressions:[]LabelSelectorRequirement{{{wanted}}}"
    return f"&LabelSelector{{MatchLabels:map[string]string{{{pairs}}},{expressions},}}"
