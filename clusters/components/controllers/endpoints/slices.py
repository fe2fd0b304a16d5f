"""EndpointSlices of Services with a selector: up to a hundred endpoints each, changed as little as possible.

Models: kube-controller-manager, endpointslice/endpointslice_controller.go and k8s.io/endpointslice/reconciler.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from clusters.client.component import controller_user
from clusters.components.controllers.endpoints import backends, topology
from clusters.components.controllers.endpoints.base import ServiceController
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.objects import draft
from clusters.kernel.clock import rfc3339
from clusters.machinery import meta
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

SLICES = "endpointslices.discovery.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLER = "endpointslice-controller.k8s.io"
MAX_ENDPOINTS = 100

Endpoint = dict[str, Any]
Ports = tuple[tuple[str, str, int, str], ...]
"""(name, protocol, number, app protocol), in the Service's order."""


class EndpointSliceController(ServiceController):
    name: ClassVar[str] = "endpointslice-controller"
    user: ClassVar[UserInfo] = controller_user("endpointslice-controller")

    def setup(self) -> None:
        self.slices = self.env.informers[SLICES]
        self.nodes = self.env.informers["nodes"]
        self.slices.add_index("service", _service_keys)
        super().setup()
        self.slices.on_change(self._slice_changed)

    def _slice_changed(self, old: Obj | None, new: Obj | None) -> None:
        """Somebody changed or deleted a slice of ours: the Service is looked at again."""
        obj = new or old
        assert obj is not None
        for key in _service_keys(obj):
            if self.services.by_key(key) is not None:
                self.queue.add(key)

    def sync(self, key: str) -> None:
        service = self.services.by_key(key)
        if service is None or "deletionTimestamp" in service["metadata"]:
            return
        spec = service["spec"]
        existing = list(self.slices.by_index("service", key))
        if not spec.get("selector") or spec.get("type") == "ExternalName":
            for each in existing:
                self._delete(each)
            return
        wanted = self._wanted(service)
        hints = topology.wants_hints(service)
        if hints:
            for endpoints in wanted.values():
                topology.add_hints(endpoints, self.nodes)
        for ports, endpoints in wanted.items():
            mine = [s for s in existing if _ports_of(s) == ports]
            existing = [s for s in existing if _ports_of(s) != ports]
            self._reconcile(service, ports, endpoints, mine)
        for each in existing:
            self._delete(each)

    def _wanted(self, service: Obj) -> dict[Ports, list[Endpoint]]:
        """Endpoints by port mapping: pods whose named ports differ go into different slices."""
        out: dict[Ports, list[Endpoint]] = {}
        publish = bool(service["spec"].get("publishNotReadyAddresses"))
        for pod in backends.selected(self.pods, service):
            if not backends.belongs(pod, terminating=True):
                continue
            ports = _ports(service, pod)
            out.setdefault(ports, []).append(self._endpoint(service, pod, publish))
        if not out:
            out[()] = []
        return out

    def _endpoint(self, service: Obj, pod: Obj, publish: bool) -> Endpoint:
        ready, terminating = pod_of.is_ready(pod), "deletionTimestamp" in pod["metadata"]
        endpoint: Endpoint = {
            "addresses": [backends.address(pod)],
            "conditions": {
                "ready": publish or (ready and not terminating),
                "serving": ready,
                "terminating": terminating,
            },
        }
        name = backends.hostname(pod, service)
        if name:
            endpoint["hostname"] = name
        endpoint["targetRef"] = backends.target_reference(pod)
        node = pod_of.node_name(pod)
        if node:
            endpoint["nodeName"] = node
            # The zone that the pod was bound in: it stays if the Node goes.
            zone = topology.zone_label(pod) or topology.zone_label(self.nodes.by_key(node))
            if zone:
                endpoint["zone"] = zone
        return endpoint

    def _reconcile(self, service: Obj, ports: Ports, wanted: list[Endpoint], existing: list[Obj]) -> None:
        """Keep endpoints in the slices they are in; fill what is left into the fullest slice that has room."""
        left = {_identity(e): e for e in wanted}
        plans: list[tuple[Obj, list[Endpoint]]] = []
        for each in existing:
            kept = [left.pop(i) for e in each.get("endpoints") or () if (i := _identity(e)) in left]
            plans.append((each, kept))
        rest = list(left.values())
        fresh: list[list[Endpoint]] = []
        if rest:
            for _, kept in sorted(plans, key=lambda plan: -len(plan[1])):
                room = MAX_ENDPOINTS - len(kept)
                if room > 0:
                    kept += rest[:room]
                    rest = rest[room:]
            fresh = [rest[i : i + MAX_ENDPOINTS] for i in range(0, len(rest), MAX_ENDPOINTS)]
        if not wanted:
            # One empty slice stays, so that it is known that the Service has no endpoints.
            if not plans:
                fresh = [[]]
            for each, _ in plans[1:]:
                self._delete(each)
            plans = plans[:1]
        for each, endpoints in plans:
            if not endpoints and wanted:
                self._delete(each)
            else:
                self._update(service, each, endpoints, ports)
        for endpoints in fresh:
            self._create(service, ports, endpoints)

    def _create(self, service: Obj, ports: Ports, endpoints: list[Endpoint]) -> None:
        own = service["metadata"]
        metadata: dict[str, Any] = {
            "generateName": f"{own['name']}-"[:58],
            "namespace": own["namespace"],
            "labels": _labels(service),
            "annotations": {backends.LAST_CHANGE: rfc3339(self.env.clock.now())},
            "ownerReferences": [meta.owner_reference({"apiVersion": "v1", "kind": "Service", **service})],
        }
        new: Obj = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": metadata,
            "addressType": (service["spec"].get("ipFamilies") or ["IPv4"])[0],
            "endpoints": endpoints or None,
            "ports": _port_list(ports),
        }
        if not endpoints:
            metadata.pop("annotations")
        try:
            self.env.client.create(SLICES, own["namespace"], new)
        except NotFound:
            return

    def _update(self, service: Obj, stored: Obj, endpoints: list[Endpoint], ports: Ports) -> None:
        labels = _labels(service)
        same = (stored.get("endpoints") or []) == endpoints
        if same and (stored["metadata"].get("labels") or {}) == labels:
            return
        changed = draft(stored, endpoints=endpoints or None, ports=_port_list(ports))
        changed["metadata"]["labels"] = labels
        if not same:
            annotations = stored["metadata"].get("annotations") or {}
            changed["metadata"]["annotations"] = {
                **annotations,
                backends.LAST_CHANGE: rfc3339(self.env.clock.now()),
            }
        try:
            self.env.client.update(SLICES, changed)
        except NotFound:
            return

    def _delete(self, stored: Obj) -> None:
        own = stored["metadata"]
        try:
            self.env.client.delete(SLICES, own["namespace"], own["name"], uid=own["uid"])
        except NotFound:
            return


