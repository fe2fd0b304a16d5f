"""VolumeBinding: bound claims tie a Pod to where their volumes are; unbound ones need a volume there.

What the plan for the chosen node says is carried out by `binding.py`.
Models: kube-scheduler, plugins/volumebinding.
"""

from __future__ import annotations

from dataclasses import dataclass

from clusters.components.scheduler.events import ClusterEvent
from clusters.components.scheduler.framework import SKIP, Cycle, Plugin, PreFilterResult, Verdict, unresolvable
from clusters.components.scheduler.plugins.volume_restrictions import names_claim
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot
from clusters.components.scheduler.volumes import is_bound, plan, reaches, waits_for_consumer
from clusters.machinery.meta import controlled_by, deleting
from clusters.machinery.types import Obj

UNBOUND_IMMEDIATE = unresolvable("pod has unbound immediate PersistentVolumeClaims")
ELSEWHERE = "node(s) didn't match PersistentVolume's node affinity"
NO_VOLUME = "node(s) didn't find available persistent volumes to bind"
NO_SPACE = "node(s) did not have enough free storage"
GONE = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"


@dataclass(frozen=True, slots=True)
class Claims:
    bound: tuple[Obj, ...]
    waiting: tuple[Obj, ...]
    """To be bound to something on the node that is chosen."""


def sort_claims(pod: PodInfo, snapshot: Snapshot) -> Claims | Verdict:
    """A Pod's claims by what is to be done about them, or why it must wait."""
    bound: list[Obj] = []
    waiting: list[Obj] = []
    immediate = False
    for volume, name in zip(pod.needs.claims, pod.claim_names()):
        claim = snapshot.get("persistentvolumeclaims", pod.namespace, name)
        if claim is None:
            if volume.claim:
                return unresolvable(f'persistentvolumeclaim "{name}" not found')
            return unresolvable(f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"')
        spec = claim["spec"]
        if (claim.get("status") or {}).get("phase") == "Lost":
            return unresolvable(
                f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{spec.get("volumeName", "")}"'
            )
        if deleting(claim):
            return unresolvable(f'persistentvolumeclaim "{name}" is being deleted')
        if not volume.claim and not controlled_by(claim, pod.obj):
            return unresolvable(f"PVC {pod.namespace}/{name} was not created for pod {pod.key} (pod is not owner)")
        if is_bound(claim):
            bound.append(claim)
        elif not spec.get("volumeName") and waits_for_consumer(claim, snapshot):
            waiting.append(claim)
        else:
            immediate = True
    return UNBOUND_IMMEDIATE if immediate else Claims(tuple(bound), tuple(waiting))


class VolumeBinding(Plugin):
    name = "VolumeBinding"

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        if not cycle.pod.needs.claims:
            return SKIP
        claims = sort_claims(cycle.pod, cycle.snapshot)
        if isinstance(claims, Verdict):
            return claims
        cycle.state[self.name] = claims
        return None

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        claims: Claims = cycle.state[self.name]
        reasons: list[str] = []
        missing = False
        for claim in claims.bound:
            volume = cycle.snapshot.get("persistentvolumes", "", claim["spec"]["volumeName"])
            if volume is None:
                missing = True
                break
            if not reaches(volume, node):
                reasons.append(ELSEWHERE)
                break
        if claims.waiting:
            found = plan(claims.waiting, node, cycle.snapshot)
            if found.short:
                reasons.append(NO_VOLUME)
            if found.no_space:
                reasons.append(NO_SPACE)
        if missing:
            reasons.append(GONE)
        return unresolvable(*reasons) if reasons else None

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        match event.resource:
            case "persistentvolumeclaims":
                return event.new is not None and names_claim(pod, event)
            case "persistentvolumes" | "csinodes.storage.k8s.io" | "csistoragecapacities.storage.k8s.io":
                return event.new is not None
            case "storageclasses.storage.k8s.io":
                return event.new is not None and (event.old is None or event.changed("allowedTopologies"))
            case "csidrivers.storage.k8s.io":
                return event.changed("spec", "storageCapacity")
            case "nodes":
                return event.new is not None and event.changed("metadata", "labels")
        return False
