"""URLs. Models: apiserver, pkg/cel/library/urls.go."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit

from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import BOOL, STRING, Type, list_of, map_of
from clusters.machinery.cel.values import Opaque

LIBRARY = Library()
_URL = Type("kubernetes.URL")


@dataclass(frozen=True, slots=True)
class Url(Opaque):
    text: str
    scheme: str
    host: str
    path: str
    query: str

    type = _URL

    def __str__(self) -> str:
        return self.text


def _parse(text: str) -> Url:
    bad = CelError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    if any(c <= " " or c == "\x7f" for c in text):
        raise bad
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise bad from None
    if not (parts.scheme or text.startswith("/")):
        raise bad
    return Url(text, parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query)


def _is_url(text: str) -> bool:
    try:
        _parse(text)
    except CelError:
        return False
    return True


def _hostname(url: Url) -> str:
    if url.host.startswith("["):
        return url.host[1:].partition("]")[0]
    return url.host.partition(":")[0]


def _port(url: Url) -> str:
    rest = url.host.rpartition("]")[2] if url.host.startswith("[") else url.host
    return rest.partition(":")[2]


LIBRARY.function("url", [STRING], _URL)(_parse)
LIBRARY.function("isURL", [STRING], BOOL)(_is_url)
LIBRARY.method("getScheme", [_URL], STRING)(lambda url: url.scheme)
LIBRARY.method("getHost", [_URL], STRING)(lambda url: url.host)
LIBRARY.method("getHostname", [_URL], STRING)(_hostname)
LIBRARY.method("getPort", [_URL], STRING)(_port)
LIBRARY.method("getEscapedPath", [_URL], STRING)(lambda url: quote(unquote(url.path), safe="/:@!$&'()*+,;=~-._"))
LIBRARY.method("getQuery", [_URL], map_of(STRING, list_of(STRING)))(
    lambda url: parse_qs(url.query, keep_blank_values=True)
)
