"""One attempt to place a Pod: PreFilter, Filter on every node, Score on those that are left.

It changes nothing; what comes of the `Decision` is the scheduler's business. Every node is looked at and
scored (a real scheduler stops at a share of the nodes in clusters of more than a hundred).
Models: kube-scheduler, schedule_one.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from clusters.components.scheduler import messages
from clusters.components.scheduler.framework import Code, Cycle, Plugin, Skip, Verdict
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.registry import COUNTING, FILTERS, PRE_FILTERS, SCORERS, WEIGHTS
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot

Filters = tuple[Plugin, ...]


@dataclass(slots=True)
class Decision:
    """What came of an attempt. `verdicts` holds the refusal of each node that is out, by node name;
    `scores` (plugin → weighted score) and `totals` run along `feasible`, if more than one node was left."""

    pod: PodInfo
    nodes: int
    feasible: list[NodeInfo] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    pre_filter: Verdict | None = None
    narrowed: frozenset[str] | None = None
    """The names to which PreFilter plugins limited the search."""
    narrowed_by: tuple[str, ...] = ()
    scores: dict[str, list[int]] = field(default_factory=dict)
    totals: list[int] = field(default_factory=list)

    def best(self) -> list[str]:
        """The names of the nodes with the highest total, sorted: equally good answers."""
        if len(self.feasible) <= 1:
            return [n.name for n in self.feasible]
        highest = max(self.totals)
        return sorted(n.name for n, total in zip(self.feasible, self.totals) if total == highest)

    def plugins(self) -> frozenset[str]:
        """Which plugins refused the Pod somewhere: whose hints may bring it back."""
        found = {v.plugin for v in self.verdicts.values() if not v.plugin.startswith("[")} | set(self.narrowed_by)
        if self.pre_filter is not None:
            found.add(self.pre_filter.plugin)
        return frozenset(found)

    def reasons(self) -> list[str]:
        return [reason for verdict in self.verdicts.values() for reason in verdict.reasons]

    def text(self) -> str:
        """Why the Pod fits nowhere, without what preemption adds."""
        if not self.nodes:
            return messages.NO_NODES
        if self.pre_filter is not None:
            return messages.refused_for_all(self.nodes, self.pre_filter.reasons)
        return messages.fit_error(self.nodes, self.reasons())


@dataclass(slots=True)
class Prepared:
    """A Pod after the PreFilter phase: which filters are left to run, on which nodes."""

    cycle: Cycle
    filters: Filters
    decision: Decision
    nodes: Sequence[NodeInfo]


def prepare(pod: PodInfo, snapshot: Snapshot) -> Prepared:
    """Run the PreFilter plugins."""
    cycle = Cycle(pod, snapshot)
    decision = Decision(pod, len(snapshot.nodes))
    skipped: list[Plugin] = []
    narrowed: frozenset[str] | None = None
    narrowed_by: list[str] = []
    for plugin in PRE_FILTERS:
        result = plugin.pre_filter(cycle)
        if result is None:
            continue
        if isinstance(result, Skip):
            skipped.append(plugin)
        elif isinstance(result, Verdict):
            decision.pre_filter = result.by(plugin.name)
            return Prepared(cycle, (), decision, ())
        else:
            narrowed = result if narrowed is None else narrowed & result
            narrowed_by.append(plugin.name)
    filters = tuple(p for p in FILTERS if p not in skipped)
    nodes: Sequence[NodeInfo] = snapshot.nodes
    if narrowed is not None:
        decision.narrowed = narrowed
        decision.narrowed_by = tuple(narrowed_by)
        nodes = [n for name in sorted(narrowed) if (n := snapshot.node(name)) is not None]
    return Prepared(cycle, filters, decision, nodes)


def run_filters(cycle: Cycle, filters: Filters, node: NodeInfo) -> Verdict | None:
    """The first refusal, signed by its plugin."""
    for plugin in filters:
        verdict = plugin.filter(cycle, node)
        if verdict is not None:
            return verdict.by(plugin.name)
    return None


def check(cycle: Cycle, filters: Filters, node: NodeInfo) -> Verdict | None:
    """As `run_filters`, but the Pod must also leave room for those that preemption promised the node to, if
    they are as important."""
    promised = cycle.snapshot.nominated.get(node.name)
    if promised:
        pod = cycle.pod
        others = [p for p in promised.values() if p.priority >= pod.priority and p.key != pod.key]
        if others:
            verdict = run_filters(*_with(cycle, filters, node, others))
            if verdict is not None:
                return verdict
    return run_filters(cycle, filters, node)


def _with(cycle: Cycle, filters: Filters, node: NodeInfo, others: Sequence[PodInfo]) -> tuple[Cycle, Filters, NodeInfo]:
    cycle, node = cycle.clone(), node.copy()
    for other in others:
        node.add(other)
        for plugin in counting(filters):
            plugin.add_pod(cycle, other, node)
    return cycle, filters, node


def counting(filters: Filters) -> list[Plugin]:
    """Which of the filters in use keep counts of Pods."""
    return [p for p in filters if p in COUNTING]


def evaluate(pod: PodInfo, snapshot: Snapshot, *, complete: bool = True) -> tuple[Decision, Prepared]:
    """Filter and score all nodes for a Pod. Unless `complete`, nodes that PreFilter plugins left out get no
    verdict where others will do (each Pod of a DaemonSet leaves out all nodes but one)."""
    prepared = prepare(pod, snapshot)
    decision = prepared.decision
    if decision.pre_filter is not None or not snapshot.nodes:
        return decision, prepared
    cycle, filters = prepared.cycle, prepared.filters
    if pod.nominated:
        node = snapshot.node(pod.nominated)
        if node is not None and check(cycle, filters, node) is None:
            decision.feasible.append(node)
            return decision, prepared
    for node in prepared.nodes:
        verdict = check(cycle, filters, node)
        if verdict is None:
            decision.feasible.append(node)
        else:
            decision.verdicts[node.name] = verdict
    if decision.narrowed is not None and (complete or not decision.feasible):
        excluded = Verdict(
            Code.UNRESOLVABLE,
            (messages.not_satisfied(decision.narrowed_by),),
            f"[{' '.join(sorted(decision.narrowed_by))}]",
        )
        for node in snapshot.nodes:
            if node.name not in decision.narrowed:
                decision.verdicts[node.name] = excluded
    if len(decision.feasible) > 1:
        score(cycle, decision)
    return decision, prepared


def score(cycle: Cycle, decision: Decision) -> None:
    """Fill in `scores` and `totals`."""
    nodes = decision.feasible
    totals = [0] * len(nodes)
    for plugin in SCORERS:
        if plugin.pre_score(cycle, nodes) is not None:
            continue
        raw = [plugin.score(cycle, node) for node in nodes]
        weight = WEIGHTS[plugin.name]
        weighted = [s * weight for s in plugin.normalize(cycle, nodes, raw)]
        decision.scores[plugin.name] = weighted
        totals = [a + b for a, b in zip(totals, weighted)]
    decision.totals = totals
