"""The cluster as plugins see it: nodes with what is used on them, and read access to other objects.

The cache keeps one `Snapshot` up to date from the informers; plugins only read it. A dry run works on
`NodeInfo.copy()`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

from clusters.client.informer import Informers
from clusters.components.scheduler.podinfo import HostPort, Needs, PodInfo
from clusters.components.scheduler.requests import Amounts, amounts
from clusters.components.scheduler.taints import PREFER_NO_SCHEDULE, Taint, taints_of
from clusters.machinery.selectors import LabelSelector
from clusters.machinery.types import Obj

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
ALL_ADDRESSES = "0.0.0.0"


class NodeInfo:
    """A node, the Pods on it and the sums of what they request. `obj` is None for a node that Pods name but
    that is not there; such a node is not in `Snapshot.nodes`."""

    __slots__ = (
        "affine",
        "anti_affine",
        "cpu",
        "ephemeral",
        "hard_taints",
        "images",
        "kinds",
        "labels",
        "memory",
        "name",
        "obj",
        "pods",
        "ports",
        "priorities",
        "scalar",
        "score_cpu",
        "score_memory",
        "slots",
        "soft_taints",
        "total_cpu",
        "total_ephemeral",
        "total_memory",
        "total_scalar",
        "unschedulable",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.obj: Obj | None = None
        self.pods: dict[str, PodInfo] = {}
        """By key."""
        self.kinds: Counter[Needs] = Counter()
        """How many Pods of which needs."""
        self.affine: Counter[Needs] = Counter()
        """Those with affinity or anti-affinity of any sort."""
        self.anti_affine: Counter[Needs] = Counter()
        """Those with required anti-affinity."""
        self.priorities: Counter[int] = Counter()
        self.ports: Counter[HostPort] = Counter()
        self.cpu = self.memory = self.ephemeral = self.score_cpu = self.score_memory = 0
        self.scalar: Amounts = {}
        self.set_node(None)

    def set_node(self, obj: Obj | None) -> None:
        self.obj = obj
        meta, spec, status = (obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}) if obj else ({}, {}, {})
        self.labels: Mapping[str, str] = meta.get("labels") or {}
        self.unschedulable = bool(spec.get("unschedulable"))
        taints = taints_of(spec.get("taints"))
        self.hard_taints: tuple[Taint, ...] = tuple(t for t in taints if t.effect != PREFER_NO_SCHEDULE)
        self.soft_taints: tuple[Taint, ...] = tuple(t for t in taints if t.effect == PREFER_NO_SCHEDULE)
        total = amounts(status.get("allocatable"))
        self.total_cpu = total.pop("cpu", 0)
        self.total_memory = total.pop("memory", 0)
        self.total_ephemeral = total.pop("ephemeral-storage", 0)
        self.slots = total.pop("pods", 0)
        self.total_scalar: Amounts = total
        self.images: dict[str, int] = {
            name: image.get("sizeBytes") or 0
            for image in status.get("images") or ()
            for name in image.get("names") or ()
        }

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.key] = pod
        self._count(pod, 1)

    def remove(self, pod: PodInfo) -> None:
        del self.pods[pod.key]
        self._count(pod, -1)

    def _count(self, pod: PodInfo, sign: int) -> None:
        needs = pod.needs
        requests = needs.requests
        self.cpu += sign * requests.cpu
        self.memory += sign * requests.memory
        self.ephemeral += sign * requests.ephemeral
        self.score_cpu += sign * requests.score_cpu
        self.score_memory += sign * requests.score_memory
        for name, amount in requests.scalar.items():
            self.scalar[name] = self.scalar.get(name, 0) + sign * amount
        for port in needs.ports:
            _change(self.ports, port, sign)
        _change(self.priorities, needs.priority, sign)
        _change(self.kinds, needs, sign)
        if needs.has_affinity:
            _change(self.affine, needs, sign)
            if needs.anti_affinity:
                _change(self.anti_affine, needs, sign)

    def port_taken(self, port: HostPort) -> bool:
        address, protocol, number = port
        for a, p, n in self.ports:
            if n == number and p == protocol:
                if ALL_ADDRESSES in (a, address) or a == address:
                    return True
        return False

    def copy(self) -> NodeInfo:
        """A copy whose Pods may be added and removed."""
        out = NodeInfo.__new__(NodeInfo)
        for slot in NodeInfo.__slots__:
            setattr(out, slot, getattr(self, slot))
        out.pods = dict(self.pods)
        out.kinds = Counter(self.kinds)
        out.affine = Counter(self.affine)
        out.anti_affine = Counter(self.anti_affine)
        out.priorities = Counter(self.priorities)
        out.ports = Counter(self.ports)
        out.scalar = dict(self.scalar)
        return out

    def __repr__(self) -> str:
        return f"NodeInfo({self.name})"


class MatchCount:
    """How many live Pods of a namespace match a selector, by node; the cache keeps it current while it is
    asked for."""

    __slots__ = ("by_node", "namespace", "selector")

    def __init__(self, namespace: str, selector: LabelSelector) -> None:
        self.namespace = namespace
        self.selector = selector
        self.by_node: dict[str, int] = {}

    def matches(self, pod: PodInfo) -> bool:
        return not pod.deleting and pod.namespace == self.namespace and self.selector.matches(pod.labels)

    def change(self, pod: PodInfo, node: str, delta: int) -> None:
        if self.matches(pod):
            count = self.by_node.get(node, 0) + delta
            if count:
                self.by_node[node] = count
            else:
                self.by_node.pop(node, None)


class Snapshot:
    """All nodes in the order of their names, and the objects that plugins look up."""

    MATCH_COUNTS = 32
    """How many selectors are counted at a time in each namespace."""

    def __init__(self, informers: Informers) -> None:
        self.informers = informers
        self.nodes: list[NodeInfo] = []
        self.by_name: dict[str, NodeInfo] = {}
        """Also those without a Node object."""
        self.affine_nodes: dict[str, NodeInfo] = {}
        """Nodes with Pods that have affinity or anti-affinity of any sort."""
        self.anti_affine_nodes: dict[str, NodeInfo] = {}
        self.image_nodes: Counter[str] = Counter()
        """On how many nodes an image is."""
        self.image_sizes: dict[str, int] = {}
        """Bytes, as the first node said that had the image (the real cache keeps no others)."""
        self.nominated: dict[str, dict[str, PodInfo]] = {}
        """Pods that wait for room on a node that preemption chose for them: by node, by key."""
        self.claim_users: Counter[str] = Counter()
        """How many Pods on nodes use a claim (`namespace/name`)."""
        self._counts: dict[str, dict[LabelSelector, MatchCount]] = {}

    def node(self, name: str) -> NodeInfo | None:
        info = self.by_name.get(name)
        return info if info is not None and info.obj is not None else None

    def namespace_labels(self, name: str) -> Mapping[str, str]:
        namespace = self.informers["namespaces"].by_key(name)
        labels: Mapping[str, str] = (namespace or {}).get("metadata", {}).get("labels") or {}
        return labels

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        return self.informers[resource].get(namespace, name)

    def matching(self, namespace: str, selector: LabelSelector) -> Mapping[str, int]:
        """Live Pods on nodes that match, counted by node name. An empty selector counts nothing."""
        if selector.empty:
            return {}
        return self.match_count(namespace, selector).by_node

    def match_count(self, namespace: str, selector: LabelSelector) -> MatchCount:
        counts = self._counts.setdefault(namespace, {})
        found = counts.pop(selector, None)
        if found is None:
            found = MatchCount(namespace, selector)
            for info in self.by_name.values():
                for pod in info.pods.values():
                    found.change(pod, info.name, 1)
            if len(counts) >= self.MATCH_COUNTS:
                del counts[next(iter(counts))]
        counts[selector] = found
        return found

    # -- kept up to date by the cache --------------------------------------------------------------------

    def info(self, name: str) -> NodeInfo:
        """The node's entry, made if there is none."""
        found = self.by_name.get(name)
        if found is None:
            found = self.by_name[name] = NodeInfo(name)
        return found

    def set_node(self, name: str, obj: Obj | None) -> NodeInfo:
        """Add, change or (None) remove a Node object."""
        info = self.info(name)
        at = bisect_left(self.nodes, name, key=lambda n: n.name)
        here = at < len(self.nodes) and self.nodes[at].name == name
        for image in info.images:
            self.image_nodes[image] -= 1
            if not self.image_nodes[image]:
                del self.image_nodes[image], self.image_sizes[image]
        info.set_node(obj)
        for image, size in info.images.items():
            self.image_nodes[image] += 1
            self.image_sizes.setdefault(image, size)
        if obj is not None and not here:
            self.nodes.insert(at, info)
        elif obj is None and here:
            del self.nodes[at]
            if not info.pods:
                del self.by_name[name]
        return info

    def add_pod(self, pod: PodInfo) -> None:
        info = self.info(pod.node)
        info.add(pod)
        self._changed(info, pod, 1)

    def remove_pod(self, pod: PodInfo) -> None:
        info = self.info(pod.node)
        info.remove(pod)
        self._changed(info, pod, -1)
        if not info.pods and info.obj is None:
            del self.by_name[info.name]

    def _changed(self, info: NodeInfo, pod: PodInfo, delta: int) -> None:
        for count in self._counts.get(pod.namespace, _NONE).values():
            count.change(pod, info.name, delta)
        for claim in pod.claim_names() if pod.needs.claims else ():
            self.claim_users[f"{pod.namespace}/{claim}"] += delta
        if pod.needs.has_affinity:
            _keep(self.affine_nodes, info, bool(info.affine))
            _keep(self.anti_affine_nodes, info, bool(info.anti_affine))


T = TypeVar("T")


def _change(counter: Counter[T], key: T, delta: int) -> None:
    count = counter[key] + delta
    if count:
        counter[key] = count
    else:
        del counter[key]


_NONE: dict[LabelSelector, MatchCount] = {}


def _keep(nodes: dict[str, NodeInfo], info: NodeInfo, wanted: bool) -> None:
    if wanted:
        nodes[info.name] = info
    else:
        nodes.pop(info.name, None)
