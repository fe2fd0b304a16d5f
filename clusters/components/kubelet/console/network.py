"""Names and connections inside a cluster: Services, endpoints, Pods. Nothing outside of it can be reached.

Models: CoreDNS' kubernetes plugin, kube-proxy; network policies are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Protocol

from clusters.components.kubelet import behavior
from clusters.components.kubelet.console.container import Container
from clusters.components.kubelet.console.files import Disks
from clusters.machinery.types import Obj
from clusters.resources.base import Lookup

DOMAIN = "cluster.local"
_LABEL = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Answer:
    """`name` is the full name that was found; `alias` where it is another name for something outside."""

    name: str
    addresses: tuple[str, ...] = ()
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A container that accepts connections."""

    container: Container
    port: int


class Refused(Exception):
    """Nobody listens there."""


class Unreachable(Exception):
    """No answer at all: the connection attempt times out."""


class Network(Protocol):
    """What tools ask."""

    def resolve(self, name: str, namespace: str) -> Answer | None:
        """None: there is no such name."""

    def connect(self, address: str, port: int, source: Container) -> Target:
        """Raises Refused, Unreachable."""


@dataclass(slots=True)
class ClusterNetwork:
    """`Network` of the cluster that `lookup` shows. `turn` spreads connections over endpoints."""

    lookup: Lookup
    disks: Disks = field(default_factory=Disks)
    settle: Callable[[Obj], None] = lambda pod: None
    """Called with a Pod before its files are looked at."""
    turn: int = 0

    # names

    def resolve(self, name: str, namespace: str) -> Answer | None:
        name = name.rstrip(".").lower()
        if not name or len(name) > 253:
            return None
        for search in ("", f"{namespace}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN):
            if not search and not name.endswith(f".{DOMAIN}"):
                continue
            found = self._full(f"{name}.{search}" if search else name)
            if found is not None:
                return found
        return None

    def _full(self, name: str) -> Answer | None:
        parts = name.removesuffix(f".{DOMAIN}").split(".")
        if not name.endswith(f".{DOMAIN}") or len(parts) < 3 or parts[-1] not in ("svc", "pod"):
            return None
        namespace = parts[-2]
        if parts[-1] == "pod":
            address = parts[0].replace("-", ".")
            return Answer(name, (address,)) if len(parts) == 3 and _is_address(address) else None
        service = self.lookup.get("services", namespace, parts[-3])
        if service is None or len(parts) > 4:
            return None
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            return Answer(name, (), str(spec.get("externalName", ""))) if len(parts) == 3 else None
        headless = spec.get("clusterIP") == "None"
        if len(parts) == 4:
            found = [a for a, host in self._backends(service) if host == parts[0]] if headless else []
            return Answer(name, tuple(found)) if found else None
        if headless:
            return Answer(name, tuple(sorted({a for a, _ in self._backends(service)})))
        return Answer(name, (str(spec.get("clusterIP", "")),)) if spec.get("clusterIP") else None

    def _slices(self, service: Obj) -> Iterator[Obj]:
        meta = service["metadata"]
        for piece in self.lookup.list("endpointslices.discovery.k8s.io", meta["namespace"]):
            if (piece["metadata"].get("labels") or {}).get(_LABEL) == meta["name"]:
                yield piece

    def _backends(self, service: Obj) -> Iterator[tuple[str, str]]:
        """(address, host name) of the ready endpoints."""
        for piece in self._slices(service):
            for endpoint in piece.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready", True):
                    for address in endpoint.get("addresses") or ():
                        yield address, endpoint.get("hostname", "")

    # connections

    def connect(self, address: str, port: int, source: Container) -> Target:
        if address.startswith("127.") or address == "::1":
            return self.inside(source.pod, port)
        for service in self.lookup.list("services", None):
            if service["spec"].get("clusterIP") == address:
                address, port = self._balanced(service, port)
                break
        for pod in self.lookup.list("pods", None):
            status = pod.get("status") or {}
            if status.get("podIP") != address or status.get("phase") in ("Succeeded", "Failed"):
                # A Pod that has ended shows the address that another may have by now.
                continue
            if not pod["spec"].get("hostNetwork"):
                return self.inside(pod, port)
        raise Unreachable

    def _balanced(self, service: Obj, port: int) -> tuple[str, int]:
        known = next((p for p in service["spec"].get("ports") or () if p["port"] == port), None)
        if known is None:
            raise Unreachable
        found: list[tuple[str, int]] = []
        for piece in self._slices(service):
            for target in piece.get("ports") or ():
                if (target.get("name") or "") != (known.get("name") or ""):
                    continue
                for endpoint in piece.get("endpoints") or ():
                    if (endpoint.get("conditions") or {}).get("ready", True):
                        found += [(a, target.get("port") or port) for a in endpoint.get("addresses") or ()]
        if not found:
            raise Refused
        self.turn += 1
        return sorted(found)[self.turn % len(found)]

    def inside(self, pod: Obj, port: int) -> Target:
        """The container of a Pod that listens on that port. Raises Refused."""
        for spec in (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())):
            container = Container(pod, spec["name"], self.lookup, lambda _pod, _source: "", disks=self.disks)
            if container.running and port in listening(container):
                self.settle(pod)
                container.layer = self.disks.layer(container.id)
                return Target(container, port)
        raise Refused


def listening(container: Container) -> frozenset[int]:
    """The ports on which a running container accepts connections: its image's and those it declares, unless
    what runs in it is a shell or `sleep`."""
    program = behavior.of(container.pod, container.spec).program
    if program.shell:
        return frozenset()
    declared = {int(p["containerPort"]) for p in container.spec.get("ports") or () if p.get("protocol") != "UDP"}
    return frozenset(declared.union(container.picture.ports))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
