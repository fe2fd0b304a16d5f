"""Addresses and prefixes as Go reads them, with what it says of those that are none.

Models: Go, net/netip (ParseAddr, ParsePrefix).
"""

from __future__ import annotations

import ipaddress
import re

from clusters.machinery.field import go_quote

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_hex_digits = re.compile(r"[0-9a-fA-F]*").match


class NetipError(ValueError):
    """Not an address; the text is Go's."""


def parse_addr(text: str) -> tuple[Address, str]:
    """The address and its zone. Raises NetipError."""
    for char in text:
        if char == ".":
            _ipv4(text, text)
            return ipaddress.IPv4Address(text), ""
        if char == ":":
            return _ipv6(text)
        if char == "%":
            raise _wrong(text, "missing IPv6 address")
    raise _wrong(text, "unable to parse IP")


def parse_prefix(text: str) -> tuple[Address, int]:
    """The address and the bits of its network. Raises NetipError."""
    address, slash, bits = text.rpartition("/")
    if not slash:
        raise _wrong_prefix(text, "no '/'")
    try:
        found, zone = parse_addr(address)
    except NetipError as error:
        raise _wrong_prefix(text, str(error)) from None
    if zone:
        raise _wrong_prefix(text, "IPv6 zones cannot be present in a prefix")
    if not re.fullmatch(r"[0-9]|[1-9][0-9]{1,17}", bits):
        raise _wrong_prefix(text, f"bad bits after slash: {go_quote(bits)}")
    if int(bits) > found.max_prefixlen:
        raise _wrong_prefix(text, "prefix length out of range")
    return found, int(bits)


def _wrong(text: str, why: str, at: str = "") -> NetipError:
    where = f" (at {go_quote(at)})" if at else ""
    return NetipError(f"ParseAddr({go_quote(text)}): {why}{where}")


def _wrong_prefix(text: str, why: str) -> NetipError:
    return NetipError(f"netip.ParsePrefix({go_quote(text)}): {why}")


def _ipv4(whole: str, text: str) -> None:
    """Raises NetipError; `text` is the part of the whole that should be an IPv4 address."""
    field, fields = "", 1
    for i, char in enumerate(text):
        if char == ".":
            if i in (0, len(text) - 1) or text[i - 1] == ".":
                raise _wrong(whole, "IPv4 field must have at least one digit", text[i:])
            if fields == 4:
                raise _wrong(whole, "IPv4 address too long")
            field, fields = "", fields + 1
        elif not ("0" <= char <= "9"):
            raise _wrong(whole, "unexpected character", text[i:])
        elif field == "0":
            raise _wrong(whole, "IPv4 field has octet with leading zero")
        else:
            field += char
            if int(field) > 255:
                raise _wrong(whole, "IPv4 field has value >255")
    if fields < 4:
        raise _wrong(whole, "IPv4 address too short")


def _ipv6(whole: str) -> tuple[Address, str]:
    text, percent, zone = whole.partition("%")
    if percent and not zone:
        raise _wrong(whole, "zone must be a non-empty string")
    rest, used = text, 0
    ellipsis = text.startswith("::")
    if ellipsis:
        rest = text[2:]
    while used < 16 and (rest or not (ellipsis and used == 0)):
        digits = _hex_digits(rest)
        assert digits is not None
        size = digits.end()
        if size > 4:
            raise _wrong(whole, "each group must have 4 or less digits", rest)
        if not size:
            raise _wrong(whole, "each colon-separated field must have at least one digit", rest)
        if rest[size : size + 1] == ".":
            if not ellipsis and used != 12:
                why = "embedded IPv4 address must replace the final 2 fields of the address"
                raise _wrong(whole, why, rest)
            if used > 12:
                why = "too many hex fields to fit an embedded IPv4 at the end of the address"
                raise _wrong(whole, why, rest)
            _ipv4(whole, rest)
            rest, used = "", used + 4
            break
        used += 2
        rest = rest[size:]
        if not rest:
            break
        if rest[0] != ":":
            raise _wrong(whole, "unexpected character, want colon", rest)
        if rest == ":":
            raise _wrong(whole, "colon must be followed by more characters", rest)
        rest = rest[1:]
        if rest[0] == ":":
            if ellipsis:
                raise _wrong(whole, "multiple :: in address", rest)
            ellipsis = True
            rest = rest[1:]
            if not rest:
                break
    if rest:
        raise _wrong(whole, "trailing garbage after address", rest)
    if used < 16 and not ellipsis:
        raise _wrong(whole, "address string too short")
    if used == 16 and ellipsis:
        raise _wrong(whole, "the :: must expand to at least one field of zeros")
    return ipaddress.IPv6Address(text), zone
