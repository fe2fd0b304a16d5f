"""Endpoints: the older form, one object a Service, cut at a thousand addresses.

Models: kube-controller-manager, endpoint/endpoints_controller.go and api/v1/endpoints/util.go (RepackSubsets).
"""

from __future__ import annotations

from typing import Any, ClassVar

from clusters.client.component import controller_user
from clusters.components.controllers.endpoints import backends
from clusters.components.controllers.endpoints.base import ServiceController
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.objects import draft
from clusters.kernel.clock import rfc3339
from clusters.machinery.errors import AlreadyExists, ApiError, NotFound
from clusters.machinery.types import Obj, UserInfo

MAX_ADDRESSES = 1000
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
MANAGED_BY = "endpoints.kubernetes.io/managed-by"
CONTROLLER = "endpoint-controller"

Subset = dict[str, Any]
Port = tuple[str, int, str, str]


class EndpointsController(ServiceController):
    name: ClassVar[str] = "endpoints-controller"
    user: ClassVar[UserInfo] = controller_user("endpoint-controller")

    def setup(self) -> None:
        self.endpoints = self.env.informers["endpoints"]
        self.events = self.env.events("endpoint-controller", "")
        super().setup()

    def sync(self, key: str) -> None:
        service = self.services.by_key(key)
        if service is None:
            self._delete(key)
            return
        if service["spec"].get("type") == "ExternalName" or not service["spec"].get("selector"):
            return
        subsets, over = self._subsets(service)
        labels = {k: v for k, v in (service["metadata"].get("labels") or {}).items() if k != backends.HEADLESS}
        labels[MANAGED_BY] = CONTROLLER
        if service["spec"].get("clusterIP") == "None":
            labels[backends.HEADLESS] = ""
        stored = self.endpoints.by_key(key)
        if stored is None:
            self._create(service, subsets, labels, over=over)
            return
        have = stored["metadata"]
        old_annotations = have.get("annotations") or {}
        annotations = {k: v for k, v in old_annotations.items() if k != OVER_CAPACITY}
        if over:
            annotations[OVER_CAPACITY] = "truncated"
        if (stored.get("subsets") or []) == subsets and (have.get("labels") or {}) == labels:
            if annotations == old_annotations:
                return
        if subsets:
            annotations[backends.LAST_CHANGE] = rfc3339(self.env.clock.now())
        changed = draft(stored)
        if subsets:
            changed["subsets"] = subsets
        else:
            changed.pop("subsets", None)
        changed["metadata"]["labels"] = labels
        changed["metadata"]["annotations"] = annotations
        if not annotations:
            changed["metadata"].pop("annotations")
        try:
            self.env.client.update("endpoints", changed)
        except NotFound:
            self.queue.add(key)

    def _create(self, service: Obj, subsets: list[Subset], labels: dict[str, str], *, over: bool) -> None:
        own = service["metadata"]
        annotations: dict[str, str] = {}
        if over:
            annotations[OVER_CAPACITY] = "truncated"
        if subsets:
            annotations[backends.LAST_CHANGE] = rfc3339(self.env.clock.now())
        metadata: dict[str, Any] = {"name": own["name"], "namespace": own["namespace"], "labels": labels}
        if annotations:
            metadata["annotations"] = annotations
        new: Obj = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}
        if subsets:
            new["subsets"] = subsets
        try:
            self.env.client.create("endpoints", own["namespace"], new)
        except (AlreadyExists, NotFound):
            return
        except ApiError as error:
            if error.code != 403:
                raise

    def _delete(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        if self.endpoints.by_key(key) is None:
            return
        try:
            self.env.client.delete("endpoints", namespace, name)
        except NotFound:
            return

    def _subsets(self, service: Obj) -> tuple[list[Subset], bool]:
        """(subsets, whether some addresses were left out)."""
        publish = bool(service["spec"].get("publishNotReadyAddresses"))
        groups: dict[tuple[Port, ...], tuple[list[Obj], list[Obj]]] = {}
        count = 0
        for pod in backends.selected(self.pods, service):
            if not backends.belongs(pod, terminating=publish):
                continue
            ports = self._ports(service, pod)
            if service["spec"].get("ports") and not ports:
                continue
            count += 1
            if count > MAX_ADDRESSES:
                continue
            ready, unready = groups.setdefault(ports, ([], []))
            (ready if publish or pod_of.is_ready(pod) else unready).append(self._address(service, pod))
        return [_subset(ports, *groups[ports]) for ports in sorted(groups)], count > MAX_ADDRESSES

    @staticmethod
    def _ports(service: Obj, pod: Obj) -> tuple[Port, ...]:
        out = []
        for port in service["spec"].get("ports") or ():
            number = backends.port_number(port, pod)
            if number is not None:
                out.append((port.get("name", ""), number, port.get("protocol", "TCP"), port.get("appProtocol", "")))
        return tuple(out)

    @staticmethod
    def _address(service: Obj, pod: Obj) -> Obj:
        address: Obj = {"ip": backends.address(pod)}
        name = backends.hostname(pod, service)
        if name:
            address["hostname"] = name
        node = pod_of.node_name(pod)
        if node:
            address["nodeName"] = node
        address["targetRef"] = backends.target_reference(pod)
        return address


def _subset(ports: tuple[Port, ...], ready: list[Obj], unready: list[Obj]) -> Subset:
    out: Subset = {}
    if ready:
        out["addresses"] = sorted(ready, key=_by_address)
    if unready:
        out["notReadyAddresses"] = sorted(unready, key=_by_address)
    entries = []
    for name, number, protocol, application in ports:
        entry: dict[str, Any] = {"name": name} if name else {}
        entry |= {"port": number, "protocol": protocol}
        if application:
            entry["appProtocol"] = application
        entries.append(entry)
    if entries:
        out["ports"] = entries
    return out


def _by_address(entry: Obj) -> tuple[int, ...]:
    return tuple(int(part) for part in entry["ip"].split(".")) if "." in entry["ip"] else ()
