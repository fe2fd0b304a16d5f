"""NodeVolumeLimits: how many volumes of a CSI driver can be attached to a node.

Models: kube-scheduler, plugins/nodevolumelimits (csi). Volumes of in-tree drivers are not translated.
"""

from __future__ import annotations

from clusters.components.scheduler.events import Action, ClusterEvent
from clusters.components.scheduler.framework import SKIP, Cycle, Plugin, PreFilterResult, Verdict, unschedulable
from clusters.components.scheduler.plugins.volume_restrictions import names_claim
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot
from clusters.components.scheduler.volumes import NO_PROVISIONER, claims_of, class_name
from clusters.machinery.types import Obj

TOO_MANY = unschedulable("node(s) exceed max volume count")

Attached = dict[str, str]
"""Unique volume name to its driver."""


def _limits(csi_node: Obj | None) -> dict[str, int]:
    drivers = ((csi_node or {}).get("spec") or {}).get("drivers") or ()
    return {
        d["name"]: d["allocatable"]["count"] for d in drivers if (d.get("allocatable") or {}).get("count") is not None
    }


def _driver_and_handle(claim: Obj, snapshot: Snapshot) -> tuple[str, str]:
    volume_name = claim["spec"].get("volumeName")
    volume = snapshot.get("persistentvolumes", "", volume_name) if volume_name else None
    if volume is not None:
        csi = volume["spec"].get("csi") or {}
        return csi.get("driver", ""), csi.get("volumeHandle", "")
    found = snapshot.get("storageclasses.storage.k8s.io", "", class_name(claim))
    provisioner = (found or {}).get("provisioner") or ""
    if not provisioner or provisioner == NO_PROVISIONER:
        return "", ""
    # Not made yet: counted under a name of its own.
    meta = claim["metadata"]
    return provisioner, f"unbound/{meta['namespace']}/{meta['name']}"


def _attachable(pod: PodInfo, snapshot: Snapshot) -> Attached:
    out: Attached = {}
    for claim in claims_of(pod, snapshot):
        if claim is not None:
            driver, handle = _driver_and_handle(claim, snapshot)
            if driver and handle:
                out[f"{driver}/{handle}"] = driver
    return out


def _attached_elsewhere(node: NodeInfo, snapshot: Snapshot) -> Attached:
    """By VolumeAttachments, whether a Pod uses them or not."""
    out: Attached = {}
    for attachment in snapshot.informers["volumeattachments.storage.k8s.io"]:
        spec = attachment["spec"]
        name = (spec.get("source") or {}).get("persistentVolumeName")
        volume = snapshot.get("persistentvolumes", "", name) if name else None
        if spec.get("nodeName") == node.name and volume is not None:
            handle = (volume["spec"].get("csi") or {}).get("volumeHandle")
            if handle:
                out[f"{spec['attacher']}/{handle}"] = spec["attacher"]
    return out


class NodeVolumeLimits(Plugin):
    name = "NodeVolumeLimits"

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        return None if cycle.pod.needs.claims else SKIP

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        snapshot = cycle.snapshot
        limits = _limits(snapshot.get("csinodes.storage.k8s.io", "", node.name))
        if not limits:
            return None
        there: Attached = {}
        for other in node.pods.values():
            if other.needs.claims:
                there.update(_attachable(other, snapshot))
        new = {k: d for k, d in _attachable(cycle.pod, snapshot).items() if k not in there}
        there.update(_attached_elsewhere(node, snapshot))
        for driver in set(new.values()):
            if driver in limits:
                total = list(there.values()).count(driver) + list(new.values()).count(driver)
                if total > limits[driver]:
                    return TOO_MANY
        return None

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        match event.resource:
            case "csinodes.storage.k8s.io":
                return event.new is not None
            case "pods" | "volumeattachments.storage.k8s.io":
                return event.action is Action.DELETE
            case "persistentvolumeclaims":
                return event.action is Action.ADD and names_claim(pod, event)
        return False
