"""IP addresses and CIDRs in API fields: parsing as lenient as Go's, and the server's messages.

Since 1.36 ambiguous forms (leading zeros, IPv4-mapped IPv6, host bits beyond the prefix) are refused, but a value
that the stored object already has may stay. Models: apimachinery, util/validation/ip.go; core ValidateNonSpecialIP.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from functools import lru_cache

from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.names import dns1123_label, dns1123_subdomain

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

BAD_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
BAD_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"

_QUAD = re.compile(r"\d{1,3}(\.\d{1,3}){3}", re.ASCII).fullmatch


@lru_cache(maxsize=16384)
def parse_ip(text: str) -> Address | None:
    """As Go's ParseIPSloppy: decimal octets may have leading zeros, zones are refused."""
    if "%" in text:
        return None
    head, colon, quad = text.rpartition(":")
    if _QUAD(quad):
        quad = ".".join(str(int(part)) for part in quad.split("."))
        text = head + colon + quad
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def parse_cidr(text: str) -> tuple[Address, Network] | None:
    """The address and the network of `10.1.2.3/24`; None if it is neither."""
    head, slash, tail = text.partition("/")
    address = parse_ip(head)
    if not slash or address is None or not tail.isascii() or not tail.isdigit():
        return None
    if int(tail) > address.max_prefixlen:
        return None
    return address, ipaddress.ip_network((address, int(tail)), strict=False)


def _mapped(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None


def _leading_zeros(text: str) -> bool:
    quad = text.rpartition(":")[2]
    return "." in quad and any(len(part) > 1 and part[0] == "0" for part in quad.split("."))


def ip_errors(path: Path, text: str, *, kept: Collection[str] = ()) -> ErrorList:
    """A field that holds an address since before the strict rules; `kept` are values of the stored object."""
    if text in kept:
        return []
    address = parse_ip(text)
    if address is None:
        return [invalid(path, text, BAD_IP)]
    if _leading_zeros(text):
        return [invalid(path, text, "must not have leading 0s")]
    if _mapped(address):
        return [invalid(path, text, "must not be an IPv4-mapped IPv6 address")]
    return []


def cidr_errors(path: Path, text: str, *, kept: Collection[str] = ()) -> ErrorList:
    """A field that holds a CIDR since before the strict rules; `kept` are values of the stored object."""
    if text in kept:
        return []
    parsed = parse_cidr(text)
    if parsed is None:
        return [invalid(path, text, BAD_CIDR)]
    address, network = parsed
    head, _, tail = text.partition("/")
    if _leading_zeros(head) or (len(tail) > 1 and tail[0] == "0"):
        return [invalid(path, text, "must not have leading 0s in IP or prefix length")]
    if _mapped(address):
        return [invalid(path, text, "must not have an IPv4-mapped IPv6 address")]
    if address != network.network_address:
        return [invalid(path, text, "must not have bits set beyond the prefix length")]
    return []


def canonical_ip_errors(path: Path, text: str) -> ErrorList:
    """Fields of newer kinds: the address in its one canonical form."""
    address = parse_ip(text)
    if address is None:
        return [invalid(path, text, BAD_IP)]
    canonical = str((isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address)
    return [] if text == canonical else [invalid(path, text, f'must be in canonical form ("{canonical}")')]


def canonical_cidr_errors(path: Path, text: str) -> ErrorList:
    """Fields of newer kinds: the CIDR in its one canonical form."""
    errors = cidr_errors(path, text)
    if errors:
        return errors
    parsed = parse_cidr(text)
    assert parsed is not None
    canonical = str(parsed[1])
    return [] if text == canonical else [invalid(path, text, f'must be in canonical form ("{canonical}")')]


def non_special_ip_errors(path: Path, text: str) -> ErrorList:
    """Addresses of endpoints and external IPs: not unspecified, loopback or link-local."""
    address = parse_ip(text)
    if address is None:
        return [invalid(path, text, "must be a valid IP address")]
    errors: ErrorList = []
    if address.is_unspecified:
        errors.append(invalid(path, text, f"may not be unspecified ({text})"))
    if address.is_loopback:
        errors.append(invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if address.is_link_local:
        errors.append(invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if _link_local_multicast(address):
        errors.append(invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"))
    return errors


def _link_local_multicast(address: Address) -> bool:
    packed = address.packed
    if address.version == 4:
        return packed[:3] == b"\xe0\x00\x00"
    return packed[0] == 0xFF and packed[1] & 0x0F == 0x02


def fqdn_errors(path: Path, name: str) -> ErrorList:
    """A name of at least two labels; it may end in a dot."""
    if not name:
        return [required(path)]
    name = name.removesuffix(".")
    if wrong := dns1123_subdomain(name):
        return [invalid(path, name, ",".join(wrong))]
    labels = name.split(".")
    if len(labels) == 1:
        return [invalid(path, name, "should be a domain with at least two segments separated by dots")]
    wrongs = ((label, dns1123_label(label)) for label in labels)
    return next(([invalid(path, label, ",".join(wrong))] for label, wrong in wrongs if wrong), [])


def is_ipv6(text: str) -> bool:
    address = parse_ip(text)
    return address is not None and address.version == 6


def dual_stack(texts: Collection[str]) -> bool:
    """At least one address (or CIDR) of each family."""
    families = {is_ipv6(text.partition("/")[0]) for text in texts}
    return len(families) == 2


def ip_warnings(path: Path, text: str) -> list[str]:
    """What a client is told of an accepted address in an unusual form."""
    address = parse_ip(text)
    if address is None:
        return []
    if _leading_zeros(text) or _mapped(address):
        plain = (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address
        return [
            f'{path}: non-standard IP address "{text}" will be considered invalid in a future Kubernetes release:'
            f' use "{plain}"'
        ]
    if address.version == 6 and str(address) != text:
        return [f'{path}: IPv6 address "{text}" should be in RFC 5952 canonical format ("{address}")']
    return []


def cidr_warnings(path: Path, text: str) -> list[str]:
    parsed = parse_cidr(text)
    if parsed is None:
        return []
    address, network = parsed
    if address != network.network_address:
        return [
            f'{path}: CIDR value "{text}" is ambiguous in this context (should be "{network}" or'
            f' "{address}/{address.max_prefixlen}"?)'
        ]
    if address.version == 6 and str(network) != text:
        return [f'{path}: IPv6 CIDR value "{text}" should be in RFC 5952 canonical format ("{network}")']
    return []
