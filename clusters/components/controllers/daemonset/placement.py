"""Which nodes a daemon runs on, and what its pods carry to get there. Pure functions.

Models: kube-controller-manager, daemon/daemon_controller.go (NodeShouldRunDaemonPod) and daemon/util.
"""

from __future__ import annotations

from typing import Any

from clusters.components.controllers.shared.history import POD_HASH_LABEL
from clusters.components.controllers.shared.podcontrol import pod_from_template
from clusters.components.controllers.shared.tolerations import tolerates
from clusters.machinery.selectors import LabelSelector, Requirement, from_map
from clusters.machinery.types import Obj

TEMPLATE_GENERATION = "pod-template-generation"
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
_HOST_NETWORK = ("node.kubernetes.io/network-unavailable", "NoSchedule")
_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": "gt", "Lt": "lt"}


def tolerations(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The template's tolerations and those that every daemon has."""
    out = list(spec.get("tolerations") or ())
    extra = (*_TOLERATED, _HOST_NETWORK) if spec.get("hostNetwork") else _TOLERATED
    for key, effect in extra:
        wanted = {"effect": effect, "key": key, "operator": "Exists"}
        same = [
            t for t in out if (t.get("key"), t.get("effect"), t.get("operator", "Equal")) == (key, effect, "Exists")
        ]
        if not same:
            out.append(wanted)
    return out


def new_pod(owner: Obj, node: str, revision: str) -> Obj:
    """The pod for that node: the scheduler binds it there, since it may run nowhere else."""
    pod = pod_from_template(owner["spec"]["template"], owner)
    labels = pod["metadata"].setdefault("labels", {})
    labels[POD_HASH_LABEL] = revision
    generation = (owner["metadata"].get("annotations") or {}).get("deprecated.daemonset.template.generation")
    if generation:
        labels[TEMPLATE_GENERATION] = generation
    spec = pod["spec"]
    affinity = dict(spec.get("affinity") or {})
    node_affinity = dict(affinity.get("nodeAffinity") or {})
    required = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    only = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = required.get("nodeSelectorTerms") or [{}]
    node_affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {
        "nodeSelectorTerms": [{**term, "matchFields": [only]} for term in terms]
    }
    spec["affinity"] = {**affinity, "nodeAffinity": node_affinity}
    spec["tolerations"] = tolerations(spec)
    return pod


def target(pod: Obj) -> str:
    """The node that a daemon pod is for, bound or not."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in affinity.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field.get("key") == "metadata.name" and len(field.get("values") or ()) == 1:
                return str(field["values"][0])
    return ""


def should_run(owner: Obj, node: Obj) -> tuple[bool, bool]:
    """(whether a pod should be made there, whether one that runs there may go on)."""
    spec = owner["spec"]["template"].get("spec") or {}
    if spec.get("nodeName") and spec["nodeName"] != node["metadata"]["name"]:
        return False, False
    if not _selected(spec, node):
        return False, False
    known = tolerations(spec)
    untolerated = [
        t["effect"]
        for t in node["spec"].get("taints") or ()
        if t["effect"] in ("NoSchedule", "NoExecute") and not any(tolerates(each, t) for each in known)
    ]
    if untolerated:
        return False, "NoExecute" not in untolerated
    return True, True


def _selected(spec: dict[str, Any], node: Obj) -> bool:
    labels = node["metadata"].get("labels") or {}
    if not from_map(spec.get("nodeSelector")).matches(labels):
        return False
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if required is None:
        return True
    own = {"metadata.name": node["metadata"]["name"]}
    for term in required.get("nodeSelectorTerms") or ():
        expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
        if (expressions or fields) and _matches(expressions, labels) and _matches(fields, own):
            return True
    return False


def _matches(expressions: Any, labels: dict[str, str]) -> bool:
    requirements = (
        Requirement(e["key"], _OPERATORS[e["operator"]], tuple(sorted(e.get("values") or ()))) for e in expressions
    )
    return LabelSelector(requirements).matches(labels)
