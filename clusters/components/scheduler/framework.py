"""What a plugin is: verdicts as values, extension points as optional methods, no state between cycles.

A plugin is one object without attributes of its own; what it computes for a Pod lives in `Cycle.state` under
its name, where preemption can copy it. The registry lists the plugins; `PLUGINS` order is the order of their
extension points. Models: kube-scheduler, framework.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from clusters.components.scheduler.events import ClusterEvent
    from clusters.components.scheduler.podinfo import PodInfo
    from clusters.components.scheduler.snapshot import NodeInfo, Snapshot

MAX_SCORE = 100


class Code(enum.Enum):
    """Why a plugin refuses: whether displacing Pods might help."""

    UNSCHEDULABLE = "Unschedulable"
    UNRESOLVABLE = "UnschedulableAndUnresolvable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A refusal. Acceptance is None, so that the common case costs nothing. `plugin` is filled in by the
    cycle."""

    code: Code
    reasons: tuple[str, ...]
    plugin: str = ""

    def by(self, plugin: str) -> Verdict:
        return Verdict(self.code, self.reasons, plugin)


def unschedulable(*reasons: str) -> Verdict:
    return Verdict(Code.UNSCHEDULABLE, reasons)


def unresolvable(*reasons: str) -> Verdict:
    return Verdict(Code.UNRESOLVABLE, reasons)


class Skip(enum.Enum):
    """What PreFilter or PreScore answers when the plugin has nothing to say about this Pod."""

    SKIP = "Skip"


SKIP = Skip.SKIP

PreFilterResult = Verdict | frozenset[str] | Skip | None
"""A Verdict refuses all nodes; a set names the only nodes worth looking at; SKIP leaves out the plugin's
Filter; None goes on."""


@dataclass(slots=True)
class Cycle:
    """One attempt to place one Pod: what plugins read, and where they keep what they computed for it."""

    pod: PodInfo
    snapshot: Snapshot
    state: dict[str, Any] = field(default_factory=dict)
    """By plugin name (PreFilter's) or `NAME/score` (PreScore's). Values that AddPod and RemovePod change have
    a `clone` method."""

    def clone(self) -> Cycle:
        """A copy that dry runs may change."""
        state = {k: v.clone() if hasattr(v, "clone") else v for k, v in self.state.items()}
        return Cycle(self.pod, self.snapshot, state)


class Plugin:
    """The extension points; a plugin overrides those it has (the registry looks which)."""

    name: ClassVar[str]
    node_local: ClassVar[bool] = False
    """Filter and Score look at nothing but the Pod's needs and the one node (and at what the cache calls
    `reset` for), PreScore not at its nodes, normalize at nothing but the scores: Pods of equal needs can
    share them."""

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        """Once a cycle, before any node is looked at."""
        return None

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        """Whether the Pod may run on the node, as far as this plugin is concerned."""
        return None

    def add_pod(self, cycle: Cycle, pod: PodInfo, node: NodeInfo) -> None:
        """Change this plugin's PreFilter state as if `pod` were on `node` as well."""

    def remove_pod(self, cycle: Cycle, pod: PodInfo, node: NodeInfo) -> None:
        """Change this plugin's PreFilter state as if `pod` were not on `node`."""

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Skip | None:
        """Once a cycle, with the nodes that passed all filters."""
        return None

    def score(self, cycle: Cycle, node: NodeInfo) -> int:
        """The node's raw score."""
        return 0

    def normalize(self, cycle: Cycle, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        """Raw scores to 0..100, higher is better."""
        return scores

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        """Whether a change in the cluster may make a Pod schedulable that this plugin refused (a queueing
        hint)."""
        return False


def overrides(plugin: Plugin, method: str) -> bool:
    return getattr(type(plugin), method) is not getattr(Plugin, method)


def scaled_to_highest(scores: list[int], *, reverse: bool = False) -> list[int]:
    """The usual normalisation: the highest raw score becomes 100 (`reverse`: 0, and zero becomes 100)."""
    highest = max(scores, default=0)
    if highest == 0:
        return [MAX_SCORE] * len(scores) if reverse else scores
    if reverse:
        return [MAX_SCORE - MAX_SCORE * s // highest for s in scores]
    return [MAX_SCORE * s // highest for s in scores]
