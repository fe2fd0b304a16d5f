"""One scoring for all Pods of equal needs.

A board keeps, for one kind of Pod, the verdict or score of every node, and brings up to date only the nodes
that changed since it was last asked: placing a Pod costs a handful of steps however many nodes there are. It
gives exactly the nodes that `cycle.evaluate` would call best.

Nodes that look alike to every plugin whose scores are normalised, or that depend on other nodes (topology
spread), form a group; such scores are worked out once a group. What remains are plain sums, kept sorted
within the group. Pods for which some other plugin looks beyond the node at hand are not shared.

    node ─▶ verdict, or group + sum ─▶ groups ─▶ normalised totals ─▶ best nodes
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Hashable, Sequence

from clusters.components.scheduler.cycle import Decision, Prepared, prepare, run_filters
from clusters.components.scheduler.framework import Plugin, Verdict, overrides
from clusters.components.scheduler.plugins.pod_topology_spread import (
    counts_in,
    evened,
    has_all_keys,
    round_half_away,
    soft_constraints,
    weight_of,
)
from clusters.components.scheduler.podinfo import PodInfo, SpreadConstraint
from clusters.components.scheduler.registry import BY_NAME, SCORERS, WEIGHTS
from clusters.components.scheduler.snapshot import HOSTNAME, MatchCount, NodeInfo, Snapshot
from clusters.kernel.rng import Rng

SPREAD = BY_NAME["PodTopologySpread"]
SUMMED = tuple(p for p in SCORERS if p.node_local and not overrides(p, "normalize"))
GROUPED = tuple(p for p in SCORERS if p.node_local and overrides(p, "normalize"))
OTHERS = tuple(p for p in SCORERS if not p.node_local and p is not SPREAD)

MOST_BOARDS = 64


class Group:
    """Nodes that only their sums tell apart: ranks (positions in the snapshot), sorted, by sum."""

    __slots__ = ("by_sum", "domains", "raw", "sums")

    def __init__(self, raw: tuple[int, ...], domains: tuple[Hashable, ...] | None) -> None:
        self.raw = raw
        """The raw scores of the GROUPED plugins."""
        self.domains = domains
        """Topology value, or count on the node itself, for each spread constraint; None: not scored."""
        self.by_sum: dict[int, list[int]] = {}
        self.sums: list[int] = []

    def add(self, total: int, rank: int) -> None:
        ranks = self.by_sum.get(total)
        if ranks is None:
            self.by_sum[total] = [rank]
            insort(self.sums, total)
        else:
            insort(ranks, rank)

    def remove(self, total: int, rank: int) -> None:
        ranks = self.by_sum[total]
        del ranks[bisect_left(ranks, rank)]
        if not ranks:
            del self.by_sum[total]
            del self.sums[bisect_left(self.sums, total)]


class Spread:
    """Soft topology spread for one kind of Pod: matching Pods by domain."""

    def __init__(self, pod: PodInfo, snapshot: Snapshot, constraints: tuple[SpreadConstraint, ...]) -> None:
        self.pod = pod
        self.snapshot = snapshot
        self.constraints = constraints
        self.strict = pod.needs.has_spread
        self.counters = self._counters()
        self.counts: list[dict[str, int]] = [{} for _ in constraints]
        """Matching Pods by topology value, on the nodes that count."""
        self._seen: list[dict[str, tuple[str, int]]] = [{} for _ in constraints]
        """What each node adds to `counts`."""
        self.scored = 0
        self.domains: list[Counter[Hashable]] = [Counter() for _ in constraints]
        """How many scored nodes are in each domain."""

    def _counters(self) -> list[MatchCount | None]:
        namespace = self.pod.namespace
        return [
            None if c.selector.empty else self.snapshot.match_count(namespace, c.selector) for c in self.constraints
        ]

    def current(self) -> bool:
        """False if the snapshot has stopped keeping the counts this was built on."""
        return all(a is b for a, b in zip(self._counters(), self.counters))

    def look(self, node: NodeInfo) -> tuple[Hashable, ...] | None:
        """Take a changed node's Pods into account; its place among the domains."""
        if self.strict and not has_all_keys(self.constraints, node.labels):
            return None
        out: list[Hashable] = []
        for i, constraint in enumerate(self.constraints):
            counter = self.counters[i]
            here = counter.by_node.get(node.name, 0) if counter else 0
            if constraint.topology_key == HOSTNAME:
                out.append(here if HOSTNAME in node.labels else None)
                continue
            domain = node.labels.get(constraint.topology_key, "")
            out.append(domain if constraint.topology_key in node.labels else None)
            seen = self._seen[i].get(node.name)
            now = here if here and counts_in(constraint, self.pod, node) else 0
            if seen is not None and seen != (domain, now):
                self.counts[i][seen[0]] -= seen[1]
                seen = None
            if seen is None:
                self._seen[i][node.name] = (domain, now)
                self.counts[i][domain] = self.counts[i].get(domain, 0) + now
        return tuple(out)

    def count_scored(self, domains: tuple[Hashable, ...] | None, delta: int) -> None:
        """A node with this place joins (or leaves) those that are scored."""
        if domains is None:
            return
        self.scored += delta
        for i, domain in enumerate(domains):
            if self.constraints[i].topology_key != HOSTNAME:
                counter = self.domains[i]
                counter[domain] += delta
                if not counter[domain]:
                    del counter[domain]

    def totals(self, groups: Sequence[Group]) -> list[int]:
        """Normalised scores of the groups."""
        weights = [
            weight_of(self.scored if c.topology_key == HOSTNAME else len(self.domains[i]))
            for i, c in enumerate(self.constraints)
        ]
        raws: list[int | None] = [None if g.domains is None else self._raw(g.domains, weights) for g in groups]
        counted = [r for r in raws if r is not None]
        if not counted:
            return [0] * len(groups)
        low, high = min(counted), max(counted)
        return [0 if r is None else evened(r, low, high) for r in raws]

    def _raw(self, domains: tuple[Hashable, ...], weights: list[float]) -> int:
        total = 0.0
        for i, constraint in enumerate(self.constraints):
            domain = domains[i]
            if domain is None:
                continue
            if constraint.topology_key == HOSTNAME:
                assert isinstance(domain, int)
                count = domain
            else:
                assert isinstance(domain, str)
                count = self.counts[i][domain]
            total += count * weights[i] + (constraint.max_skew - 1)
        return round_half_away(total)


