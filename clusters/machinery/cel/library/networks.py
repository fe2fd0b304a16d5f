"""IP addresses and ranges of them. Models: apiserver, pkg/cel/library/{ip,cidr}.go."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import BOOL, INT, STRING, Type
from clusters.machinery.cel.values import Opaque
from clusters.machinery.field import go_quote
from clusters.machinery.netip import NetipError, parse_addr, parse_prefix

LIBRARY = Library()
_function, _method = LIBRARY.function, LIBRARY.method
_IP, _CIDR = Type("net.IP"), Type("net.CIDR")


@dataclass(frozen=True, slots=True)
class Ip(Opaque):
    address: ipaddress.IPv4Address | ipaddress.IPv6Address

    type = _IP

    def __str__(self) -> str:
        return str(self.address)


@dataclass(frozen=True, slots=True)
class Cidr(Opaque):
    interface: ipaddress.IPv4Interface | ipaddress.IPv6Interface

    type = _CIDR

    def __str__(self) -> str:
        return self.interface.with_prefixlen


@_function("ip", [STRING], _IP)
def _ip(text: str) -> Ip:
    try:
        address, zone = parse_addr(text)
    except NetipError as error:
        why = f"IP Address {go_quote(text)} parse error during conversion from string: {error}"
        raise CelError(why) from None
    if zone:
        raise CelError(f"IP address {go_quote(text)} with zone value is not allowed")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise CelError(f"IPv4-mapped IPv6 address {go_quote(text)} is not allowed")
    return Ip(address)


_CONVERSION = "network address parse error during conversion from string: "


@_function("cidr", [STRING], _CIDR)
def _cidr(text: str) -> Cidr:
    try:
        address, _ = parse_prefix(text)
    except NetipError as error:
        # The real server says it twice.
        raise CelError(f"{_CONVERSION}{_CONVERSION}{error}") from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise CelError(f"{_CONVERSION}IPv4-mapped IPv6 address {go_quote(text)} is not allowed")
    return Cidr(ipaddress.ip_interface(text))


@_function("isIP", [STRING], BOOL)
def _is_ip(text: str) -> bool:
    try:
        _ip(text)
    except CelError:
        return False
    return True


@_function("isCIDR", [STRING], BOOL)
def _is_cidr(text: str) -> bool:
    try:
        _cidr(text)
    except CelError:
        return False
    return True


_function("ip.isCanonical", [STRING], BOOL)(lambda text: str(_ip(text)) == text)
_function("string", [_IP], STRING)(str)
_function("string", [_CIDR], STRING)(str)
_method("family", [_IP], INT)(lambda ip: ip.address.version)
_method("isUnspecified", [_IP], BOOL)(lambda ip: ip.address.is_unspecified)
_method("isLoopback", [_IP], BOOL)(lambda ip: ip.address.is_loopback)
_method("isLinkLocalUnicast", [_IP], BOOL)(lambda ip: ip.address.is_link_local)


def _link_local_multicast(ip: Ip) -> bool:
    networks = ("224.0.0.0/24", "ff02::/16")
    return any(ip.address in ipaddress.ip_network(n) for n in networks if ip.address.version == _version(n))


def _version(network: str) -> int:
    return 6 if ":" in network else 4


def _global_unicast(ip: Ip) -> bool:
    address = ip.address
    if address == ipaddress.ip_address("255.255.255.255"):
        return False
    return not (address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local)


_method("isLinkLocalMulticast", [_IP], BOOL)(_link_local_multicast)
_method("isGlobalUnicast", [_IP], BOOL)(_global_unicast)


def _contains(cidr: Cidr, ip: Ip) -> bool:
    return ip.address.version == cidr.interface.version and ip.address in cidr.interface.network


def _contains_cidr(outer: Cidr, inner: Cidr) -> bool:
    if outer.interface.version != inner.interface.version:
        return False
    one, other = outer.interface.network, inner.interface.network
    return one.prefixlen <= other.prefixlen and inner.interface.ip in one


_method("containsIP", [_CIDR, _IP], BOOL)(_contains)
_method("containsIP", [_CIDR, STRING], BOOL)(lambda cidr, text: _contains(cidr, _ip(text)))
_method("containsCIDR", [_CIDR, _CIDR], BOOL)(_contains_cidr)
_method("containsCIDR", [_CIDR, STRING], BOOL)(lambda cidr, text: _contains_cidr(cidr, _cidr(text)))
_method("ip", [_CIDR], _IP)(lambda cidr: Ip(cidr.interface.ip))
_method("prefixLength", [_CIDR], INT)(lambda cidr: cidr.interface.network.prefixlen)


@_method("masked", [_CIDR], _CIDR)
def _masked(cidr: Cidr) -> Cidr:
    network = cidr.interface.network
    return Cidr(ipaddress.ip_interface(f"{network.network_address}/{network.prefixlen}"))
