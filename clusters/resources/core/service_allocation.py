"""Addresses and node ports of Services: kept in step with the spec before validation, as the real server does.

A cluster IP is owned through an IPAddress object of its name, written in the transaction that writes the Service:
two writers can never take the same one. Node ports are looked for among the other Services, which only holds if
nothing else is written meanwhile (`ctx.exclusive`).

Models: kubernetes, registry/core/service/storage (alloc.go, storage.go) and ipallocator, portallocator.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from clusters.machinery.errors import Invalid
from clusters.machinery.field import ErrorList, FieldError, Path, invalid
from clusters.machinery.types import Obj
from clusters.resources.base import Context
from clusters.resources.common.net import is_ipv6, parse_ip
from clusters.resources.core.service_ports import NodePorts, internal_failure
from clusters.resources.core.service_shape import (
    NONE,
    externally_accessible,
    is_headless,
    may_have_node_port,
    needs_cluster_ip,
    needs_health_check,
    needs_node_port,
)
from clusters.resources.core.service_validation import cluster_ip_errors

SERVICE_CIDR = "10.96.0.0/16"

_IP_RESOURCE = "ipaddresses.networking.k8s.io"
_ALLOCATED = "provided IP is already allocated"
_FOREIGN = "the provided network does not match the current range"
_NOT_CONFIGURED = "not configured on this cluster"
_SPEC = Path("spec")


def allocate_new(obj: Obj, ctx: Context) -> None:
    """Fill in families, addresses and ports of a new Service. Raises Invalid."""
    spec = obj["spec"]
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    _init_families(obj, None)
    _allocate_ips(obj, ctx, had=())
    NodePorts(obj, ctx, old=None).allocate()


def allocate_change(new: Obj, old: Obj, ctx: Context) -> None:
    """Carry over what the client left out, drop what the new type has no use for, allocate and release."""
    spec, before = new["spec"], old["spec"]
    _carry_over(spec, before)
    _normalize_ips(spec, before)
    _drop_unused(spec, before)
    _init_families(new, before)
    had = () if is_headless(before) else tuple(before.get("clusterIPs") or ())
    if not (needs_cluster_ip(before) and needs_cluster_ip(spec)) or not had:
        _allocate_ips(new, ctx, had=had)
    kept = () if is_headless(spec) else spec.get("clusterIPs") or ()
    ctx.gone.extend((_IP_RESOURCE, "", ip) for ip in had if ip not in kept)
    NodePorts(new, ctx, old=old).allocate()


def held_addresses(obj: Obj) -> list[tuple[str, str, str]]:
    """The IPAddresses that go with the Service."""
    spec = obj.get("spec") or {}
    if is_headless(spec):
        return []
    return [(_IP_RESOURCE, "", ip) for ip in spec.get("clusterIPs") or ()]


def _refuse(obj: Obj, errors: ErrorList) -> Invalid:
    return Invalid.of("", "Service", obj["metadata"].get("name", ""), errors)


# families


def _init_families(obj: Obj, before: Obj | None) -> None:
    """`ipFamilyPolicy` and `ipFamilies`, as far as the client left them to this cluster of one family. `before` is
    the spec that is replaced."""
    spec = obj["spec"]
    if spec.get("type") == "ExternalName" or (before is not None and _stays_preferred(spec, before)):
        return
    alone = spec.get("clusterIP") == NONE and not spec.get("selector")
    if spec.get("ipFamilyPolicy") is None:
        earlier = (before or {}).get("ipFamilyPolicy")
        spec["ipFamilyPolicy"] = earlier or ("RequireDualStack" if alone else "SingleStack")
    if wrong := cluster_ip_errors(spec):
        raise _refuse(obj, wrong)
    single = spec["ipFamilyPolicy"] == "SingleStack"
    errors = _release_errors(spec, before, single=single) if before is not None else []
    if single:
        why = "must be 'RequireDualStack' or 'PreferDualStack' when multiple {} are specified"
        for name, what in (("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")):
            if len(spec.get(name) or ()) == 2:
                errors.append(_policy_error(spec, why.format(what)))
    families: list[str] = list(spec.get("ipFamilies") or ())
    ips: list[str] = spec.get("clusterIPs") or []
    for i, ip in enumerate(ips):
        if ip == NONE:
            break
        if i >= len(families):
            family = "IPv6" if is_ipv6(ip) else "IPv4"
            if family == "IPv6":
                why = f"{family} is {_NOT_CONFIGURED}"
                errors.append(invalid(_SPEC.child("clusterIPs").index(i), ips, why))
            else:
                families.append(family)
    if errors:
        raise _refuse(obj, errors)
    if alone:
        families = families or ["IPv4"]
        if len(families) < 2 and not single:
            families.append("IPv6" if families[0] == "IPv4" else "IPv4")
    else:
        if spec["ipFamilyPolicy"] == "RequireDualStack":
            errors.append(_policy_error(spec, "this cluster is not configured for dual-stack services"))
        errors += [
            invalid(_SPEC.child("ipFamilies").index(i), family, _NOT_CONFIGURED)
            for i, family in enumerate(families)
            if family == "IPv6"
        ]
        if errors:
            raise _refuse(obj, errors)
    spec["ipFamilies"] = families or ["IPv4"]


def _policy_error(spec: Obj, why: str) -> FieldError:
    return invalid(_SPEC.child("ipFamilyPolicy"), spec["ipFamilyPolicy"], why)


def _stays_preferred(spec: Obj, before: Obj) -> bool:
    """What prefers two families and has what it had is left alone."""
    both = (spec, before)
    return all(each.get("ipFamilyPolicy") == "PreferDualStack" for each in both) and all(
        _same(spec, before, name) for name in ("type", "clusterIPs", "ipFamilies")
    )


def _release_errors(spec: Obj, before: Obj, *, single: bool) -> ErrorList:
    """To ask for one family gives the second one back; to leave the second one out does not."""
    errors: ErrorList = []
    for name, what in (("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")):
        now, then = spec.get(name) or [], before.get(name) or []
        if single and now == then and len(now) > 1:
            spec[name] = now[:1]
        elif not single and 0 < len(now) < len(then):
            errors.append(_policy_error(spec, f"must be 'SingleStack' to release the secondary {what}"))
    return errors


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
    """Why an address cannot be had. A dry run asks no further than whether the address is one of the range."""
    address = parse_ip(ip)
    network = ipaddress.ip_network(SERVICE_CIDR)
    within = address is not None and address.version == 4 and address in network
    if not within or address in (network.network_address, network.broadcast_address):
        if ctx.dry_run:
            return f"the provided IP ({ip}) is not in the valid range. The range of valid IPs is {SERVICE_CIDR}"
        return _FOREIGN
    taken = not ctx.dry_run and ctx.lookup.get(_IP_RESOURCE, "", str(address)) is not None
    return _ALLOCATED if taken else ""


def _free_ip(obj: Obj, ctx: Context) -> str:
    """A random address of the upper part of the range, as the real allocator prefers; the lower part is left to
    those who choose. A dry run shows the address of the network."""
    network = ipaddress.ip_network(SERVICE_CIDR)
    if ctx.dry_run:
        return str(network.network_address)
    first = int(network.network_address)
    size = network.num_addresses
    reserved = min(max(16, size // 16), 256)
    start = ctx.rng.below(size - reserved - 2, "clusterIP", ctx.namespace, obj["metadata"].get("name"), ctx.now)
    for offset in range(size - 2):
        place = 1 + (reserved + start + offset) % (size - 2)
        ip = str(ipaddress.ip_address(first + place))
        if ctx.lookup.get(_IP_RESOURCE, "", ip) is None:
            return ip
    raise internal_failure("failed to allocate a serviceIP: range is full")


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
