"""The real registry and admission, with a scheduler as the only component: for recorded scheduling scenarios.

It plays what the recordings had beside the scheduler: the node lifecycle controller's taints, the volume
binder, the disruption controller's status, kubelets that end grace periods.
"""

from __future__ import annotations

import copy
from typing import Any

from clusters.components.scheduler import Scheduler
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj
from clusters.registry.metadata import private_copy
from tests.support.cluster import Cluster
from tests.support.scheduling import NAMESPACED, RESOURCES, taint_cordoned

TRANSIENT = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


class SchedulingStack:
    """The same verbs as `SchedulingCluster`, over a session."""

    def __init__(self, scheduler: type[Scheduler]) -> None:
        self._kind = scheduler
        self._cluster = Cluster(components=(scheduler,), boot=False, workers=0, control_planes=0)
        self._client = self._cluster.session.client(_admin(), "test")
        self._account("default")

    def start(self) -> Scheduler:
        self._cluster.session.run(self._cluster.now)
        found = next(s.instance for s in self._cluster.session._slots if s.kind is self._kind)
        assert isinstance(found, Scheduler)
        return found

    def settle(self) -> None:
        self._cluster.run_until_idle()

    def _account(self, namespace: str) -> None:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        self._cluster.create("serviceaccounts", account, namespace)

    def apply(self, manifest: Obj) -> None:
        obj = copy.deepcopy(manifest)
        kind = obj["kind"]
        resource = RESOURCES[kind]
        status = obj.pop("status", None)
        if kind in NAMESPACED:
            obj["metadata"].setdefault("namespace", "default")
        if kind == "Node":
            taint_cordoned(obj)
        wanted = copy.deepcopy((obj.get("spec") or {}).get("taints") or [])
        made = self._cluster.create(resource, obj)
        name, namespace = made["metadata"]["name"], made["metadata"].get("namespace", "")
        if kind == "Namespace":
            self._account(name)
        if kind == "PersistentVolume":
            status = {"phase": "Bound" if obj["spec"].get("claimRef") else "Available"}
        if kind == "PersistentVolumeClaim" and obj["spec"].get("volumeName"):
            done = {"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}}
            self._client.patch(resource, namespace, name, done)
            status = {"phase": "Bound"}
        if status is not None:
            self._client.patch(resource, namespace, name, {"status": status}, subresource="status")
        if kind == "Node":
            # What a healthy node does not keep.
            self._client.patch(resource, "", name, {"spec": {"taints": wanted or None}})
        self._cluster.session.commit()

    def change(self, kind: str, key: str, patch: Obj) -> None:
        namespace, _, name = key.rpartition("/")
        subresource = "status" if set(patch) == {"status"} else ""
        self._cluster.patch(RESOURCES[kind], namespace, name, private_copy(patch), subresource=subresource)

    def drop(self, kind: str, key: str) -> None:
        namespace, _, name = key.rpartition("/")
        self._cluster.delete(RESOURCES[kind], namespace, name, grace_seconds=0)

    def end_grace(self) -> None:
        for pod in self._cluster.list("pods"):
            if "deletionTimestamp" in pod["metadata"]:
                self.drop("Pod", f"{pod['metadata']['namespace']}/{pod['metadata']['name']}")

    def bind_volumes(self) -> bool:
        moved = False
        for volume in self._cluster.list("persistentvolumes"):
            ref = volume["spec"].get("claimRef")
            claim = self.object("persistentvolumeclaims", f"{ref['namespace']}/{ref['name']}") if ref else None
            if ref is None or claim is None or claim["spec"].get("volumeName"):
                continue
            name = volume["metadata"]["name"]
            patch = {
                "metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
                "spec": {"volumeName": name},
            }
            self._cluster.patch("persistentvolumeclaims", ref["namespace"], ref["name"], patch)
            bound = {"status": {"phase": "Bound"}}
            self._cluster.patch("persistentvolumes", "", name, bound, subresource="status")
            moved = True
        return moved

    def object(self, resource: str, key: str) -> Obj | None:
        namespace, _, name = key.rpartition("/")
        try:
            return self._cluster.get(resource, namespace, name)
        except ApiError:
            return None

    @property
    def recorded(self) -> list[dict[str, Any]]:
        """Events in the order in which they were written."""
        events = sorted(self._cluster.list("events"), key=lambda e: int(e["metadata"]["resourceVersion"]))
        return [
            {
                "about": f"{e['involvedObject'].get('namespace', '')}/{e['involvedObject']['name']}",
                "type": e["type"],
                "reason": e["reason"],
                "message": e["message"],
            }
            for e in events
        ]


def _admin() -> Any:
    from clusters.runtime.bootstrap import MASTER

    return MASTER
