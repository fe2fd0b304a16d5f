"""A fake cluster that treats scheduling manifests as the API server and the controller manager would.

Only what a scheduler can notice: priorities from classes, requests from limits, RuntimeClass, the default
tolerations, host ports of the host network, `matchLabelKeys`, gates; the taint of a cordoned node; claims
bound to volumes.
"""

from __future__ import annotations

import copy
from typing import Any

from clusters.kernel.clock import rfc3339
from clusters.machinery.types import Obj
from tests.support.fake_cluster import FakeCluster

RESOURCES = {
    "Namespace": "namespaces",
    "Node": "nodes",
    "Pod": "pods",
    "Service": "services",
    "PersistentVolume": "persistentvolumes",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "PriorityClass": "priorityclasses.scheduling.k8s.io",
    "StorageClass": "storageclasses.storage.k8s.io",
    "CSINode": "csinodes.storage.k8s.io",
    "RuntimeClass": "runtimeclasses.node.k8s.io",
    "PodDisruptionBudget": "poddisruptionbudgets.policy",
}
NAMESPACED = {"Pod", "Service", "PersistentVolumeClaim", "PodDisruptionBudget"}
SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


class SchedulingCluster(FakeCluster):
    def __init__(self, *, seed: int = 1) -> None:
        super().__init__(seed=seed)
        for name in ("default", "kube-system"):
            self.create("namespaces", _named("Namespace", name))

    def apply(self, manifest: Obj) -> Obj:
        """Create an object from a manifest."""
        obj = copy.deepcopy(manifest)
        kind = obj["kind"]
        if kind in NAMESPACED:
            obj["metadata"].setdefault("namespace", "default")
        if kind in ("Namespace", "Node"):
            key = "kubernetes.io/metadata.name" if kind == "Namespace" else "kubernetes.io/hostname"
            if kind == "Namespace":
                obj["metadata"].setdefault("labels", {})[key] = obj["metadata"]["name"]
        if kind == "Pod":
            self._admit_pod(obj)
        if kind == "Node":
            taint_cordoned(obj)
        if kind == "PersistentVolume":
            obj["status"] = {"phase": "Bound" if obj["spec"].get("claimRef") else "Available"}
        if kind == "PersistentVolumeClaim" and obj["spec"].get("volumeName"):
            obj["metadata"].setdefault("annotations", {})["pv.kubernetes.io/bind-completed"] = "yes"
            obj["status"] = {"phase": "Bound"}
        return self.create(RESOURCES[kind], obj)

    def change(self, kind: str, key: str, patch: Obj) -> None:
        namespace, _, name = key.rpartition("/")
        self.client().patch(RESOURCES[kind], namespace, name, patch)

    def drop(self, kind: str, key: str) -> None:
        namespace, _, name = key.rpartition("/")
        self.client().delete(RESOURCES[kind], namespace, name, grace_seconds=0)

    def end_grace(self) -> None:
        """What kubelets do to Pods that wait for their grace period."""
        for pod in self["pods"].list():
            if "deletionTimestamp" in pod["metadata"]:
                self.client().delete("pods", pod["metadata"]["namespace"], pod["metadata"]["name"], grace_seconds=0)

    def bind_volumes(self) -> bool:
        """What the persistent volume binder does after the scheduler chose; False if there is nothing."""
        moved = False
        for volume in self["persistentvolumes"].list():
            ref = volume["spec"].get("claimRef")
            claim = self["persistentvolumeclaims"].get(ref["namespace"], ref["name"]) if ref else None
            if ref is None or claim is None or claim["spec"].get("volumeName"):
                continue
            name = volume["metadata"]["name"]
            self.client().patch("persistentvolumes", "", name, {"status": {"phase": "Bound"}})
            patch = {
                "metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
                "spec": {"volumeName": name},
                "status": {"phase": "Bound"},
            }
            self.client().patch("persistentvolumeclaims", ref["namespace"], ref["name"], patch)
            moved = True
        return moved

    def _admit_pod(self, pod: Obj) -> None:
        spec = pod["spec"]
        self._runtime_class(spec)
        self._priority(spec)
        spec.setdefault("schedulerName", "default-scheduler")
        spec.setdefault("terminationGracePeriodSeconds", 30)
        for container in [*spec["containers"], *(spec.get("initContainers") or ())]:
            _default_requests(container)
            for port in container.get("ports") or ():
                if spec.get("hostNetwork"):
                    port.setdefault("hostPort", port["containerPort"])
                port.setdefault("protocol", "TCP")
        if spec.get("resources"):
            _default_pod_level(spec)
        for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
            tolerations = spec.setdefault("tolerations", [])
            if not any(t.get("key", "") in (key, "") and t.get("effect", "") in ("NoExecute", "") for t in tolerations):
                tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
        _merge_match_label_keys(pod)
        if spec.get("schedulingGates") and "status" not in pod:
            condition = {
                "type": "PodScheduled",
                "status": "False",
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
                "lastTransitionTime": rfc3339(self.clock.now()),
            }
            pod["status"] = {"phase": "Pending", "conditions": [condition]}
        pod.setdefault("status", {"phase": "Pending"})

    def _runtime_class(self, spec: Obj) -> None:
        name = spec.get("runtimeClassName")
        if not name:
            return
        found = self["runtimeclasses.node.k8s.io"].by_key(name)
        assert found is not None
        if found.get("overhead"):
            spec["overhead"] = found["overhead"]["podFixed"]
        scheduling = found.get("scheduling") or {}
        if scheduling.get("nodeSelector"):
            spec["nodeSelector"] = {**(spec.get("nodeSelector") or {}), **scheduling["nodeSelector"]}
        if scheduling.get("tolerations"):
            spec["tolerations"] = [*(spec.get("tolerations") or ()), *scheduling["tolerations"]]

    def _priority(self, spec: Obj) -> None:
        classes = self["priorityclasses.scheduling.k8s.io"]
        name = spec.get("priorityClassName")
        found = classes.by_key(name) if name else next((c for c in classes if c.get("globalDefault")), None)
        spec["priority"] = found["value"] if found else SYSTEM_PRIORITIES.get(name or "", 0)
        spec["preemptionPolicy"] = (found or {}).get("preemptionPolicy", "PreemptLowerPriority")


