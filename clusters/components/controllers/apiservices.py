"""Says of each API that is served behind a Service whether it can be reached, as the aggregator's controller does.

Only a metrics server answers here; whatever else listens refuses the connection. Models: kube-aggregator,
pkg/controllers/status/remote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from clusters.client.component import Controller
from clusters.components.controllers.shared import conditions
from clusters.components.controllers.shared.objects import draft
from clusters.kernel.clock import rfc3339
from clusters.machinery.images import base_name
from clusters.machinery.types import Obj, UserInfo
from clusters.resources import metrics

API_SERVICES = "apiservices.apiregistration.k8s.io"
SLICES = "endpointslices.discovery.k8s.io"
_SERVICE = "service"
_OF_SERVICE = "of-service"
_LABEL = "kubernetes.io/service-name"


class ApiServiceController(Controller):
    """Keys are APIServices."""

    name: ClassVar[str] = "apiservice-status-remote-available-controller"
    process: ClassVar[str] = "kube-apiserver"
    user: ClassVar[UserInfo] = UserInfo(name="system:apiserver", groups=("system:masters", "system:authenticated"))

    def setup(self) -> None:
        informers = self.env.informers
        self.registered, self.services = informers[API_SERVICES], informers["services"]
        self.slices, self.pods = informers[SLICES], informers["pods"]
        self.registered.add_index(_SERVICE, _served_by)
        self.slices.add_index(_OF_SERVICE, _slice_of)
        self.registered.on_change(self._changed)
        self.services.on_change(self._service_changed)
        self.slices.on_change(self._slice_changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and new["spec"].get("service"):
            self.queue.add(new["metadata"]["name"])

    def _service_changed(self, old: Obj | None, new: Obj | None) -> None:
        meta = (new or old or {})["metadata"]
        self._touch(f"{meta['namespace']}/{meta['name']}")

    def _slice_changed(self, old: Obj | None, new: Obj | None) -> None:
        for each in _slice_of(new or old or {}):
            self._touch(each)

    def _touch(self, service: str) -> None:
        for each in self.registered.by_index(_SERVICE, service):
            self.queue.add(each["metadata"]["name"])

    def sync(self, key: str) -> None:
        registered = self.registered.by_key(key)
        if registered is None or not registered["spec"].get("service"):
            return
        problem = self._problem(registered)
        status = registered.get("status") or {}
        reason, message = problem or ("Passed", "all checks passed")
        entry = {
            "type": "Available",
            "status": "False" if problem else "True",
            "lastTransitionTime": rfc3339(self.env.clock.now()),
            "reason": reason,
            "message": message,
        }
        listed = conditions.put(status.get("conditions"), entry)
        if listed != status.get("conditions"):
            self.env.client.update_status(API_SERVICES, draft(registered, status={**status, "conditions": listed}))

    def _problem(self, registered: Obj) -> tuple[str, str] | None:
        """(reason, message) of what is wrong."""
        wanted = registered["spec"]["service"]
        name, namespace, port = wanted.get("name", ""), wanted.get("namespace", ""), int(wanted.get("port", 443))
        service = self.services.get(namespace, name)
        if service is None:
            return "ServiceNotFound", f'service/{name} in "{namespace}" is not present'
        slices = self.slices.by_index(_OF_SERVICE, f"{namespace}/{name}")
        if service["spec"].get("type", "ClusterIP") == "ClusterIP":
            ports = [p for p in service["spec"].get("ports") or () if p["port"] == port]
            if not ports:
                return "ServicePortError", f'service/{name} in "{namespace}" is not listening on port {port}'
            if not slices:
                return "EndpointsNotFound", f'cannot find endpointslices for service/{name} in "{namespace}"'
            port_name = ports[0].get("name", "")
            if not any(_has_endpoint(each, port_name) for each in slices):
                why = (
                    f'endpointslices for service/{name} in "{namespace}" have no addresses with port name "{port_name}"'
                )
                return "MissingEndpoints", why
        if self._answers(registered, slices):
            return None
        address = f"{service['spec'].get('clusterIP') or name}:{port}"
        url = f"https://{address}/apis/{registered['spec'].get('group', '')}/{registered['spec']['version']}"
        why = f'Get "{url}": dial tcp {address}: connect: connection refused'
        return "FailedDiscoveryCheck", f"failing or missing response from {url}: {why}"

    def _answers(self, registered: Obj, slices: Sequence[Obj]) -> bool:
        """A metrics server listens."""
        if registered["metadata"]["name"] != metrics.API_SERVICE:
            return False
        for each in slices:
            for endpoint in each.get("endpoints") or ():
                target = endpoint.get("targetRef") or {}
                pod = (
                    self.pods.get(target.get("namespace", ""), target.get("name", "")) if _is_ready(endpoint) else None
                )
                containers = pod["spec"]["containers"] if pod is not None else ()
                if any(base_name(c.get("image", "")) == metrics.SERVER_IMAGE for c in containers):
                    return True
        return False


def _served_by(registered: Obj) -> tuple[str, ...]:
    service = registered["spec"].get("service")
    return (f"{service.get('namespace', '')}/{service.get('name', '')}",) if service else ()


def _slice_of(each: Obj) -> tuple[str, ...]:
    meta = each["metadata"]
    name = (meta.get("labels") or {}).get(_LABEL)
    return (f"{meta['namespace']}/{name}",) if name else ()


def _is_ready(endpoint: Obj) -> bool:
    return bool((endpoint.get("conditions") or {}).get("ready", True))


def _has_endpoint(each: Obj, port: str) -> bool:
    ready = any(_is_ready(e) for e in each.get("endpoints") or ())
    return ready and any((p.get("name") or "") == port and p.get("port") is not None for p in each.get("ports") or ())
