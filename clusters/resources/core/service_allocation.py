"""Addresses and node ports of Services: kept in step with the spec before validation, as the real server does.

A cluster IP is owned through an IPAddress object of its name, written in the transaction that writes the Service:
two writers can never take the same one. Node ports are looked for among the other Services, which only holds if
nothing else is written meanwhile (`ctx.exclusive`).

Models: kubernetes, registry/core/service/storage (alloc.go, storage.go) and ipallocator, portallocator.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from clusters.machinery.errors import InternalError, Invalid
from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.types import Obj
from clusters.resources.base import Context
from clusters.resources.common.net import is_ipv6, parse_ip
from clusters.resources.core.service_shape import (
    externally_accessible,
    is_headless,
    may_have_node_port,
    needs_cluster_ip,
    needs_health_check,
    needs_node_port,
)
from clusters.resources.core.service_validation import cluster_ip_errors

SERVICE_CIDR = "10.96.0.0/16"
NODE_PORTS = range(30000, 32768)

_IP_RESOURCE = "ipaddresses.networking.k8s.io"
_ALLOCATED = "provided IP is already allocated"
_FOREIGN = "the provided network does not match the current range"
_PORT_ALLOCATED = "provided port is already allocated"
_PORT_FOREIGN = "provided port is not in the valid range. The range of valid ports is 30000-32767"
_NOT_CONFIGURED = "not configured on this cluster"
_SPEC = Path("spec")


def allocate_new(obj: Obj, ctx: Context) -> None:
    """Fill in families, addresses and ports of a new Service. Raises Invalid."""
    spec = obj["spec"]
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    _init_families(obj)
    _allocate_ips(obj, ctx, had=())
    _NodePorts(obj, ctx, old=None).allocate()


def allocate_change(new: Obj, old: Obj, ctx: Context) -> None:
    """Carry over what the client left out, drop what the new type has no use for, allocate and release."""
    spec, before = new["spec"], old["spec"]
    _carry_over(spec, before)
    _normalize_ips(spec, before)
    _drop_unused(spec, before)
    _init_families(new)
    had = () if is_headless(before) else tuple(before.get("clusterIPs") or ())
    if not (needs_cluster_ip(before) and needs_cluster_ip(spec)) or not had:
        _allocate_ips(new, ctx, had=had)
    kept = () if is_headless(spec) else spec.get("clusterIPs") or ()
    ctx.gone.extend((_IP_RESOURCE, "", ip) for ip in had if ip not in kept)
    _NodePorts(new, ctx, old=old).allocate()


def held_addresses(obj: Obj) -> list[tuple[str, str, str]]:
    """The IPAddresses that go with the Service."""
    spec = obj.get("spec") or {}
    if is_headless(spec):
        return []
    return [(_IP_RESOURCE, "", ip) for ip in spec.get("clusterIPs") or ()]


def _refuse(obj: Obj, errors: ErrorList) -> Invalid:
    return Invalid.of("", "Service", obj["metadata"].get("name", ""), errors)


# families


def _init_families(obj: Obj) -> None:
    spec = obj["spec"]
    if spec.get("type") == "ExternalName":
        return
    wrong = cluster_ip_errors(spec)
    if wrong:
        raise _refuse(obj, wrong)
    families: list[str] = list(spec.get("ipFamilies") or ())
    if is_headless(spec) and not spec.get("selector"):
        families = families or ["IPv4"]
        if len(families) < 2 and spec.get("ipFamilyPolicy") != "SingleStack":
            families.append("IPv6" if families[0] == "IPv4" else "IPv4")
        spec["ipFamilies"] = families
        if spec.get("ipFamilyPolicy") is None:
            spec["ipFamilyPolicy"] = "RequireDualStack" if len(families) > 1 else "SingleStack"
        return
    ips: list[str] = [] if is_headless(spec) else list(spec.get("clusterIPs") or ())
    families += ["IPv6" if is_ipv6(ip) else "IPv4" for ip in ips[len(families) :]]
    policy = spec.get("ipFamilyPolicy")
    if policy is None and (len(ips) == 2 or len(families) == 2):
        policy = "RequireDualStack"
    errors: ErrorList = []
    if policy == "SingleStack":
        why = "must be RequireDualStack or PreferDualStack when multiple '{}' are specified"
        for name, values in (("ipFamilies", families), ("clusterIPs", ips)):
            if len(values) == 2:
                errors.append(invalid(_SPEC.child("ipFamilyPolicy"), policy, why.format(name)))
    if policy == "RequireDualStack":
        why = "this cluster is not configured for dual-stack services"
        errors.append(invalid(_SPEC.child("ipFamilyPolicy"), policy, why))
    errors += [
        invalid(_SPEC.child("ipFamilies").index(i), family, _NOT_CONFIGURED)
        for i, family in enumerate(families)
        if family == "IPv6"
    ]
    if errors:
        raise _refuse(obj, errors)
    spec["ipFamilies"] = families or ["IPv4"]
    spec["ipFamilyPolicy"] = policy or "SingleStack"


# cluster IPs


def _allocate_ips(obj: Obj, ctx: Context, *, had: Iterable[str]) -> None:
    spec = obj["spec"]
    if not needs_cluster_ip(spec) or is_headless(spec):
        return
    wanted: list[str] = list(spec.get("clusterIPs") or ())
    held = set(had)
    for ip in wanted:
        if ip in held:
            continue
        why = _not_free(ip, ctx)
        if why:
            error = invalid(_SPEC.child("clusterIPs"), wanted, f"failed to allocate IP {ip}: {why}")
            raise _refuse(obj, [error])
        _own(ip, obj, ctx)
    if not wanted:
        wanted = [_free_ip(obj, ctx)]
        _own(wanted[0], obj, ctx)
    spec["clusterIPs"] = wanted
    spec["clusterIP"] = wanted[0]


def _not_free(ip: str, ctx: Context) -> str:
    address = parse_ip(ip)
    network = ipaddress.ip_network(SERVICE_CIDR)
    if address is None or address.version != 4 or address not in network:
        return _FOREIGN
    if address in (network.network_address, network.broadcast_address):
        return _FOREIGN
    return _ALLOCATED if ctx.lookup.get(_IP_RESOURCE, "", str(address)) is not None else ""


def _free_ip(obj: Obj, ctx: Context) -> str:
    """A random address of the upper part of the range, as the real allocator prefers; the lower part is left to
    those who choose."""
    network = ipaddress.ip_network(SERVICE_CIDR)
    first = int(network.network_address)
    size = network.num_addresses
    reserved = min(max(16, size // 16), 256)
    start = ctx.rng.below(size - reserved - 2, "clusterIP", ctx.namespace, obj["metadata"].get("name"), ctx.now)
    for offset in range(size - 2):
        place = 1 + (reserved + start + offset) % (size - 2)
        ip = str(ipaddress.ip_address(first + place))
        if ctx.lookup.get(_IP_RESOURCE, "", ip) is None:
            return ip
    raise InternalError("failed to allocate a serviceIP: range is full")


def _own(ip: str, obj: Obj, ctx: Context) -> None:
    address = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": {
            "name": ip,
            "labels": {
                "ipaddress.kubernetes.io/ip-family": "IPv4",
                "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
            },
        },
        "spec": {
            "parentRef": {
                "resource": "services",
                "namespace": ctx.namespace,
                "name": obj["metadata"].get("name", ""),
            }
        },
    }
    ctx.extra.append((_IP_RESOURCE, address))


# node ports


class _NodePorts:
    """One write's node ports: those of the Service itself stay its own, new ones are free in the whole cluster."""

    def __init__(self, obj: Obj, ctx: Context, *, old: Obj | None) -> None:
        self.obj = obj
        self.spec = obj["spec"]
        self.before = old["spec"] if old is not None else {}
        self.ctx = ctx
        self._taken: set[int] | None = None

    def allocate(self) -> None:
        spec = self.spec
        if may_have_node_port(spec):
            self._ports()
        if needs_health_check(spec):
            self._health_check()

    def taken(self) -> set[int]:
        """Ports of all other Services."""
        if self._taken is None:
            self._taken = set()
            me = (self.ctx.namespace, self.obj["metadata"].get("name"))
            for service in self.ctx.lookup.list("services"):
                meta, spec = service["metadata"], service["spec"]
                if (meta.get("namespace"), meta["name"]) != me:
                    self._taken.update(own_ports(spec))
            self.ctx.exclusive = True
        return self._taken

    def _ports(self) -> None:
        ports: list[Obj] = self.spec.get("ports") or []
        mine = set(own_ports(self.before))
        if all(p.get("nodePort") in mine for p in ports if p.get("nodePort") or needs_node_port(self.spec)):
            return
        chosen: dict[int, int] = {}
        for i, port in enumerate(ports):
            if not port.get("nodePort") and not needs_node_port(self.spec):
                continue
            known = chosen.get(port["port"], 0)
            if not known:
                asked = next((p["nodePort"] for p in ports if p["port"] == port["port"] and p.get("nodePort")), 0)
                port["nodePort"] = self._take(asked, mine, i) if asked else self._next(mine)
                chosen[port["port"]] = port["nodePort"]
            elif not port.get("nodePort"):
                port["nodePort"] = known
            elif port["nodePort"] != known:
                self._take(port["nodePort"], mine, i)

    def _take(self, port: int, mine: set[int], index: int) -> int:
        if port in mine:
            return port
        why = _PORT_FOREIGN if port not in NODE_PORTS else _PORT_ALLOCATED if port in self.taken() else ""
        if why:
            path = _SPEC.child("ports").index(index).child("nodePort")
            raise _refuse(self.obj, [invalid(path, port, why)])
        self.taken().add(port)
        return port

    def _next(self, mine: set[int]) -> int:
        """A random port of the upper part of the range; the lower part is left to those who choose."""
        taken = self.taken()
        reserved, size = 86, len(NODE_PORTS)
        name = self.obj["metadata"].get("name")
        start = self.ctx.rng.below(size - reserved, "nodePort", self.ctx.namespace, name, self.ctx.now, len(taken))
        for offset in range(size):
            port = NODE_PORTS[(reserved + start + offset) % size]
            if port not in taken and port not in mine:
                taken.add(port)
                return port
        raise InternalError("failed to allocate a nodePort: range is full")

    def _health_check(self) -> None:
        asked = self.spec.get("healthCheckNodePort", 0)
        if asked and asked == self.before.get("healthCheckNodePort"):
            return
        if not asked:
            self.spec["healthCheckNodePort"] = self._next(set(own_ports(self.before)))
            return
        why = _PORT_FOREIGN if asked not in NODE_PORTS else _PORT_ALLOCATED if asked in self.taken() else ""
        if why:
            raise InternalError(
                f"Internal error occurred: failed to allocate requested HealthCheck NodePort {asked}: {why}"
            )
        self.taken().add(asked)


