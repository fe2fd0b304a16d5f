"""Whom an important Pod may displace: dry runs on each node, then the candidate that hurts least.

It only decides; the scheduler deletes the victims. Models: kube-scheduler, framework/preemption and
plugins/defaultpreemption.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clusters.components.scheduler import messages
from clusters.components.scheduler.cycle import Decision, Prepared, check, counting
from clusters.components.scheduler.framework import Code, Verdict, unresolvable
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot
from clusters.kernel.clock import parse_rfc3339
from clusters.kernel.rng import Rng
from clusters.machinery.meta import labels
from clusters.machinery.selectors import LabelSelector, from_label_selector
from clusters.machinery.types import Obj

NO_VICTIMS = unresolvable(messages.NO_VICTIMS)

FEWEST_CANDIDATES = 100
PERCENT_OF_NODES = 10
"""Of more than a hundred nodes where preemption might help, a share is looked at."""

PRIORITY_OFFSET = 1 << 31
"""Makes all priorities positive, so that more victims never sum up to less."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """`victims` by importance, the most important first."""

    node: str
    victims: tuple[PodInfo, ...]
    violations: int
    """How many victims a PodDisruptionBudget would protect."""


@dataclass(slots=True)
class Preemption:
    """What preemption found. `message` says why not, if there is no `chosen` candidate."""

    eligible: bool = True
    message: str = ""
    candidates: list[Candidate] = field(default_factory=list)
    failures: dict[str, Verdict] = field(default_factory=dict)
    chosen: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """A PodDisruptionBudget as far as preemption cares."""

    namespace: str
    selector: LabelSelector
    allowed: int
    disrupted: frozenset[str]

    @classmethod
    def of(cls, obj: Obj) -> Budget:
        status = obj.get("status") or {}
        return cls(
            namespace=obj["metadata"]["namespace"],
            selector=from_label_selector(obj["spec"].get("selector")),
            allowed=status.get("disruptionsAllowed") or 0,
            disrupted=frozenset(status.get("disruptedPods") or ()),
        )

    def protects(self, pod: PodInfo) -> bool:
        if pod.namespace != self.namespace or self.selector.empty or not labels(pod.obj):
            return False
        return self.selector.matches(pod.labels) and pod.name not in self.disrupted


def preempt(pod: PodInfo, prepared: Prepared, decision: Decision, *, now: int, rng: Rng, attempt: int) -> Preemption:
    """Look for room that could be made for a Pod that fits nowhere (`decision` says why)."""
    snapshot = prepared.cycle.snapshot
    out = Preemption()
    out.message = _not_eligible(pod, snapshot, decision)
    if out.message:
        out.eligible = False
        return out
    nodes = [snapshot.by_name[name] for name, v in decision.verdicts.items() if v.code is Code.UNSCHEDULABLE]
    nodes.sort(key=lambda n: n.name)
    if nodes:
        importance = _importance(now)
        budgets = [Budget.of(b) for b in snapshot.informers["poddisruptionbudgets.policy"]]
        start = rng.below(len(nodes), pod.uid, "preemption", attempt)
        enough = max(len(nodes) * PERCENT_OF_NODES // 100, FEWEST_CANDIDATES)
        _dry_runs(prepared, nodes[start:] + nodes[:start], budgets, importance, enough, out)
        out.candidates.sort(key=lambda c: c.node)
        best = least_harm(out.candidates, now)
        if best:
            out.chosen = rng.choice(best, pod.uid, "candidate", attempt)
            return out
    reasons = [reason for v in out.failures.values() for reason in v.reasons]
    reasons += [messages.NOT_HELPFUL] * (decision.nodes - len(out.failures))
    out.message = messages.fit_error(decision.nodes, reasons)
    return out


def _not_eligible(pod: PodInfo, snapshot: Snapshot, decision: Decision) -> str:
    if not pod.needs.preempts:
        return messages.POLICY_NEVER
    if pod.nominated:
        verdict = decision.verdicts.get(pod.nominated)
        if verdict is None or verdict.code is not Code.UNRESOLVABLE:
            node = snapshot.node(pod.nominated)
            for other in node.pods.values() if node else ():
                if other.priority < pod.priority and _going_for_preemption(other):
                    return messages.VICTIMS_GOING
    return ""


def _going_for_preemption(pod: PodInfo) -> bool:
    return pod.deleting and any(
        c["type"] == "DisruptionTarget" and c["status"] == "True" and c.get("reason") == "PreemptionByScheduler"
        for c in (pod.obj.get("status") or {}).get("conditions") or ()
    )


def _dry_runs(
    prepared: Prepared,
    nodes: Sequence[NodeInfo],
    budgets: Sequence[Budget],
    importance: Callable[[PodInfo], tuple[int, int, str]],
    enough: int,
    out: Preemption,
) -> None:
    for node in nodes:
        found = _select_victims(prepared, node, budgets, importance)
        if isinstance(found, Verdict):
            out.failures[node.name] = found
        else:
            out.candidates.append(found)
            if len(out.candidates) >= enough and any(not c.violations for c in out.candidates):
                return


def _select_victims(
    prepared: Prepared,
    original: NodeInfo,
    budgets: Sequence[Budget],
    importance: Callable[[PodInfo], tuple[int, int, str]],
) -> Candidate | Verdict:
    """The fewest, least important Pods without whom the new one fits on a node."""
    pod = prepared.cycle.pod
    if all(priority >= pod.priority for priority in original.priorities):
        return NO_VICTIMS
    cycle, node, filters = prepared.cycle.clone(), original.copy(), prepared.filters
    plugins = counting(filters)
    lesser = sorted((p for p in node.pods.values() if p.priority < pod.priority), key=importance)
    for other in lesser:
        node.remove(other)
        for plugin in plugins:
            plugin.remove_pod(cycle, other, node)
    verdict = check(cycle, filters, node)
    if verdict is not None:
        return verdict
    protected, free = _split(lesser, budgets)
    victims: list[PodInfo] = []
    violations = 0
    for other in [*protected, *free]:
        node.add(other)
        for plugin in plugins:
            plugin.add_pod(cycle, other, node)
        if check(cycle, filters, node) is None:
            continue
        node.remove(other)
        for plugin in plugins:
            plugin.remove_pod(cycle, other, node)
        victims.append(other)
        violations += other in protected
    if not victims:
        return NO_VICTIMS
    return Candidate(node.name, tuple(sorted(victims, key=importance)), violations)


def _split(pods: Sequence[PodInfo], budgets: Sequence[Budget]) -> tuple[list[PodInfo], list[PodInfo]]:
    """Pods whose going would break a budget, and the others; budgets are used up by the more important."""
    left = [b.allowed for b in budgets]
    protected: list[PodInfo] = []
    free: list[PodInfo] = []
    for pod in pods:
        broken = False
        for i, budget in enumerate(budgets):
            if budget.protects(pod):
                left[i] -= 1
                broken = broken or left[i] < 0
        (protected if broken else free).append(pod)
    return protected, free


def started(pod: PodInfo, now: int) -> int:
    """When the kubelet took the Pod on; `now` if it has not."""
    text = (pod.obj.get("status") or {}).get("startTime")
    return parse_rfc3339(text) if text else now


def _importance(now: int) -> Callable[[PodInfo], tuple[int, int, str]]:
    """A sort key: higher priority first, then the longer running."""
    return lambda pod: (-pod.priority, started(pod, now), pod.key)


def least_harm(candidates: list[Candidate], now: int) -> list[Candidate]:
    """The candidates that are best by all criteria: equally good answers."""

    def harm(candidate: Candidate) -> tuple[int, int, int, int, int]:
        highest = candidate.victims[0].priority
        return (
            candidate.violations,
            highest,
            sum(v.priority + PRIORITY_OFFSET for v in candidate.victims),
            len(candidate.victims),
            -min(started(v, now) for v in candidate.victims if v.priority == highest),
        )

    if not candidates:
        return []
    least = min(map(harm, candidates))
    return [c for c in candidates if harm(c) == least]
