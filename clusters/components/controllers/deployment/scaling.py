"""Resizing ReplicaSets: one by one with its Event, and all together when the Deployment is scaled mid-rollout.

Models: kube-controller-manager, deployment/sync.go (scale, scaleReplicaSetAndRecordEvent).
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.client.api import ApiClient, EventSink
from clusters.components.controllers.deployment import replicas
from clusters.components.controllers.deployment.history import REPLICASETS, size_annotations
from clusters.components.controllers.shared.objects import with_annotations
from clusters.machinery.types import Obj


class Scaler:
    """Sizes of a Deployment's ReplicaSets."""

    def __init__(self, client: ApiClient, events: EventSink) -> None:
        self.client = client
        self.events = events

    def resize(self, rs: Obj, size: int, deployment: Obj) -> tuple[bool, Obj]:
        """Give `rs` that size; (whether it changed, the set as it is then)."""
        if replicas.wanted(rs) == size:
            return False, rs
        return self._write(rs, size, deployment)

    def _write(self, rs: Obj, size: int, deployment: Obj) -> tuple[bool, Obj]:
        before, want = replicas.wanted(rs), size_annotations(deployment)
        have = rs["metadata"].get("annotations") or {}
        if before == size and all(have.get(k) == v for k, v in want.items()):
            return False, rs
        changed = with_annotations(rs, dict(want))
        changed["spec"] = {**rs["spec"], "replicas": size}
        stored = self.client.update(REPLICASETS, changed)
        if before == size:
            return False, stored
        verb = "up" if before < size else "down"
        text = f"Scaled {verb} replica set {rs['metadata']['name']} from {before} to {size}"
        self.events.event(deployment, "Normal", "ScalingReplicaSet", text)
        return True, stored

    def follow(self, deployment: Obj, new: Obj | None, old: Sequence[Obj]) -> None:
        """Bring the sets to the Deployment's size without rolling out anything: all to the one that matters, or
        in the middle of a rollout to each its share."""
        single = _active_or_latest(new, old)
        if single is not None:
            if replicas.wanted(single) != replicas.wanted(deployment):
                self.resize(single, replicas.wanted(deployment), deployment)
            return
        if replicas.is_saturated(deployment, new):
            for rs in replicas.active(old):
                self.resize(rs, 0, deployment)
            return
        if replicas.is_rolling(deployment):
            self._share(deployment, replicas.active([*old, *([new] if new is not None else [])]))

    def _share(self, deployment: Obj, sets: list[Obj]) -> None:
        desired = replicas.wanted(deployment)
        allowed = desired + replicas.max_surge(deployment) if desired > 0 else 0
        to_add = allowed - replicas.total_wanted(sets)
        # The largest first; of equal ones the newest grows, the oldest shrinks.
        ordered = replicas.oldest_first(sets)
        if to_add > 0:
            ordered.reverse()
        ordered.sort(key=replicas.wanted, reverse=True)
        sizes: list[int] = []
        added = 0
        for rs in ordered:
            share = replicas.proportion(deployment, rs, to_add, added)
            added += share
            sizes.append(replicas.wanted(rs) + share)
        if sizes and to_add:
            sizes[0] = max(sizes[0] + to_add - added, 0)
        for rs, size in zip(ordered, sizes, strict=True):
            self._write(rs, size, deployment)


def _active_or_latest(new: Obj | None, old: Sequence[Obj]) -> Obj | None:
    """The only set with replicas; with none, the newest; None if several have some."""
    everything = [*old, *([new] if new is not None else [])]
    if not everything:
        return None
    live = replicas.active(everything)
    if not live:
        return new if new is not None else replicas.oldest_first(old)[-1]
    return live[0] if len(live) == 1 else None
