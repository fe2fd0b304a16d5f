"""VolumeZone: a volume labelled with a zone or region can be used only there.

Models: kube-scheduler, plugins/volumezone.
"""

from __future__ import annotations

from clusters.components.scheduler.events import ClusterEvent
from clusters.components.scheduler.framework import SKIP, Cycle, Plugin, PreFilterResult, Verdict, unresolvable
from clusters.components.scheduler.plugins.volume_restrictions import names_claim
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot
from clusters.components.scheduler.volumes import class_name
from clusters.machinery.meta import labels

REFUSED = unresolvable("node(s) had no available volume zone")

CURRENT = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
KEYS = (*CURRENT, *CURRENT.values())

Wanted = tuple[tuple[str, frozenset[str]], ...]
"""Label keys with the values that a volume allows."""


def _zones(text: str) -> frozenset[str]:
    """A label may list several zones: `a__b`."""
    zones = frozenset(z.strip() for z in text.split("__"))
    return frozenset() if "" in zones else zones


class VolumeZone(Plugin):
    name = "VolumeZone"

    def pre_filter(self, cycle: Cycle) -> PreFilterResult:
        pod, snapshot = cycle.pod, cycle.snapshot
        wanted: list[tuple[str, frozenset[str]]] = []
        for used in pod.needs.claims:
            if not used.claim:
                continue
            claim = snapshot.get("persistentvolumeclaims", pod.namespace, used.claim)
            if claim is None:
                return unresolvable(f'persistentvolumeclaim "{used.claim}" not found')
            name = claim["spec"].get("volumeName") or ""
            if not name:
                refused = self._unbound(class_name(claim), snapshot)
                if refused is not None:
                    return refused
                continue
            volume = snapshot.get("persistentvolumes", "", name)
            if volume is None:
                return unresolvable(f'persistentvolume "{name}" not found')
            found = labels(volume)
            wanted += [(k, _zones(found[k])) for k in KEYS if k in found and _zones(found[k])]
        if not wanted:
            return SKIP
        cycle.state[self.name] = tuple(wanted)
        return None

    @staticmethod
    def _unbound(storage_class: str, snapshot: Snapshot) -> Verdict | None:
        """A claim without a volume is no obstacle only if its class waits for the node."""
        if not storage_class:
            return unresolvable("PersistentVolumeClaim had no pv name and storageClass name")
        found = snapshot.get("storageclasses.storage.k8s.io", "", storage_class)
        if found is None:
            return unresolvable(f'storageclass.storage.k8s.io "{storage_class}" not found')
        if not found.get("volumeBindingMode"):
            return unresolvable(f'VolumeBindingMode not set for StorageClass "{storage_class}"')
        if found["volumeBindingMode"] == "WaitForFirstConsumer":
            return None
        return unresolvable("PersistentVolume had no name")

    def filter(self, cycle: Cycle, node: NodeInfo) -> Verdict | None:
        if not any(key in node.labels for key in KEYS):
            return None
        wanted: Wanted = cycle.state[self.name]
        for key, values in wanted:
            found = node.labels.get(key)
            if found is None:
                found = node.labels.get(CURRENT.get(key, key))
            if found is None or found not in values:
                return REFUSED
        return None

    def helps(self, event: ClusterEvent, pod: PodInfo, snapshot: Snapshot) -> bool:
        match event.resource:
            case "persistentvolumeclaims":
                return event.new is not None and names_claim(pod, event)
            case "persistentvolumes" | "storageclasses.storage.k8s.io":
                return event.new is not None
            case "nodes":
                return event.new is not None and event.changed("metadata", "labels")
        return False
