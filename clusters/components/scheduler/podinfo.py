"""A Pod as the scheduler sees it.

What a Pod asks for (`Needs`) is parsed once for each distinct spec, not once a Pod: a thousand replicas share
one. `PodInfo` is what differs between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from clusters.components.scheduler import nodeselector
from clusters.components.scheduler.nodeselector import Term
from clusters.components.scheduler.requests import Requests, is_resizing, pod_requests
from clusters.components.scheduler.taints import Toleration, tolerations_of
from clusters.machinery.selectors import (
    EQUALS,
    NOTHING,
    LabelSelector,
    Requirement,
    from_label_selector,
)
from clusters.machinery.types import Obj

DEFAULT_SCHEDULER = "default-scheduler"
PREFERRED_NODE = "playground.dev/preferred-node"
"""Annotation: a node that this Pod would like (a Pod that replaces one dragged there in the UI)."""

HostPort = tuple[str, str, int]
"""(address, protocol, port); the address is `0.0.0.0` for all."""


@dataclass(frozen=True, slots=True)
class AffinityTerm:
    """A PodAffinityTerm: which Pods (by namespace and labels), and over which topology."""

    topology_key: str
    selector: LabelSelector
    namespaces: frozenset[str]
    namespace_selector: LabelSelector

    def matches(self, pod: Needs, namespace_labels: Mapping[str, str]) -> bool:
        """Whether Pods of these needs are meant; `namespace_labels` are those of their namespace."""
        if pod.namespace not in self.namespaces and not self.namespace_selector.matches(namespace_labels):
            return False
        return self.selector.matches(pod.labels)


@dataclass(frozen=True, slots=True)
class SpreadConstraint:
    """A TopologySpreadConstraint, its `matchLabelKeys` merged into the selector."""

    topology_key: str
    max_skew: int
    selector: LabelSelector
    min_domains: int = 1
    honor_affinity: bool = True
    honor_taints: bool = False


@dataclass(frozen=True, slots=True)
class ClaimVolume:
    """A volume that stands for a PersistentVolumeClaim; `claim` is empty for a generic ephemeral volume,
    whose claim is named for the Pod."""

    volume: str
    claim: str


class Needs:
    """What Pods of one spec ask of the scheduler. Built from the first such Pod; immutable by convention.
    What few Pods have is parsed when first asked for."""

    def __init__(self, pod: Obj, key: bytes) -> None:
        spec = pod["spec"]
        self.key = key
        self._spec = spec
        self.labels: Mapping[str, str] = pod["metadata"].get("labels") or {}
        self.namespace: str = pod["metadata"].get("namespace", "")
        self.requests: Requests = pod_requests(pod)
        self.priority: int = spec.get("priority") or 0
        self.preempts: bool = spec.get("preemptionPolicy") != "Never"
        self.node_selector: Mapping[str, str] = spec.get("nodeSelector") or {}
        self.tolerations: tuple[Toleration, ...] = tolerations_of(spec.get("tolerations"))
        self.ports: tuple[HostPort, ...] = tuple(_host_ports(spec))
        self.hint: str = (pod["metadata"].get("annotations") or {}).get(PREFERRED_NODE, "")
        self.claims: tuple[ClaimVolume, ...] = tuple(_claims(spec))
        self.disks: tuple[Mapping[str, Any], ...] = tuple(
            v for v in spec.get("volumes") or () if any(k in v for k in EXCLUSIVE_DISKS)
        )
        affinity = spec.get("affinity") or {}
        self._node_affinity: Mapping[str, Any] = affinity.get("nodeAffinity") or {}
        self._pod_affinity: Mapping[str, Any] = affinity.get("podAffinity") or {}
        self._pod_anti_affinity: Mapping[str, Any] = affinity.get("podAntiAffinity") or {}
        self.has_affinity = bool(self._pod_affinity or self._pod_anti_affinity)

    @cached_property
    def required_nodes(self) -> tuple[Term, ...] | None:
        return nodeselector.terms(self._node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))

    @cached_property
    def preferred_nodes(self) -> tuple[tuple[int, Term], ...]:
        raw = self._node_affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        found = ((p["weight"], nodeselector.term(p["preference"])) for p in raw)
        return tuple((w, t) for w, t in found if w and (t.expressions or t.fields))

    def accepts_node(self, name: str, labels: Mapping[str, str]) -> bool:
        """nodeSelector and required node affinity."""
        for key, value in self.node_selector.items():
            if labels.get(key) != value:
                return False
        return nodeselector.any_matches(self.required_nodes, name, labels)

    @cached_property
    def affinity(self) -> tuple[AffinityTerm, ...]:
        return self._required(self._pod_affinity)

    @cached_property
    def anti_affinity(self) -> tuple[AffinityTerm, ...]:
        return self._required(self._pod_anti_affinity)

    @cached_property
    def preferred_affinity(self) -> tuple[tuple[int, AffinityTerm], ...]:
        return self._preferred(self._pod_affinity)

    @cached_property
    def preferred_anti_affinity(self) -> tuple[tuple[int, AffinityTerm], ...]:
        return self._preferred(self._pod_anti_affinity)

    def _required(self, affinity: Mapping[str, Any]) -> tuple[AffinityTerm, ...]:
        raw = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        return tuple(self._term(t) for t in raw)

    def _preferred(self, affinity: Mapping[str, Any]) -> tuple[tuple[int, AffinityTerm], ...]:
        raw = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        return tuple((t["weight"], self._term(t["podAffinityTerm"])) for t in raw)

    def _term(self, raw: Mapping[str, Any]) -> AffinityTerm:
        namespaces = frozenset(raw.get("namespaces") or ())
        selected = raw.get("namespaceSelector")
        if not namespaces and selected is None:
            namespaces = frozenset((self.namespace,))
        return AffinityTerm(
            topology_key=raw["topologyKey"],
            selector=_selector(raw.get("labelSelector")),
            namespaces=namespaces,
            namespace_selector=_selector(selected),
        )

    @cached_property
    def has_spread(self) -> bool:
        return bool(self._spec.get("topologySpreadConstraints"))

    @cached_property
    def hard_spread(self) -> tuple[SpreadConstraint, ...]:
        return self._spread("DoNotSchedule")

    @cached_property
    def soft_spread(self) -> tuple[SpreadConstraint, ...]:
        return self._spread("ScheduleAnyway")

    def _spread(self, action: str) -> tuple[SpreadConstraint, ...]:
        raw = self._spec.get("topologySpreadConstraints") or ()
        return tuple(self._constraint(c) for c in raw if c.get("whenUnsatisfiable") == action)

    def _constraint(self, raw: Mapping[str, Any]) -> SpreadConstraint:
        selector = _selector(raw.get("labelSelector"))
        keys = [k for k in raw.get("matchLabelKeys") or () if k in self.labels]
        if keys and not selector.nothing:
            merged = dict.fromkeys(selector.requirements)
            merged.update({Requirement(k, EQUALS, (self.labels[k],)): None for k in keys})
            selector = LabelSelector(merged)
        return SpreadConstraint(
            topology_key=raw["topologyKey"],
            max_skew=raw["maxSkew"],
            selector=selector,
            min_domains=raw.get("minDomains") or 1,
            honor_affinity=raw.get("nodeAffinityPolicy") != "Ignore",
            honor_taints=raw.get("nodeTaintsPolicy") == "Honor",
        )

    @cached_property
    def images(self) -> tuple[str, ...]:
        """Image names with a tag or digest: of init containers, containers and image volumes."""
        spec = self._spec
        containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
        names = [c.get("image") or "" for c in containers]
        names += [v["image"].get("reference") or "" for v in spec.get("volumes") or () if "image" in v]
        return tuple(_tagged(n) for n in names)


class PodInfo:
    """One Pod. `obj` is its latest version; all else follows from it."""

    __slots__ = ("deleting", "key", "labels", "name", "namespace", "needs", "node", "obj", "uid")

    def __init__(self, obj: Obj, needs: Needs) -> None:
        meta = obj["metadata"]
        self.obj = obj
        self.needs = needs
        self.name: str = meta["name"]
        self.namespace: str = meta.get("namespace", "")
        self.key = f"{self.namespace}/{self.name}"
        self.uid: str = meta.get("uid", "")
        self.labels: Mapping[str, str] = meta.get("labels") or {}
        self.deleting = "deletionTimestamp" in meta
        self.node: str = obj["spec"].get("nodeName") or ""

    @property
    def priority(self) -> int:
        return self.needs.priority

    @property
    def nominated(self) -> str:
        return (self.obj.get("status") or {}).get("nominatedNodeName") or ""

    def claim_names(self) -> Iterator[str]:
        for volume in self.needs.claims:
            yield volume.claim or f"{self.name}-{volume.volume}"

    def __repr__(self) -> str:
        return f"PodInfo({self.key})"


class PodParser:
    """Makes PodInfos; remembers the Needs of the specs it has seen, up to `limit`."""

    def __init__(self, limit: int = 20_000) -> None:
        self._known: dict[bytes, Needs] = {}
        self._limit = limit

    def parse(self, obj: Obj) -> PodInfo:
        key = _signature(obj)
        needs = self._known.get(key)
        if needs is None:
            if len(self._known) >= self._limit:
                self._known.clear()
            needs = self._known[key] = Needs(obj, key)
        return PodInfo(obj, needs)


EXCLUSIVE_DISKS = ("gcePersistentDisk", "awsElasticBlockStore", "rbd", "iscsi")
_VOLUMES = ("persistentVolumeClaim", "ephemeral", "image", *EXCLUSIVE_DISKS)
_SPEC = (
    "nodeSelector",
    "affinity",
    "tolerations",
    "topologySpreadConstraints",
    "overhead",
    "resources",
    "priority",
    "preemptionPolicy",
    "schedulerName",
)


def _signature(obj: Obj) -> bytes:
    """All that scheduling may depend on; Pods with equal signatures are interchangeable to every plugin."""
    meta, spec = obj["metadata"], obj["spec"]
    annotations = meta.get("annotations")
    owners = meta.get("ownerReferences")
    volumes = spec.get("volumes")
    parts: list[Any] = [
        meta.get("namespace"),
        meta.get("labels"),
        annotations.get(PREFERRED_NODE) if annotations else None,
        [(o["kind"], o["name"], o["uid"]) for o in owners if o.get("controller")] if owners else None,
        [_container_part(c) for c in spec["containers"]],
        [_container_part(c) for c in spec.get("initContainers") or ()],
        [v for v in volumes if any(k in v for k in _VOLUMES)] if volumes else None,
    ]
    get = spec.get
    parts += [get(k) for k in _SPEC]
    if is_resizing(obj):
        status = obj["status"]
        parts += [status.get("containerStatuses"), status.get("initContainerStatuses")]
    return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)


def _container_part(container: Mapping[str, Any]) -> tuple[Any, ...]:
    get = container.get
    return (get("name"), get("image"), get("resources"), get("ports"), get("restartPolicy"))


def _selector(raw: Mapping[str, Any] | None) -> LabelSelector:
    try:
        return from_label_selector(raw)
    except ValueError:
        return NOTHING


def _host_ports(spec: Mapping[str, Any]) -> Iterator[HostPort]:
    containers = list(spec.get("containers") or ())
    containers += [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    for container in containers:
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                yield port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", port["hostPort"]


def _claims(spec: Mapping[str, Any]) -> Iterator[ClaimVolume]:
    for volume in spec.get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield ClaimVolume(volume["name"], volume["persistentVolumeClaim"]["claimName"])
        elif "ephemeral" in volume:
            yield ClaimVolume(volume["name"], "")


def _tagged(image: str) -> str:
    return image if image.rfind(":") > image.rfind("/") else image + ":latest"
