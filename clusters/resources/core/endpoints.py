"""Endpoints: the older list of a Service's addresses. Models: kubernetes, registry/core/endpoint, core validation."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, invalid, not_supported, required
from clusters.machinery.names import dns1123_label, dns1123_subdomain, port_number, qualified_name
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.columns import AGE, NAME, NONE
from clusters.resources.common.net import ip_errors, ip_warnings, non_special_ip_errors

PROTOCOLS = frozenset({"TCP", "UDP", "SCTP"})
SHOWN = 3


def endpoint_port_errors(port: Obj, path: Path, *, named: bool) -> ErrorList:
    errors: ErrorList = []
    name = port.get("name", "")
    if name:
        errors += [invalid(path.child("name"), name, text) for text in dns1123_label(name)]
    elif named:
        errors.append(required(path.child("name")))
    number = port.get("port", 0)
    errors += [invalid(path.child("port"), number, text) for text in port_number(number)]
    protocol = port.get("protocol", "")
    if not protocol:
        errors.append(required(path.child("protocol")))
    elif protocol not in PROTOCOLS:
        errors.append(not_supported(path.child("protocol"), protocol, PROTOCOLS))
    if port.get("appProtocol") is not None:
        words = port["appProtocol"]
        errors += [invalid(path.child("appProtocol"), words, text) for text in qualified_name(words)]
    return errors


def _address_errors(address: Obj, path: Path) -> ErrorList:
    ip = address.get("ip", "")
    errors = ip_errors(path.child("ip"), ip)
    if address.get("hostname"):
        hostname = address["hostname"]
        errors += [invalid(path.child("hostname"), hostname, text) for text in dns1123_label(hostname)]
    if address.get("nodeName") is not None:
        node = address["nodeName"]
        errors += [invalid(path.child("nodeName"), node, text) for text in dns1123_subdomain(node)]
    return errors + non_special_ip_errors(path.child("ip"), ip)


class EndpointsStrategy(Strategy):
    allow_create_on_update = True
    validates_whole_update = True

    def default(self, obj: Obj) -> None:
        for subset in obj.get("subsets") or ():
            for port in subset.get("ports") or ():
                if not port.get("protocol"):
                    port["protocol"] = "TCP"

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors: ErrorList = []
        for i, subset in enumerate(obj.get("subsets") or ()):
            path = Path("subsets").index(i)
            if not subset.get("addresses") and not subset.get("notReadyAddresses"):
                errors.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
            for field in ("addresses", "notReadyAddresses"):
                for j, address in enumerate(subset.get(field) or ()):
                    errors += _address_errors(address, path.child(field).index(j))
            ports = subset.get("ports") or ()
            for j, port in enumerate(ports):
                errors += endpoint_port_errors(port, path.child("ports").index(j), named=len(ports) > 1)
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        # Subsets that stay as they are stay unquestioned.
        return [] if new.get("subsets") == old.get("subsets") else self.validate_create(new, ctx)

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return [
            warning
            for i, subset in enumerate(obj.get("subsets") or ())
            for field in ("addresses", "notReadyAddresses")
            for j, address in enumerate(subset.get(field) or ())
            for warning in ip_warnings(
                Path("subsets").index(i).child(field).index(j).child("ip"), address.get("ip", "")
            )
        ]

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return self.warn_create(new, ctx)


def shortened(words: list[str], total: int, *, empty: str) -> str:
    """The first three of a list, and how many more there are."""
    if not words:
        return empty
    shown = ",".join(words[:SHOWN])
    return f"{shown} + {total - SHOWN} more..." if total > SHOWN else shown


def _host_port(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def _endpoints(obj: Obj, now: int) -> str:
    if not obj.get("subsets"):
        return NONE
    words: list[str] = []
    for subset in obj["subsets"]:
        addresses = subset.get("addresses") or ()
        if not subset.get("ports"):
            words += [a.get("ip", "") for a in addresses]
            continue
        for port in subset["ports"]:
            words += [_host_port(a.get("ip", ""), port.get("port", 0)) for a in addresses]
    return shortened(words, len(words), empty="")


RESOURCE = Resource(
    group="",
    name="endpoints",
    kind="Endpoints",
    singular="endpoints",
    versions=(
        Version(
            name="v1",
            schema="io.k8s.api.core.v1.Endpoints",
            deprecation="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
        ),
    ),
    short_names=("ep",),
    list_kind="EndpointsList",
    strategy=EndpointsStrategy(),
    columns=(
        NAME,
        Column(
            name="Endpoints",
            description="The set of all endpoints is the union of all subsets. Addresses are placed into subsets"
            " according to the IPs they share. A single address with multiple ports, some of which are ready and some"
            " of which are not (because they come from different containers) will result in the address being displayed"
            " in different subsets for the different ports. No address will appear in both Addresses and"
            " NotReadyAddresses in the same subset. Sets of addresses and ports that comprise a service.",
            value=_endpoints,
        ),
        AGE,
    ),
)
