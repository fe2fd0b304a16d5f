"""Node ports of Services, and the port for health checks of those with a load balancer.

They are looked for among the other Services, which only holds if nothing else is written meanwhile
(`ctx.exclusive`). A dry run takes none: it shows ports from above the range.

Models: kubernetes, registry/core/service/storage (alloc.go) and portallocator.
"""

from __future__ import annotations

from clusters.machinery.errors import ApiError, InternalError, Invalid
from clusters.machinery.field import Path, invalid
from clusters.machinery.types import Obj
from clusters.resources.base import Context
from clusters.resources.core.service_shape import may_have_node_port, needs_health_check, needs_node_port

NODE_PORTS = range(30000, 32768)

_ALLOCATED = "provided port is already allocated"
_FOREIGN = "provided port is not in the valid range. The range of valid ports is 30000-32767"
_RESERVED = 86
"""So many ports of the lower end are left to those who choose."""


class NodePorts:
    """One write's node ports: those of the Service itself stay its own, new ones are free in the whole cluster."""

    def __init__(self, obj: Obj, ctx: Context, *, old: Obj | None) -> None:
        self.obj = obj
        self.spec = obj["spec"]
        self.before = old["spec"] if old is not None else None
        self.ctx = ctx
        self._mine = {p["nodePort"] for p in (self.before or {}).get("ports") or () if p.get("nodePort")}
        self._chosen: list[int] = []
        self._taken: set[int] | None = None

    def allocate(self) -> None:
        if may_have_node_port(self.spec):
            if self.before is None:
                self._first_ports()
            else:
                self._changed_ports()
        if needs_health_check(self.spec) and not needs_health_check(self.before or {}):
            self._health_check()

    def _taken_ports(self) -> set[int]:
        """Ports of all Services, and those chosen here."""
        if self._taken is None:
            self._taken = {port for service in self.ctx.lookup.list("services") for port in own_ports(service["spec"])}
            self.ctx.exclusive = True
        return self._taken

    def _first_ports(self) -> None:
        """Ports of the same number share a node port, whatever their protocols."""
        ports: list[Obj] = self.spec.get("ports") or []
        shared: dict[int, int] = {}
        for i, port in enumerate(ports):
            if not port.get("nodePort") and not needs_node_port(self.spec):
                continue
            known = shared.get(port["port"], 0)
            if not known:
                asked = next((p["nodePort"] for p in ports if p["port"] == port["port"] and p.get("nodePort")), 0)
                port["nodePort"] = shared[port["port"]] = self._take(asked, i) if asked else self._next()
            elif not port.get("nodePort"):
                port["nodePort"] = known
            elif port["nodePort"] != known:
                self._take(port["nodePort"], i)

    def _changed_ports(self) -> None:
        found: list[tuple[str, int]] = []
        for i, port in enumerate(self.spec.get("ports") or ()):
            asked = port.get("nodePort", 0)
            if not asked and not needs_node_port(self.spec):
                continue
            if not asked:
                port["nodePort"] = self._next()
            elif asked not in self._mine and asked not in self._chosen:
                self._take(asked, i)
            key = (port.get("protocol", ""), port["nodePort"])
            if key in found:
                raise ApiError(f"duplicate nodePort: {{{key[0]} {key[1]}}}", code=500, reason="")
            found.append(key)

    def _problem(self, port: int) -> str:
        if port not in NODE_PORTS and not self.ctx.dry_run:
            return _FOREIGN
        return _ALLOCATED if port in self._taken_ports() or port in self._chosen else ""

    def _take(self, port: int, index: int) -> int:
        if why := self._problem(port):
            path = Path("spec").child("ports").index(index).child("nodePort")
            raise Invalid.of("", "Service", self.obj["metadata"].get("name", ""), [invalid(path, port, why)])
        self._chosen.append(port)
        return port

    def _next(self) -> int:
        """A random port of the upper part of the range."""
        if self.ctx.dry_run:
            self._chosen.append(max(self._chosen, default=NODE_PORTS.stop) + 1)
            return self._chosen[-1]
        taken, size = self._taken_ports(), len(NODE_PORTS)
        name = self.obj["metadata"].get("name")
        seen = len(taken) + len(self._chosen)
        start = self.ctx.rng.below(size - _RESERVED, "nodePort", self.ctx.namespace, name, self.ctx.now, seen)
        for offset in range(size):
            port = NODE_PORTS[(_RESERVED + start + offset) % size]
            if port not in taken and port not in self._chosen:
                self._chosen.append(port)
                return port
        raise internal_failure("failed to allocate a nodePort: range is full")

    def _health_check(self) -> None:
        asked = self.spec.get("healthCheckNodePort", 0)
        if not asked:
            self.spec["healthCheckNodePort"] = self._next()
        elif why := self._problem(asked):
            raise internal_failure(f"failed to allocate requested HealthCheck NodePort {asked}: {why}")


def own_ports(spec: Obj) -> list[int]:
    """The node ports that a Service holds."""
    out = [p["nodePort"] for p in spec.get("ports") or () if p.get("nodePort")]
    if spec.get("healthCheckNodePort"):
        out.append(spec["healthCheckNodePort"])
    return out


def internal_failure(text: str) -> InternalError:
    """What a failure that is nobody's field looks like."""
    return InternalError(f"Internal error occurred: {text}", details={"causes": [{"message": text}]})