def _named(kind: str, name: str) -> Obj:
    labels = {"kubernetes.io/metadata.name": name}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "labels": labels}}


def _default_requests(container: Obj) -> None:
    resources = container.get("resources") or {}
    if resources.get("limits"):
        resources["requests"] = {**resources["limits"], **(resources.get("requests") or {})}


def _default_pod_level(spec: Obj) -> None:
    resources: dict[str, Any] = spec["resources"]
    for name, amount in (resources.get("limits") or {}).items():
        requests = resources.setdefault("requests", {})
        if name not in requests and not any(
            name in ((c.get("resources") or {}).get("requests") or {}) for c in spec["containers"]
        ):
            requests[name] = amount


def _merge_match_label_keys(pod: Obj) -> None:
    """The server merges the Pod's own label values into the selectors of affinity terms."""
    labels = pod["metadata"].get("labels") or {}
    affinity = pod["spec"].get("affinity") or {}
    for side in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(side) or {}
        terms = list(rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ())
        terms += [w["podAffinityTerm"] for w in rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ()]
        for term in terms:
            for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
                for key in term.get(field) or ():
                    if key in labels:
                        term["labelSelector"].setdefault("matchExpressions", []).append(
                            {"key": key, "operator": operator, "values": [labels[key]]}
                        )


def taint_cordoned(node: Obj) -> None:
    spec = node.setdefault("spec", {})
    taint = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    if spec.get("unschedulable") and taint not in (spec.get("taints") or ()):
        spec["taints"] = [*(spec.get("taints") or ()), taint]


__all__ = ["SchedulingCluster"]