def _service_keys(obj: Obj) -> Sequence[str]:
    labels = obj["metadata"].get("labels") or {}
    if labels.get(MANAGED_BY) != CONTROLLER or not labels.get(SERVICE_NAME):
        return ()
    return (f"{obj['metadata']['namespace']}/{labels[SERVICE_NAME]}",)


def _labels(service: Obj) -> dict[str, str]:
    """The Service's own labels, and whose slice it is."""
    own = {k: v for k, v in (service["metadata"].get("labels") or {}).items() if k != backends.HEADLESS}
    if service["spec"].get("clusterIP") == "None":
        own[backends.HEADLESS] = ""
    return {**own, MANAGED_BY: CONTROLLER, SERVICE_NAME: service["metadata"]["name"]}


def _identity(endpoint: Endpoint) -> str:
    """An endpoint stays the same one as long as its pod and address do."""
    target = endpoint.get("targetRef") or {}
    return f"{target.get('uid', '')}/{','.join(endpoint.get('addresses') or ())}"


def _ports(service: Obj, pod: Obj) -> Ports:
    out = []
    for port in service["spec"].get("ports") or ():
        number = backends.port_number(port, pod)
        if number is not None:
            out.append((port.get("name", ""), port.get("protocol", "TCP"), number, port.get("appProtocol", "")))
    return tuple(out)


def _ports_of(stored: Obj) -> Ports:
    return tuple(
        (p.get("name") or "", p.get("protocol") or "TCP", p.get("port") or 0, p.get("appProtocol") or "")
        for p in stored.get("ports") or ()
    )


def _port_list(ports: Ports) -> list[dict[str, Any]] | None:
    out = []
    for name, protocol, number, application in ports:
        entry: dict[str, Any] = {"name": name, "protocol": protocol, "port": number}
        if application:
            entry["appProtocol"] = application
        out.append(entry)
    return out or None
