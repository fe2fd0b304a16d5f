"""One scoring for all Pods of equal needs.

A board keeps, for one kind of Pod, the verdict or score of every node, and brings up to date only the nodes
that changed since it was last asked: placing a Pod costs a handful of steps however many nodes there are. It
gives exactly the nodes that `cycle.evaluate` would call best.

Nodes that look alike to every plugin whose scores are normalised, or that depends on other nodes (topology
spread), form a group; what such plugins say is worked out once a group. What remains are plain sums, kept
sorted within the group. Pods for which some other plugin looks beyond the node at hand are not shared.

    node ─▶ verdict, or group + sum ─▶ groups ─▶ normalised totals ─▶ best nodes
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable

from clusters.components.scheduler.cycle import Decision, Prepared, prepare, run_filters
from clusters.components.scheduler.framework import Verdict, overrides
from clusters.components.scheduler.plugins.pod_topology_spread import soft_constraints
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.registry import BY_NAME, SCORERS, WEIGHTS
from clusters.components.scheduler.shared_spread import HardSpread, Place, SoftSpread
from clusters.components.scheduler.snapshot import HOSTNAME, NodeInfo, Snapshot
from clusters.kernel.rng import Rng

SPREAD = BY_NAME["PodTopologySpread"]
SUMMED = tuple(p for p in SCORERS if p.node_local and not overrides(p, "normalize"))
GROUPED = tuple(p for p in SCORERS if p.node_local and overrides(p, "normalize"))
OTHERS = tuple(p for p in SCORERS if not p.node_local and p is not SPREAD)

MOST_BOARDS = 64


class Group:
    """Nodes that only their sums tell apart: ranks (positions in the snapshot), sorted, by sum."""

    __slots__ = ("by_sum", "hard", "raw", "size", "soft", "sums")

    def __init__(self, raw: tuple[int, ...], hard: Place, soft: Place) -> None:
        self.raw = raw
        """The raw scores of the GROUPED plugins."""
        self.hard = hard
        """The place among the domains of required topology spread."""
        self.soft = soft
        """The place among the domains of preferred topology spread."""
        self.by_sum: dict[int, list[int]] = {}
        self.sums: list[int] = []
        self.size = 0

    def add(self, total: int, rank: int) -> None:
        self.size += 1
        ranks = self.by_sum.get(total)
        if ranks is None:
            self.by_sum[total] = [rank]
            insort(self.sums, total)
        else:
            insort(ranks, rank)

    def remove(self, total: int, rank: int) -> None:
        self.size -= 1
        ranks = self.by_sum[total]
        del ranks[bisect_left(ranks, rank)]
        if not ranks:
            del self.by_sum[total]
            del self.sums[bisect_left(self.sums, total)]


class Board:
    """The verdicts and scores of all nodes for one kind of Pod."""

    def __init__(self, prepared: Prepared, hard: HardSpread | None, soft: SoftSpread | None) -> None:
        self.prepared = prepared
        self._hard = hard
        self._soft = soft
        cycle = prepared.cycle
        self._filters = tuple(p for p in prepared.filters if p.node_local)
        self._summed = [p for p in SUMMED if p.pre_score(cycle, ()) is None]
        self._grouped = [p for p in GROUPED if p.pre_score(cycle, ()) is None]
        self._groups: dict[Hashable, Group] = {}
        self._cells: dict[str, tuple[Group, int]] = {}
        """Nodes that no plugin refuses which looks at one node: group and sum."""
        self._verdicts: dict[str, Verdict] = {}
        self.cursor = 0
        """How much of the log of changed nodes has been read."""
        self.failure: tuple[int, str, frozenset[str]] | None = None
        """What was said last to a Pod that fits nowhere: at which cursor, the text, who refused it."""

    def current(self) -> bool:
        """False if what this was built on is no longer kept."""
        return (self._hard is None or self._hard.current()) and (self._soft is None or self._soft.current())

    def look(self, node: NodeInfo, rank: int) -> None:
        """Bring a node up to date."""
        cycle = self.prepared.cycle
        hard = self._hard.look(node) if self._hard else ()
        soft = self._soft.look(node) if self._soft else ()
        old = self._cells.pop(node.name, None)
        if old is not None:
            old[0].remove(old[1], rank)
        verdict = run_filters(cycle, self._filters, node)
        if verdict is not None:
            self._verdicts[node.name] = verdict
            return
        total = 0
        for plugin in self._summed:
            total += plugin.score(cycle, node) * WEIGHTS[plugin.name]
        raw = tuple([p.score(cycle, node) for p in self._grouped])
        key = (raw, hard, soft)
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = Group(raw, hard, soft)
        found.add(total, rank)
        self._cells[node.name] = (found, total)

    def feasible(self) -> list[tuple[Group, int]]:
        """The groups whose nodes will do, with what the normalised scores add to their nodes' sums."""
        groups = [g for g in self._groups.values() if g.size]
        if len(groups) < len(self._groups) // 2:
            self._groups = {(g.raw, g.hard, g.soft): g for g in groups}
        if self._hard:
            verdicts = self._hard.verdicts([g.hard for g in groups])
            groups = [g for g, verdict in zip(groups, verdicts) if verdict is None]
        if len(groups) <= 1:
            return [(g, 0) for g in groups]
        added = [0] * len(groups)
        for i, plugin in enumerate(self._grouped):
            weight = WEIGHTS[plugin.name]
            scores = plugin.normalize(self.prepared.cycle, (), [g.raw[i] for g in groups])
            added = [a + weight * s for a, s in zip(added, scores)]
        if self._soft:
            weight = WEIGHTS[SPREAD.name]
            scores = self._soft.scores([g.soft for g in groups], [g.size for g in groups])
            added = [a + weight * s for a, s in zip(added, scores)]
        return list(zip(groups, added))

    def best(self) -> list[list[int]]:
        """The ranks of the best nodes, as sorted lists."""
        found = self.feasible()
        highest = max((group.sums[-1] + added for group, added in found), default=0)
        return [group.by_sum[group.sums[-1]] for group, added in found if group.sums[-1] + added == highest]

    def verdict(self, name: str) -> Verdict | None:
        """What is said to a node."""
        cell = self._cells.get(name)
        if cell is None:
            return self._verdicts[name]
        found = self._hard.verdicts([cell[0].hard])[0] if self._hard else None
        return found.by(SPREAD.name) if found is not None else None


