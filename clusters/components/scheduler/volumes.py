"""Claims and volumes, as several plugins and the binding of volumes need them.

Models: component-helpers storage/volume, kube-scheduler plugins/volumebinding (binder).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clusters.components.scheduler import nodeselector
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.snapshot import NodeInfo, Snapshot
from clusters.machinery import meta
from clusters.machinery.quantity import value
from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


def claims_of(pod: PodInfo, snapshot: Snapshot) -> list[Obj | None]:
    """The claims a Pod uses, in the order of its volumes; None for one that is not there."""
    informer = snapshot.informers["persistentvolumeclaims"]
    return [informer.get(pod.namespace, name) for name in pod.claim_names()]


def class_name(obj: Obj) -> str:
    """The StorageClass of a claim or volume."""
    spec_class: str = (obj.get("spec") or {}).get("storageClassName") or ""
    return meta.annotations(obj).get(CLASS_ANNOTATION, spec_class)


def is_bound(claim: Obj) -> bool:
    """Bound from both sides."""
    return bool(claim["spec"].get("volumeName")) and BIND_COMPLETED in meta.annotations(claim)


def waits_for_consumer(claim: Obj, snapshot: Snapshot) -> bool:
    name = class_name(claim)
    if not name:
        return False
    found = snapshot.get("storageclasses.storage.k8s.io", "", name)
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def size_asked(claim: Obj) -> int:
    return value(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", 0))


def reaches(volume: Obj, node: NodeInfo) -> bool:
    """Whether a PersistentVolume's node affinity lets it be used on a node."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return nodeselector.any_matches(nodeselector.terms(required), node.name, node.labels)


def bound_to(volume: Obj, claim: Obj) -> bool:
    """Whether a volume is reserved for (or bound to) exactly this claim."""
    ref = volume["spec"].get("claimRef")
    own = claim["metadata"]
    return (
        ref is not None
        and ref.get("name") == own["name"]
        and ref.get("namespace") == own["namespace"]
        and ref.get("uid") in (None, "", own["uid"])
    )


def find_volume(claim: Obj, volumes: Iterable[Obj], node: NodeInfo, taken: set[str]) -> Obj | None:
    """The smallest volume that a claim could be bound to on a node; one reserved for it comes first."""
    spec = claim["spec"]
    wanted = size_asked(claim)
    selector = spec.get("selector")
    matches = from_label_selector(selector) if selector is not None else None
    best: Obj | None = None
    best_size = 0
    for volume in volumes:
        have = volume["spec"]
        if volume["metadata"]["name"] in taken or meta.deleting(volume):
            continue
        reserved = bound_to(volume, claim)
        if have.get("claimRef") is not None and not reserved:
            continue
        size = value((have.get("capacity") or {}).get("storage", 0))
        if size < wanted:
            continue
        if (have.get("volumeMode") or "Filesystem") != (spec.get("volumeMode") or "Filesystem"):
            continue
        if (have.get("volumeAttributesClassName") or "") != (spec.get("volumeAttributesClassName") or ""):
            continue
        if reserved:
            return volume if reaches(volume, node) else None
        if (volume.get("status") or {}).get("phase") != "Available":
            continue
        if matches is not None and not matches.matches(meta.labels(volume)):
            continue
        if class_name(volume) != class_name(claim) or not reaches(volume, node):
            continue
        if not set(spec.get("accessModes") or ()) <= set(have.get("accessModes") or ()):
            continue
        if best is None or size < best_size:
            best, best_size = volume, size
    return best


@dataclass(slots=True)
class Plan:
    """How a Pod's unbound claims would be served on a node."""

    bindings: list[tuple[Obj, Obj]] = field(default_factory=list)
    """(volume, claim)"""
    provisions: list[Obj] = field(default_factory=list)
    short: bool = False
    """No volume can be found or made for some claim."""
    no_space: bool = False
    """Storage capacity is tracked and too small."""


def plan(claims: Sequence[Obj], node: NodeInfo, snapshot: Snapshot) -> Plan:
    """Match volumes to claims, smallest claims first; what is left is provisioned if its class can."""
    out = Plan()
    to_match: list[Obj] = []
    to_provision: list[Obj] = []
    for claim in claims:
        selected = meta.annotations(claim).get(SELECTED_NODE)
        if selected is None:
            to_match.append(claim)
        elif selected != node.name:
            out.short = True
            return out
        else:
            to_provision.append(claim)
    taken: set[str] = set()
    volumes = list(snapshot.informers["persistentvolumes"]) if to_match else []
    for claim in sorted(to_match, key=size_asked):
        volume = find_volume(claim, volumes, node, taken)
        if volume is None:
            to_provision.append(claim)
        else:
            taken.add(volume["metadata"]["name"])
            out.bindings.append((volume, claim))
    for claim in to_provision:
        found = snapshot.get("storageclasses.storage.k8s.io", "", class_name(claim))
        if found is None or found.get("provisioner") in (None, "", NO_PROVISIONER):
            out.short = True
            return out
        if not _allowed(found.get("allowedTopologies"), node.labels):
            out.short = True
            return out
        if not _enough_capacity(claim, found, node, snapshot):
            out.no_space = True
            return out
        out.provisions.append(claim)
    return out


def _allowed(terms: Sequence[Mapping[str, Any]] | None, node_labels: Mapping[str, str]) -> bool:
    """allowedTopologies: one term whose expressions all match, or no terms at all."""
    if not terms:
        return True
    return any(
        all(node_labels.get(e["key"]) in e["values"] for e in term.get("matchLabelExpressions") or ()) for term in terms
    )


def _enough_capacity(claim: Obj, storage_class: Obj, node: NodeInfo, snapshot: Snapshot) -> bool:
    driver = snapshot.get("csidrivers.storage.k8s.io", "", storage_class["provisioner"])
    if driver is None or not (driver.get("spec") or {}).get("storageCapacity"):
        return True
    wanted = size_asked(claim)
    for capacity in snapshot.informers["csistoragecapacities.storage.k8s.io"]:
        if capacity.get("storageClassName") != storage_class["metadata"]["name"]:
            continue
        limit = capacity.get("maximumVolumeSize") or capacity.get("capacity")
        if limit is None or value(limit) < wanted:
            continue
        topology = capacity.get("nodeTopology")
        if topology is not None and from_label_selector(topology).matches(node.labels):
            return True
    return False