class Board:
    """The verdicts and scores of all nodes for one kind of Pod."""

    def __init__(self, prepared: Prepared, spread: Spread | None, summed: Sequence[Plugin]) -> None:
        self.prepared = prepared
        self.spread = spread
        self._summed = summed
        self._grouped = [p for p in GROUPED if p.pre_score(prepared.cycle, ()) is None]
        self._groups: dict[Hashable, Group] = {}
        self._cells: dict[str, tuple[Group, int, int]] = {}
        """Feasible nodes: group, sum, rank."""
        self.verdicts: dict[str, Verdict] = {}
        self.cursor = 0
        """How much of the log of changed nodes has been read."""
        self.failure: tuple[int, str, frozenset[str]] | None = None
        """What was said last to a Pod that fits nowhere: at which cursor, the text, who refused it."""

    def look(self, node: NodeInfo, rank: int) -> None:
        """Bring a node up to date."""
        cycle = self.prepared.cycle
        domains = self.spread.look(node) if self.spread else None
        old = self._cells.pop(node.name, None)
        if old is not None:
            group, total, _ = old
            group.remove(total, rank)
            if self.spread:
                self.spread.count_scored(group.domains, -1)
        verdict = run_filters(cycle, self.prepared.filters, node)
        if verdict is not None:
            self.verdicts[node.name] = verdict
            return
        self.verdicts.pop(node.name, None)
        total = 0
        for plugin in self._summed:
            total += plugin.score(cycle, node) * WEIGHTS[plugin.name]
        raw = tuple([p.score(cycle, node) for p in self._grouped])
        key = (raw, domains)
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = Group(raw, domains)
        found.add(total, rank)
        if self.spread:
            self.spread.count_scored(domains, 1)
        self._cells[node.name] = (found, total, rank)

    def best(self) -> list[list[int]]:
        """The ranks of the best nodes, as sorted lists."""
        groups = [g for g in self._groups.values() if g.sums]
        if len(groups) < len(self._groups) // 2:
            self._groups = {(g.raw, g.domains): g for g in groups}
        if len(groups) <= 1:
            return [g.by_sum[g.sums[-1]] for g in groups]
        totals = [g.sums[-1] for g in groups]
        for i, plugin in enumerate(self._grouped):
            raws = [g.raw[i] for g in groups]
            weight = WEIGHTS[plugin.name]
            scores = plugin.normalize(self.prepared.cycle, (), raws)
            totals = [t + weight * s for t, s in zip(totals, scores)]
        if self.spread:
            weight = WEIGHTS[SPREAD.name]
            totals = [t + weight * s for t, s in zip(totals, self.spread.totals(groups))]
        highest = max(totals)
        return [g.by_sum[g.sums[-1]] for g, t in zip(groups, totals) if t == highest]


