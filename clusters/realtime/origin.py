"""Whether a request that comes with a browser's cookies comes from a page of ours."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host


def own_host(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """The host that was asked for is one of ours. A name that somebody else lets point here is none (DNS rebinding):
    a page of that name would pass for our own origin."""
    return validate_host(split_domain_port(_header(headers, b"host"))[0], settings.ALLOWED_HOSTS)


def same_origin(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """The host is ours, and so is the page that asks. A browser says where a page is from; tools that say nothing
    carry no stranger's cookies."""
    headers = list(headers)
    if not own_host(headers):
        return False
    origin = _header(headers, b"origin")
    if not origin or origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == _header(headers, b"host").lower()


def _header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in headers if name == wanted), "")
