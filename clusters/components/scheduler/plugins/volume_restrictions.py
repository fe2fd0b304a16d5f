"""VolumeRestrictions: disks that one Pod at a time can use, and claims of mode ReadWriteOncePod.

Models: kube-scheduler, plugins/volumerestrictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clusters.components.scheduler.events import Action, ClusterEvent
from clusters.components.scheduler.framework import (
    SKIP,
    Cycle,
    Plugin,
    PreFilterResult,
    Verdict,
    unresolvable,
    unschedulable,
)
from clusters.components.scheduler.podinfo import EXCLUSIVE_DISKS, PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot

DISK_TAKEN = unschedulable("node(s) had no available disk")
CLAIM_TAKEN = unschedulable(
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
)


@dataclass(slots=True)
class ClaimState:
    exclusive: frozenset[str]
    """Names of the Pod's ReadWriteOncePod claims."""
    users: int
    """How many of them other Pods use."""

    def clone(self) -> ClaimState:
        return ClaimState(self.exclusive, self.users)


def _same_disk(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    for kind in EXCLUSIVE_DISKS:
        ours, theirs = a.get(kind), b.get(kind)
        if ours is None or theirs is None:
            continue
        read_only = bool(ours.get("readOnly") and theirs.get("readOnly"))
        if kind == "gcePersistentDisk" and ours.get("pdName") == theirs.get("pdName") and not read_only:
            return True
        if kind == "awsElasticBlockStore" and ours.get("volumeID") == theirs.get("volumeID"):
            return True
        if kind == "iscsi" and ours.get("iqn") == theirs.get("iqn") and not read_only:
            return True
        if kind == "rbd" and not read_only:
            shared = set(ours.get("monitors") or ()) & set(theirs.get("monitors") or ())
            if shared and all(ours.get(k) == theirs.get(k) for k in ("pool", "image")):
                return True
    return False


def _conflicts(pod: PodInfo, other: PodInfo) -> bool:
    return any(_same_disk(a, b) for a in pod.needs.disks for b in other.needs.disks)


class VolumeRestrictions(Plugin):
    name = "VolumeRestrictions"

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        pod, snapshot = cycle.pod, cycle.snapshot
        if not pod.needs.claims and not pod.needs.disks:
            return SKIP
        exclusive: set[str] = set()
        for volume in pod.needs.claims:
            if not volume.claim:
                continue
            claim = snapshot.get("persistentvolumeclaims", pod.namespace, volume.claim)
            if claim is None:
                return unresolvable(f'persistentvolumeclaim "{volume.claim}" not found')
            if "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ()):
                exclusive.add(volume.claim)
        users = sum(snapshot.claim_users[f"{pod.namespace}/{name}"] > 0 for name in exclusive)
        if not pod.needs.disks and not users:
            return SKIP
        cycle.state[self.name] = ClaimState(frozenset(exclusive), users)
        return None

    def add_pod(self, cycle: Cycle, pod: PodInfo, node: NodeInfo) -> None:
        self._change(cycle, pod, 1)

    def remove_pod(self, cycle: Cycle, pod: PodInfo, node: NodeInfo) -> None:
        self._change(cycle, pod, -1)

    def _change(self, cycle: Cycle, pod: PodInfo, delta: int) -> None:
        state: ClaimState = cycle.state[self.name]
        if pod.namespace == cycle.pod.namespace:
            state.users += delta * sum(v.claim in state.exclusive for v in pod.needs.claims if v.claim)

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        if cycle.pod.needs.disks and any(_conflicts(cycle.pod, other) for other in node.pods.values()):
            return DISK_TAKEN
        state: ClaimState = cycle.state[self.name]
        return CLAIM_TAKEN if state.users > 0 else None

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        if event.resource == "persistentvolumeclaims":
            return event.action is Action.ADD and names_claim(pod, event)
        if event.resource == "pods":
            return event.action is Action.DELETE and event.obj["metadata"].get("namespace") == pod.namespace
        return event.resource == "nodes" and event.action is Action.ADD


def names_claim(pod: PodInfo, event: ClusterEvent) -> bool:
    """Whether an event is about a claim that the Pod uses."""
    meta = event.obj["metadata"]
    return meta.get("namespace") == pod.namespace and meta["name"] in pod.claim_names()
