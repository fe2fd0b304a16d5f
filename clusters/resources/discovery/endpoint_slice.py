"""EndpointSlice: some of a Service's endpoints. Models: kubernetes, registry/discovery and discovery validation."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    invalid,
    not_supported,
    required,
    too_many,
)
from clusters.machinery.names import dns1123_label, dns1123_subdomain, label_value, qualified_name
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import immutable_errors
from clusters.resources.common.net import fqdn_errors, ip_errors, ip_warnings, is_ipv6, non_special_ip_errors
from clusters.resources.core.endpoints import PROTOCOLS, shortened

ADDRESS_TYPES = frozenset({"IPv4", "IPv6", "FQDN"})
MAX_ENDPOINTS = 1000
MAX_ADDRESSES = 100
MAX_PORTS = 20_000
MAX_ZONE_HINTS = 8
MAX_NODE_HINTS = 8
UNSET = "<unset>"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")


class EndpointSliceStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("addressType", "")
        obj.setdefault("endpoints", None)
        obj.setdefault("ports", None)
        for port in obj["ports"] or ():
            port.setdefault("name", "")
            port.setdefault("protocol", "TCP")
        for endpoint in obj["endpoints"] or ():
            endpoint.setdefault("addresses", None)
            endpoint.setdefault("conditions", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        _drop_topology(obj)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _errors(obj, ())

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        old_fashioned = obj.get("addressType") == "FQDN"
        deprecated = ["spec.addressType: FQDN endpoints are deprecated"] if old_fashioned else []
        return deprecated + _ip_warnings(obj)

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return _ip_warnings(new)

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        """Labels say whose slice it is: changing them is a new generation, too."""
        if (new["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {}):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        _drop_topology(new)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        kept = {a for endpoint in old.get("endpoints") or () for a in endpoint.get("addresses") or ()}
        changed = immutable_errors(new.get("addressType"), old.get("addressType"), Path("addressType"))
        return _errors(new, kept) + changed


def _drop_topology(obj: Obj) -> None:
    """It is of v1beta1: nobody can write it any more."""
    for endpoint in obj.get("endpoints") or ():
        endpoint.pop("deprecatedTopology", None)


def _errors(obj: Obj, kept: Collection[str]) -> ErrorList:
    errors: ErrorList = []
    kind = obj.get("addressType", "")
    if not kind:
        errors.append(required(Path("addressType")))
    elif kind not in ADDRESS_TYPES:
        errors.append(not_supported(Path("addressType"), kind, ADDRESS_TYPES))
    errors += _port_errors(obj.get("ports") or (), Path("ports"))
    return errors + _endpoint_errors(obj.get("endpoints") or (), kind, kept, Path("endpoints"))


def _port_errors(ports: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    if len(ports) > MAX_PORTS:
        return [too_many(path, len(ports), MAX_PORTS)]
    names: set[str] = set()
    for i, port in enumerate(ports):
        at = path.index(i)
        name = port.get("name") or ""
        if name:
            errors += [invalid(at.child("name"), name, text) for text in dns1123_label(name)]
        if name in names:
            errors.append(duplicate(at.child("name"), name))
        names.add(name)
        if port.get("protocol") not in PROTOCOLS:
            errors.append(not_supported(at.child("protocol"), port.get("protocol"), PROTOCOLS))
        if port.get("appProtocol") is not None:
            words = port["appProtocol"]
            errors += [invalid(at.child("appProtocol"), words, text) for text in qualified_name(words)]
    return errors


def _endpoint_errors(endpoints: Sequence[Obj], kind: str, kept: Collection[str], path: Path) -> ErrorList:
    if len(endpoints) > MAX_ENDPOINTS:
        return [too_many(path, len(endpoints), MAX_ENDPOINTS)]
    errors: ErrorList = []
    for i, endpoint in enumerate(endpoints):
        at = path.index(i)
        errors += _address_errors(endpoint.get("addresses") or (), kind, kept, at.child("addresses"))
        if endpoint.get("nodeName") is not None:
            node = endpoint["nodeName"]
            errors += [invalid(at.child("nodeName"), node, text) for text in dns1123_subdomain(node)]
        if endpoint.get("hostname") is not None:
            hostname = endpoint["hostname"]
            errors += [invalid(at.child("hostname"), hostname, text) for text in dns1123_label(hostname)]
        if endpoint.get("hints") is not None:
            errors += _hint_errors(endpoint["hints"], at.child("hints"))
    return errors


def _address_errors(addresses: Sequence[str], kind: str, kept: Collection[str], path: Path) -> ErrorList:
    if not addresses:
        return [required(path, "must contain at least 1 address")]
    if len(addresses) > MAX_ADDRESSES:
        return [too_many(path, len(addresses), MAX_ADDRESSES)]
    errors: ErrorList = []
    for i, address in enumerate(addresses):
        at = path.index(i)
        if kind == "FQDN":
            errors += fqdn_errors(at, address)
            continue
        if kind not in ADDRESS_TYPES:
            continue
        wrong = ip_errors(at, address, kept=kept)
        errors += wrong
        if not wrong and is_ipv6(address) != (kind == "IPv6"):
            errors.append(invalid(path, address, f"must be an {kind} address"))
        errors += [] if wrong else non_special_ip_errors(at, address)
    return errors


def _hint_errors(hints: Obj, path: Path) -> ErrorList:
    for field, limit in (("forZones", MAX_ZONE_HINTS), ("forNodes", MAX_NODE_HINTS)):
        if len(hints.get(field) or ()) > limit:
            return [too_many(path.child(field), len(hints[field]), limit)]
    errors: ErrorList = []
    for field, check in (("forZones", label_value), ("forNodes", dns1123_subdomain)):
        seen: set[str] = set()
        for i, hint in enumerate(hints.get(field) or ()):
            at, name = path.child(field).index(i).child("name"), hint.get("name", "")
            if name in seen:
                errors.append(duplicate(at, name))
            seen.add(name)
            errors += [invalid(at, name, text) for text in check(name)]
    return errors


def _ip_warnings(obj: Obj) -> list[str]:
    """Our own controllers write addresses well."""
    if (obj["metadata"].get("labels") or {}).get(MANAGED_BY) in CONTROLLERS:
        return []
    return [
        warning
        for i, endpoint in enumerate(obj.get("endpoints") or ())
        for j, address in enumerate(endpoint.get("addresses") or ())
        for warning in ip_warnings(Path("endpoints").index(i).child("addresses").index(j), address)
    ]


def _ports(obj: Obj, now: int) -> str:
    words = []
    for port in obj.get("ports") or ():
        number, name = port.get("port"), port.get("name")
        words.append(str(number) if number is not None else name if name is not None else "*")
    return shortened(words, len(words), empty=UNSET)


def _endpoints(obj: Obj, now: int) -> str:
    words = [a for endpoint in obj.get("endpoints") or () for a in endpoint.get("addresses") or ()]
    return shortened(words, len(words), empty=UNSET)


RESOURCE = Resource(
    group="discovery.k8s.io",
    name="endpointslices",
    kind="EndpointSlice",
    singular="endpointslice",
    versions=(Version(name="v1", schema="io.k8s.api.discovery.v1.EndpointSlice"),),
    strategy=EndpointSliceStrategy(),
    columns=(
        NAME,
        Column(
            name="AddressType",
            description="addressType specifies the type of address carried by this EndpointSlice. All addresses in"
            " this slice must be the same type. This field is immutable after creation.",
            value=lambda obj, now: obj.get("addressType", ""),
        ),
        Column(
            name="Ports",
            description="ports specifies the list of network ports exposed by each endpoint in this slice. Each port"
            " must have a unique name. Each slice may include a maximum of 100 ports.",
            value=_ports,
        ),
        Column(
            name="Endpoints",
            description="endpoints is a list of unique endpoints in this slice. Each slice may include a maximum of"
            " 1000 endpoints.",
            value=_endpoints,
        ),
        AGE,
    ),
)
