"""Topology spread for shared scoring: what each node adds to its domains, kept current node by node.

A node's *place* is what the constraints know of it: for each constraint its topology value, or, for hostnames,
how many matching Pods are on it. Nodes of equal place are alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TypeVar

from clusters.components.scheduler.framework import Verdict
from clusters.components.scheduler.plugins.pod_topology_spread import (
    NO_LABEL,
    TOO_SKEWED,
    counts_in,
    evened,
    has_all_keys,
    round_half_away,
    weight_of,
)
from clusters.components.scheduler.podinfo import PodInfo, SpreadConstraint
from clusters.components.scheduler.snapshot import HOSTNAME, MatchCount, NodeInfo, Snapshot

T = TypeVar("T")

Place = tuple[Hashable, ...] | None
"""A part is None where the node lacks the label; all is None for a node that is not scored for that."""


class _Domains:
    """One constraint: which nodes count, with how many Pods, by topology value (or by node, for hostnames)."""

    def __init__(self, constraint: SpreadConstraint, counter: MatchCount | None) -> None:
        self.constraint = constraint
        self.per_node = constraint.topology_key == HOSTNAME
        self.counter = counter
        self.counts: dict[str, int] = {}
        """Matching Pods by topology value."""
        self.members: Counter[str] = Counter()
        """Counting nodes by topology value."""
        self.host_counts: Counter[int] = Counter()
        """How many counting nodes have how many matching Pods, for hostnames."""
        self._seen: dict[str, tuple[str, int]] = {}

    def look(self, node: NodeInfo, pod: PodInfo) -> int:
        """Bring a node up to date; how many matching Pods it has (0 if they do not count)."""
        here = self.counter.by_node.get(node.name, 0) if self.counter is not None else 0
        counting = counts_in(self.constraint, pod, node)
        new = (node.labels.get(self.constraint.topology_key, ""), here) if counting else None
        old = self._seen.get(node.name)
        if new != old:
            if old is not None:
                self._add(*old, -1)
                del self._seen[node.name]
            if new is not None:
                self._add(*new, 1)
                self._seen[node.name] = new
        return here if counting else 0

    def _add(self, domain: str, count: int, sign: int) -> None:
        if self.per_node:
            _bump(self.host_counts, count, sign)
            return
        self.counts[domain] = self.counts.get(domain, 0) + sign * count
        _bump(self.members, domain, sign)
        if domain not in self.members:
            del self.counts[domain]

    def least(self) -> int:
        """The fewest matching Pods of any domain; 0 while there are fewer than `minDomains`."""
        if self.per_node:
            domains, least = self.host_counts.total(), min(self.host_counts, default=0)
        else:
            domains, least = len(self.counts), min(self.counts.values(), default=0)
        return least if domains >= self.constraint.min_domains else 0


def _bump(counter: Counter[T], key: T, delta: int) -> None:
    counter[key] += delta
    if not counter[key]:
        del counter[key]


class _Spread:
    def __init__(self, pod: PodInfo, snapshot: Snapshot, constraints: tuple[SpreadConstraint, ...]) -> None:
        self.pod = pod
        self._snapshot = snapshot
        self.constraints = constraints
        self.domains = [_Domains(c, counter) for c, counter in zip(constraints, self._counters(constraints))]

    def _counters(self, constraints: Sequence[SpreadConstraint]) -> list[MatchCount | None]:
        namespace = self.pod.namespace
        return [None if c.selector.empty else self._snapshot.match_count(namespace, c.selector) for c in constraints]

    def current(self) -> bool:
        """False if the snapshot has stopped keeping the counts this was built on."""
        return all(a is d.counter for a, d in zip(self._counters(self.constraints), self.domains))


class SoftSpread(_Spread):
    """Preferences: scores that depend on all nodes that are left."""

    def __init__(self, pod: PodInfo, snapshot: Snapshot, constraints: tuple[SpreadConstraint, ...]) -> None:
        super().__init__(pod, snapshot, constraints)
        self._strict = pod.needs.has_spread

    def look(self, node: NodeInfo) -> Place:
        if self._strict and not has_all_keys(self.constraints, node.labels):
            return None
        out: list[Hashable] = []
        for domains in self.domains:
            key = domains.constraint.topology_key
            domains.look(node, self.pod)
            if key not in node.labels:
                out.append(None)
            elif domains.per_node:
                # A score counts what is on the node, whatever the constraint's policies say.
                out.append(domains.counter.by_node.get(node.name, 0) if domains.counter is not None else 0)
            else:
                out.append(node.labels[key])
        return tuple(out)

    def scores(self, places: Sequence[Place], sizes: Sequence[int]) -> list[int]:
        """Normalised scores of groups of nodes, given how many nodes are in each."""
        scored = [p for p in places if p is not None]
        if not scored:
            return [0] * len(places)
        nodes = sum(size for place, size in zip(places, sizes) if place is not None)
        weights = [
            weight_of(nodes if domains.per_node else len({place[i] for place in scored}))
            for i, domains in enumerate(self.domains)
        ]
        raws = [None if place is None else self._raw(place, weights) for place in places]
        counted = [raw for raw in raws if raw is not None]
        low, high = min(counted), max(counted)
        return [0 if raw is None else evened(raw, low, high) for raw in raws]

    def _raw(self, place: tuple[Hashable, ...], weights: list[float]) -> int:
        total = 0.0
        for domains, at, weight in zip(self.domains, place, weights):
            if at is None:
                continue
            if isinstance(at, int):
                count = at
            else:
                assert isinstance(at, str)
                count = domains.counts.get(at, 0)
            total += count * weight + (domains.constraint.max_skew - 1)
        return round_half_away(total)


class HardSpread(_Spread):
    """Requirements: verdicts that depend on the emptiest domain."""

    def __init__(self, pod: PodInfo, snapshot: Snapshot, constraints: tuple[SpreadConstraint, ...]) -> None:
        super().__init__(pod, snapshot, constraints)
        self._self_match = [int(c.selector.matches(pod.labels)) for c in constraints]

    def look(self, node: NodeInfo) -> Place:
        counting = has_all_keys(self.constraints, node.labels)
        out: list[Hashable] = []
        for domains in self.domains:
            here = domains.look(node, self.pod) if counting else 0
            out.append(here if domains.per_node else node.labels.get(domains.constraint.topology_key))
            if domains.constraint.topology_key not in node.labels:
                out[-1] = None
        return tuple(out)

    def verdicts(self, places: Sequence[Place]) -> list[Verdict | None]:
        """What is said to groups of nodes."""
        least = [d.least() for d in self.domains]
        return [self._verdict(place or (), least) for place in places]

    def _verdict(self, place: tuple[Hashable, ...], least: list[int]) -> Verdict | None:
        for i, (domains, at) in enumerate(zip(self.domains, place)):
            if at is None:
                return NO_LABEL
            if isinstance(at, int):
                count = at
            else:
                assert isinstance(at, str)
                count = domains.counts.get(at, 0)
            if count + self._self_match[i] - least[i] > domains.constraint.max_skew:
                return TOO_SKEWED
        return None