class SharedScoring:
    """The boards of one scheduler, with the log of what changed. `touch` and `reset` are what the cache
    calls."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._boards: dict[bytes, Board | None] = {}
        """None: Pods of these needs are not shared."""
        self._log: list[str] = []
        self._rank: dict[str, int] = {}

    def touch(self, name: str) -> None:
        """A node changed, or the Pods on it."""
        self._log.append(name)
        if len(self._log) > 100_000:
            self.reset()

    def reset(self) -> None:
        """Something changed that concerns all nodes."""
        self._boards.clear()
        self._log.clear()
        self._rank.clear()

    def board(self, pod: PodInfo) -> Board | None:
        """The board for a Pod, up to date; None if it must be looked at alone."""
        if pod.nominated or pod.node or self._snapshot.nominated or not self._snapshot.nodes:
            return None
        key = pod.needs.key
        board = self._boards.pop(key, None) if key in self._boards else self._build(pod)
        if board is not None and board.spread is not None and not board.spread.current():
            board = self._build(pod)
        self._boards[key] = board
        if len(self._boards) > MOST_BOARDS:
            del self._boards[next(iter(self._boards))]
        if board is not None:
            self._catch_up(board)
        return board

    def _build(self, pod: PodInfo) -> Board | None:
        snapshot = self._snapshot
        prepared = prepare(pod, snapshot)
        if prepared.decision.pre_filter is not None or prepared.decision.narrowed is not None:
            return None
        if not all(p.node_local for p in prepared.filters):
            return None
        cycle = prepared.cycle
        if any(p.pre_score(cycle, snapshot.nodes) is None for p in OTHERS):
            return None
        constraints = soft_constraints(pod, snapshot)
        spread = Spread(pod, snapshot, constraints) if constraints else None
        board = Board(prepared, spread, [p for p in SUMMED if p.pre_score(cycle, ()) is None])
        if not self._rank:
            self._rank = {node.name: i for i, node in enumerate(snapshot.nodes)}
        for rank, node in enumerate(snapshot.nodes):
            board.look(node, rank)
        board.cursor = len(self._log)
        return board

    def _catch_up(self, board: Board) -> None:
        log = self._log
        if board.cursor == len(log):
            return
        changed = log[board.cursor :]
        board.cursor = len(log)
        for name in changed if len(changed) == 1 else dict.fromkeys(changed):
            rank = self._rank.get(name)
            if rank is not None:
                board.look(self._snapshot.nodes[rank], rank)

    def choose(self, board: Board, rng: Rng, *parts: object) -> str | None:
        """One of the best nodes, by a choice named `parts`; None if the Pod fits nowhere."""
        lists = board.best()
        if not lists:
            return None
        k = rng.below(sum(map(len, lists)), *parts)
        rank = lists[0][k] if len(lists) == 1 else _kth(lists, k, len(self._snapshot.nodes))
        return self._snapshot.nodes[rank].name

    def decision(self, board: Board, pod: PodInfo) -> Decision:
        """What `evaluate` would say of a Pod that fits nowhere."""
        names = (n.name for n in self._snapshot.nodes)
        return Decision(pod, len(self._snapshot.nodes), verdicts={n: board.verdicts[n] for n in names})


def _kth(lists: list[list[int]], k: int, bound: int) -> int:
    """The k-th smallest (from 0) of all numbers in sorted lists without common elements."""
    low, high = 0, bound
    while low < high:
        middle = (low + high) // 2
        if sum(bisect_right(one, middle) for one in lists) > k:
            high = middle
        else:
            low = middle + 1
    return low
