"""From what the metrics ask for to what is done: stabilization, policies, bounds.

Models: podautoscaler/horizontal.go, normalizeDesiredReplicas and normalizeDesiredReplicasWithBehaviors.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from clusters.components.controllers.hpa.memory import Kept, Memory, changed_since
from clusters.components.controllers.hpa.replicas import MAX_INT32
from clusters.kernel.clock import SECOND

DOWNSCALE_STABILIZATION = 300
"""Seconds."""
_UP_FACTOR, _UP_LEAST = 2, 4
_WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
_UP_LIMIT = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
_DOWN_LIMIT = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
_TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
_READY = ("ReadyForNewScale", "recommended size matches current size")
_DOWN_STABLE = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
_UP_STABLE = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
Reason = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`replicas` to have; why it is (not) able to scale; whether and why it is limited."""

    replicas: int
    able: Reason
    limited: bool
    limit: Reason
    waits: bool
    """Time alone will change the verdict."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is there, and what the metrics ask for."""

    current: int
    desired: int
    least: int
    most: int
    now: int
    before: int
    """The sync before this one."""


def normalize(wish: Wish, behavior: dict[str, Any] | None, kept: Kept) -> Verdict:
    """The verdict; `kept` learns the recommendation."""
    stable, able = _stabilized(wish, behavior, kept.memory)
    if not kept.memory.spans:
        # The size at first sight counts as a recommendation.
        kept.become(kept.memory.recommended(wish.current, wish.now, wish.now))
        stable, able = _stabilized(wish, behavior, kept.memory)
    kept.become(kept.memory.recommended(wish.desired, wish.now, wish.before))
    replicas, limit = _ruled(wish, stable) if behavior is None else _rated(wish, stable, behavior, kept.memory)
    waits = stable != wish.desired or (limit == _UP_LIMIT and not _disabled(behavior, "scaleUp"))
    waits = waits or (limit == _DOWN_LIMIT and not _disabled(behavior, "scaleDown"))
    return Verdict(replicas, able, replicas != stable, limit, waits)


def _stabilized(wish: Wish, behavior: dict[str, Any] | None, memory: Memory) -> tuple[int, Reason]:
    if behavior is None:
        found = max((wish.desired, *memory.within(wish.now - DOWNSCALE_STABILIZATION * SECOND)))
        return found, _READY if found == wish.desired else _DOWN_STABLE
    up = int(_rules(behavior, "scaleUp").get("stabilizationWindowSeconds") or 0)
    given = _rules(behavior, "scaleDown").get("stabilizationWindowSeconds")
    down = DOWNSCALE_STABILIZATION if given is None else int(given)
    lowest = min((wish.desired, *memory.within(wish.now - up * SECOND + 1)))
    highest = max((wish.desired, *memory.within(wish.now - down * SECOND + 1)))
    found = min(max(wish.current, lowest), highest)
    if found == wish.desired:
        return found, _READY
    return found, _UP_STABLE if wish.desired >= wish.current else _DOWN_STABLE


def _rules(behavior: dict[str, Any], direction: str) -> dict[str, Any]:
    found: dict[str, Any] = behavior.get(direction) or {}
    return found


def _disabled(behavior: dict[str, Any] | None, direction: str) -> bool:
    return behavior is not None and _rules(behavior, direction).get("selectPolicy") == "Disabled"


def _ruled(wish: Wish, desired: int) -> tuple[int, Reason]:
    fastest = max(_UP_FACTOR * wish.current, _UP_LEAST)
    most, why = (fastest, _UP_LIMIT) if wish.most > fastest else (wish.most, _TOO_MANY)
    if desired < wish.least:
        return wish.least, _TOO_FEW
    if desired > most:
        return most, why
    return desired, _WITHIN


def _rated(wish: Wish, desired: int, behavior: dict[str, Any], memory: Memory) -> tuple[int, Reason]:
    if desired > wish.current:
        fastest = max(rate_limit(wish.current, memory, _rules(behavior, "scaleUp"), wish.now, up=True), wish.current)
        most, why = (fastest, _UP_LIMIT) if wish.most > fastest else (wish.most, _TOO_MANY)
        if desired > most:
            return most, why
    elif desired < wish.current:
        slowest = min(rate_limit(wish.current, memory, _rules(behavior, "scaleDown"), wish.now, up=False), wish.current)
        least, why = (slowest, _DOWN_LIMIT) if wish.least < slowest else (wish.least, _TOO_FEW)
        if desired < least:
            return least, why
    return desired, _WITHIN


def _start(current: int, memory: Memory, seconds: int, now: int) -> int:
    """How many replicas there were when the period began."""
    cutoff = now - seconds * SECOND
    return current - changed_since(memory.ups, cutoff) + changed_since(memory.downs, cutoff)


def rate_limit(current: int, memory: Memory, rules: dict[str, Any], now: int, *, up: bool) -> int:
    """The most (or, downwards, the fewest) replicas that the policies allow."""
    select = rules.get("selectPolicy", "Max")
    if select == "Disabled":
        return current
    proposed = []
    for policy in rules.get("policies") or ():
        start, value = _start(current, memory, int(policy["periodSeconds"]), now), int(policy["value"])
        if policy["type"] == "Pods":
            proposed.append(start + value if up else start - value)
        else:
            proposed.append(ceil(start * (1 + value / 100)) if up else int(start * (1 - value / 100)))
    widest = max if up == (select != "Min") else min
    return widest(proposed, default=-MAX_INT32 if widest is max else MAX_INT32)
