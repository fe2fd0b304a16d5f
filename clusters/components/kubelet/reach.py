"""Which hosts a container's commands can reach, and since when: for scripts that wait for a Service.

A host inside the cluster is a Service; it can be connected to since its first endpoint was ready, and its name is
known since it was made. What is outside of the cluster is taken to be there. Times come from stored objects, so
a kubelet that starts anew finds the same.
"""

from __future__ import annotations

from clusters.client.informer import Informers
from clusters.components.kubelet.timing import when
from clusters.machinery.types import Obj

SERVICES, SLICES = "services", "endpointslices.discovery.k8s.io"
_SERVICE_LABEL = "kubernetes.io/service-name"
_INDEX = "service-of-slice"
_OWN = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


def _slice_keys(obj: Obj) -> tuple[str, ...]:
    name = (obj["metadata"].get("labels") or {}).get(_SERVICE_LABEL)
    return (f"{obj['metadata'].get('namespace', '')}/{name}",) if name else ()


class Reach:
    """Asks the informers."""

    def __init__(self, informers: Informers) -> None:
        self.services = informers[SERVICES]
        self.slices = informers[SLICES]
        self.pods = informers["pods"]
        self.slices.add_index(_INDEX, _slice_keys)

    def since(self, target: str, namespace: str) -> int | None:
        """When `host`, `host:port` or (for its name alone) `?host` could first be reached; None if it cannot."""
        only_name = target.startswith("?")
        host, _, port = target.removeprefix("?").partition(":")
        if host in _OWN or not host:
            return 0
        service = self._service(host.rstrip("."), namespace)
        if service is None:
            return None if self._is_inside(host) else 0
        if only_name:
            return when(service["metadata"]["creationTimestamp"])
        if port and not any(str(p.get("port")) == port for p in service["spec"].get("ports") or ()):
            return None
        return self._ready_since(service)

    @staticmethod
    def _is_inside(host: str) -> bool:
        """A name that only the cluster could know."""
        return "." not in host or host.endswith((".svc", ".cluster.local")) or ".svc." in host or host.startswith("10.")

    def _service(self, host: str, namespace: str) -> Obj | None:
        if host.replace(".", "").isdigit():
            return next((s for s in self.services if host in (s["spec"].get("clusterIPs") or ())), None)
        parts = host.split(".")
        if len(parts) > 2 and parts[2] != "svc":
            return None
        return self.services.get(parts[1] if len(parts) > 1 else namespace, parts[0])

    def _ready_since(self, service: Obj) -> int | None:
        if service["spec"].get("type") == "ExternalName":
            return 0
        own = service["metadata"]
        times: list[int] = []
        for each in self.slices.by_index(_INDEX, f"{own['namespace']}/{own['name']}"):
            for endpoint in each.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready") is not False:
                    times.append(max(self._pod_ready(own["namespace"], endpoint), when(own["creationTimestamp"])))
        return min(times, default=None)

    def _pod_ready(self, namespace: str, endpoint: Obj) -> int:
        target = endpoint.get("targetRef") or {}
        pod = self.pods.get(target.get("namespace", namespace), target.get("name", ""))
        for condition in ((pod or {}).get("status") or {}).get("conditions") or ():
            if condition["type"] == "Ready" and condition.get("lastTransitionTime"):
                return when(condition["lastTransitionTime"])
        return 0