def own_ports(spec: Obj) -> list[int]:
    """The node ports that a Service holds."""
    out = [p["nodePort"] for p in spec.get("ports") or () if p.get("nodePort")]
    if spec.get("healthCheckNodePort"):
        out.append(spec["healthCheckNodePort"])
    return out


# updates


def _carry_over(spec: Obj, before: Obj) -> None:
    if needs_cluster_ip(before) and needs_cluster_ip(spec):
        if not spec.get("clusterIP") and before.get("clusterIP"):
            spec["clusterIP"] = before["clusterIP"]
        if not spec.get("clusterIPs") and spec.get("clusterIP") == before.get("clusterIP"):
            spec["clusterIPs"] = list(before.get("clusterIPs") or ())
    if needs_node_port(before) and needs_node_port(spec):
        used = {p.get("nodePort") for p in before.get("ports") or ()} & {
            p.get("nodePort") for p in spec.get("ports") or ()
        }
        known = {p.get("name", ""): p.get("nodePort", 0) for p in before.get("ports") or ()}
        for port in spec.get("ports") or ():
            earlier = known.get(port.get("name", ""), 0)
            if not port.get("nodePort") and earlier and earlier not in used:
                port["nodePort"] = earlier
                used.add(earlier)
    if needs_health_check(before) and needs_health_check(spec):
        if not spec.get("healthCheckNodePort") and before.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = before["healthCheckNodePort"]


