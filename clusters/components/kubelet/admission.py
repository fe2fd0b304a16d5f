"""Which pods a kubelet takes: the node must have room for them and be one that they may run on.

Only pods that nobody scheduled can fail here, and those of a scheduler that was wrong.
Models: kubelet, lifecycle/predicate.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from clusters.components.kubelet import pressure
from clusters.components.kubelet.machine import Rejection
from clusters.machinery import quantity
from clusters.machinery.selectors import LabelSelector, Requirement, from_map
from clusters.machinery.types import Obj

CPU, MEMORY = "cpu", "memory"


@dataclass(frozen=True, slots=True)
class Requests:
    """What a pod asks of its node: milli-CPUs, bytes, other resources."""

    cpu: int
    memory: int
    other: tuple[tuple[str, int], ...] = ()


NOTHING = Requests(0, 0)


@lru_cache(maxsize=4096)
def _amount(name: str, text: str) -> int:
    return quantity.milli(text) if name == CPU else quantity.value(text)


def requests_of(pod: Obj) -> Requests:
    """Sum over containers; init containers count where one alone is larger, sidecars always."""
    spec = pod["spec"]
    total: dict[str, int] = {}
    for container in spec["containers"]:
        _add(total, container)
    sidecars: dict[str, int] = {}
    peak: dict[str, int] = {}
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            _add(total, container)
            _add(sidecars, container)
            at = sidecars
        else:
            at = dict(sidecars)
            _add(at, container)
        for name, amount in at.items():
            peak[name] = max(peak.get(name, 0), amount)
    for name, amount in peak.items():
        total[name] = max(total.get(name, 0), amount)
    for name, text in (spec.get("overhead") or {}).items():
        total[name] = total.get(name, 0) + _amount(name, str(text))
    if not total:
        return NOTHING
    cpu, memory = total.pop(CPU, 0), total.pop(MEMORY, 0)
    return Requests(cpu, memory, tuple(sorted(total.items())))


def _add(total: dict[str, int], container: dict[str, Any]) -> None:
    for name, text in ((container.get("resources") or {}).get("requests") or {}).items():
        total[name] = total.get(name, 0) + _amount(name, str(text))


class NodeUse:
    """What the admitted pods of one node take."""

    __slots__ = ("cpu", "memory", "other", "pods")

    def __init__(self) -> None:
        self.pods: dict[str, Requests] = {}
        self.cpu = 0
        self.memory = 0
        self.other: dict[str, int] = {}

    def add(self, uid: str, asked: Requests) -> None:
        if uid in self.pods:
            self.remove(uid)
        self.pods[uid] = asked
        self.cpu += asked.cpu
        self.memory += asked.memory
        for name, amount in asked.other:
            self.other[name] = self.other.get(name, 0) + amount

    def remove(self, uid: str) -> None:
        asked = self.pods.pop(uid, None)
        if asked is None:
            return
        self.cpu -= asked.cpu
        self.memory -= asked.memory
        for name, amount in asked.other:
            self.other[name] -= amount


def admit(pod: Obj, node: Obj, use: NodeUse) -> Rejection | None:
    """Why the node does not take the pod; None if it does. `use` is without the pod."""
    pressed = pressure.refusal(pod, node)
    if pressed:
        return Rejection("Evicted", pressed)
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    asked = requests_of(pod)
    most = int(quantity.value(str(allocatable.get("pods", "110"))))
    if len(use.pods) + 1 > most:
        return _out_of("pods", 1, len(use.pods), most)
    wanted = [(CPU, asked.cpu, use.cpu), (MEMORY, asked.memory, use.memory)]
    wanted += [(name, amount, use.other.get(name, 0)) for name, amount in asked.other]
    for name, amount, used in wanted:
        if not amount:
            continue
        room = _amount(name, str(allocatable.get(name, "0")))
        if amount + used > room:
            return _out_of(name, amount, used, room)
    if not _selected(pod, node):
        return Rejection(
            "NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
        )
    taint = _untolerated(pod, node)
    if taint:
        return Rejection(
            "TaintToleration", f"Predicate TaintToleration failed: node(s) had untolerated taint {{{taint}}}"
        )
    return None


def _out_of(name: str, asked: int, used: int, room: int) -> Rejection:
    text = f"Node didn't have enough resource: {name}, requested: {asked}, used: {used}, capacity: {room}"
    return Rejection(f"OutOf{name}", text)


def _selected(pod: Obj, node: Obj) -> bool:
    labels = node["metadata"].get("labels") or {}
    if not from_map(pod["spec"].get("nodeSelector")).matches(labels):
        return False
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(_term(term, node) for term in required.get("nodeSelectorTerms") or ())


_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": "gt", "Lt": "lt"}


def _term(term: dict[str, Any], node: Obj) -> bool:
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    own = {"metadata.name": node["metadata"]["name"]}
    return _requirements(expressions).matches(node["metadata"].get("labels") or {}) and _requirements(fields).matches(
        own
    )


def _requirements(expressions: Any) -> LabelSelector:
    return LabelSelector(
        Requirement(e["key"], _OPERATORS[e["operator"]], tuple(sorted(e.get("values") or ()))) for e in expressions
    )


def _untolerated(pod: Obj, node: Obj) -> str:
    """The first NoExecute taint that the pod does not tolerate."""
    for taint in node["spec"].get("taints") or ():
        if taint["effect"] != "NoExecute":
            continue
        if not any(_tolerates(t, taint) for t in pod["spec"].get("tolerations") or ()):
            return f"{taint['key']}: {taint.get('value', '')}"
    return ""


def _tolerates(toleration: dict[str, Any], taint: dict[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("value", "") == taint.get("value", ""))