class SharedScoring:
    """The boards of one scheduler, with the log of what changed (a `Listener` of the cache)."""

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
        if board is not None and not board.current():
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
        if not all(p.node_local or p is SPREAD for p in prepared.filters):
            return None
        if any(p.pre_score(prepared.cycle, snapshot.nodes) is None for p in OTHERS):
            return None
        required = pod.needs.hard_spread
        if any(c.topology_key == HOSTNAME for c in required) and not self._hosts_are_nodes():
            return None
        hard = HardSpread(pod, snapshot, required) if required else None
        wanted = soft_constraints(pod, snapshot)
        soft = SoftSpread(pod, snapshot, wanted) if wanted else None
        board = Board(prepared, hard, soft)
        if not self._rank:
            self._rank = {node.name: i for i, node in enumerate(snapshot.nodes)}
        for rank, node in enumerate(snapshot.nodes):
            board.look(node, rank)
        board.cursor = len(self._log)
        return board

    def _hosts_are_nodes(self) -> bool:
        """Whether every hostname is one node: counts by host are then counts by node."""
        return all(n.labels.get(HOSTNAME, n.name) == n.name for n in self._snapshot.nodes)

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
        said = ((n.name, board.verdict(n.name)) for n in self._snapshot.nodes)
        verdicts = {name: verdict for name, verdict in said if verdict is not None}
        return Decision(pod, len(self._snapshot.nodes), verdicts=verdicts)


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
