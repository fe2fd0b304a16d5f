"""Formats in the schemas of custom resources: those of strings that are not listed are not checked.

Models: kube-openapi, pkg/validation/strfmt; apiextensions-apiserver, pkg/apiserver/validation/formats.go.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import date
from email.utils import parseaddr

from clusters.machinery.names import dns1123_subdomain
from clusters.machinery.regex import compile_pattern

_HEX = "[0-9a-f]"


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = compile_pattern(pattern)
    return lambda text: compiled.search(text) is not None


def _uuid(third: str, fourth: str) -> Callable[[str], bool]:
    return _matches(f"(?i)^{_HEX}{{8}}-?{_HEX}{{4}}-?{third}-?{fourth}-?{_HEX}{{12}}$")


_ANY = f"{_HEX}{{4}}"
_VARIANT = f"[89ab]{_HEX}{{3}}"
_hostname = _matches(
    r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}"
    r"[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z0-9\p{S}\p{L}])(-?[a-zA-Z0-9\p{S}\p{L}]){1,62})$"
)
_date_time = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII
).fullmatch
_base64 = _matches(r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$")
_uri = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:[^\s]+|/[^\s]*)").fullmatch
_duration = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)").match
_go_duration = re.compile(r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|[+-]?0").fullmatch
_word_duration = re.compile(
    r"\s*(\d+)\s*(ns|nanos?|nanoseconds?|us|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|"
    r"minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)\s*"
).fullmatch


def is_date(text: str) -> bool:
    if len(text) != 10:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_date_time(text: str) -> bool:
    found = _date_time(text)
    if found is None or not is_date(text[:10]):
        return False
    hour, minute, second = (int(found.group(i)) for i in (4, 5, 6))
    return hour < 24 and minute < 60 and second < 60


def is_duration(text: str) -> bool:
    return _go_duration(text) is not None or _word_duration(text) is not None


def _ip(version: int) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version
        except ValueError:
            return False

    return check


def _is_cidr(text: str) -> bool:
    if "/" not in text or not text.rpartition("/")[2].isdigit():
        return False
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True


def _is_email(text: str) -> bool:
    if any(c in text for c in "\r\n"):
        return False
    address = parseaddr(text)[1]
    local, found, domain = address.rpartition("@")
    return bool(found and local and domain) and " " not in domain and ".." not in address


def _is_hostname(text: str) -> bool:
    return _hostname(text) and len(text) <= 255 and all(len(part) <= 63 for part in text.split("."))


def _is_isbn10(text: str) -> bool:
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"\d{9}[\dX]", digits, re.ASCII):
        return False
    total = sum((i + 1) * (10 if d == "X" else int(d)) for i, d in enumerate(digits))
    return total % 11 == 0


def _is_isbn13(text: str) -> bool:
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"\d{13}", digits, re.ASCII):
        return False
    return sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10 == 0


def _is_credit_card(text: str) -> bool:
    digits = re.sub(r"[^0-9]+", "", text)
    if not 13 <= len(digits) <= 19:
        return False
    total = 0
    for i, char in enumerate(reversed(digits)):
        value = int(char) * (2 if i % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


_short_name = _matches("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")

FORMATS: dict[str, Callable[[str], bool]] = {
    "bsonobjectid": _matches("^[0-9a-fA-F]{24}$"),
    "uri": lambda text: _uri(text) is not None,
    "email": _is_email,
    "hostname": _is_hostname,
    "ipv4": _ip(4),
    "ipv6": _ip(6),
    "cidr": _is_cidr,
    "mac": _matches("^([0-9A-Fa-f]{2}([:-])){5}[0-9A-Fa-f]{2}$|^([0-9A-Fa-f]{4}\\.){2}[0-9A-Fa-f]{4}$"),
    "uuid": _uuid(_ANY, _ANY),
    "uuid3": _uuid(f"3{_HEX}{{3}}", _ANY),
    "uuid4": _uuid(f"4{_HEX}{{3}}", _VARIANT),
    "uuid5": _uuid(f"5{_HEX}{{3}}", _VARIANT),
    "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "creditcard": _is_credit_card,
    "ssn": _matches(r"^\d{3}[- ]?\d{2}[- ]?\d{4}$"),
    "hexcolor": _matches("^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"),
    "rgbcolor": _matches(
        r"^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,"
        r"\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$"
    ),
    "byte": _base64,
    "password": lambda _text: True,
    "date": is_date,
    "duration": is_duration,
    "date-time": is_date_time,
    "datetime": is_date_time,
    "k8s-short-name": _short_name,
    "k8s-long-name": lambda text: not dns1123_subdomain(text),
}

_OF_NUMBERS = {"integer": frozenset({"int32", "int64"}), "number": frozenset({"float", "double"})}
_OF_STRINGS = frozenset(name.replace("-", "") for name in (*FORMATS, "quantity"))


def is_recognized(kind: str, form: str) -> bool:
    """Whether the format says anything of a value of the type; hyphens in the names of strings' do not count."""
    if kind in ("", "string"):
        return form.replace("-", "") in _OF_STRINGS
    return form in _OF_NUMBERS.get(kind, ())