def _normalize_ips(spec: Obj, before: Obj) -> None:
    """A client that knows only `clusterIP` changes both."""
    now, then = spec.get("clusterIP", ""), before.get("clusterIP", "")
    if now == then or (spec.get("clusterIPs") or []) != (before.get("clusterIPs") or []):
        return
    if now:
        spec["clusterIPs"] = [now]
    else:
        spec.pop("clusterIPs", None)


def _same(spec: Obj, before: Obj, name: str) -> bool:
    return (spec.get(name) or None) == (before.get(name) or None)


def _drop_unused(spec: Obj, before: Obj) -> None:
    """What the old type had and the new one has no use for goes, unless the client changed it."""
    if needs_cluster_ip(before) and not needs_cluster_ip(spec):
        if _same(spec, before, "clusterIP") and _same(spec, before, "clusterIPs"):
            spec.pop("clusterIP", None)
            spec.pop("clusterIPs", None)
        for name in ("ipFamilies", "ipFamilyPolicy"):
            if _same(spec, before, name):
                spec.pop(name, None)
    if may_have_node_port(before) and not may_have_node_port(spec):
        now = [p.get("nodePort", 0) for p in spec.get("ports") or ()]
        if set(now) <= {0, *(p.get("nodePort", 0) for p in before.get("ports") or ())}:
            for port in spec.get("ports") or ():
                port.pop("nodePort", None)
    if needs_health_check(before) and not needs_health_check(spec) and _same(spec, before, "healthCheckNodePort"):
        spec.pop("healthCheckNodePort", None)
    if before.get("type") == "LoadBalancer" and spec.get("type") != "LoadBalancer":
        for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if spec.get(name) == before.get(name):
                spec.pop(name, None)
    if before.get("type") in ("NodePort", "LoadBalancer") and spec.get("type") not in ("NodePort", "LoadBalancer"):
        if _same(spec, before, "externalTrafficPolicy") and not externally_accessible(spec):
            spec.pop("externalTrafficPolicy", None)


__all__ = ["allocate_change", "allocate_new", "held_addresses", "own_ports"]
