"""URLs. Models: apiserver, pkg/cel/library/urls.go."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.machinery import gourl
from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import BOOL, STRING, Type, list_of, map_of
from clusters.machinery.cel.values import Opaque

LIBRARY = Library()
_URL = Type("kubernetes.URL")


@dataclass(frozen=True, slots=True)
class UrlValue(Opaque):
    url: gourl.Url

    type = _URL

    def __str__(self) -> str:
        return self.url.text


def _parse(text: str) -> UrlValue:
    try:
        gourl.parse_request_uri(text)
        return UrlValue(gourl.parse(text))
    except gourl.UrlError as error:
        raise CelError(f"URL parse error during conversion from string: {error}") from None


def problem(text: str) -> str:
    """Why a text is no URL; "" if it is one."""
    try:
        gourl.parse_request_uri(text)
    except gourl.UrlError as error:
        return str(error)
    return ""


LIBRARY.function("url", [STRING], _URL)(_parse)
LIBRARY.function("isURL", [STRING], BOOL)(lambda text: not problem(text))
LIBRARY.method("getScheme", [_URL], STRING)(lambda value: value.url.scheme)
LIBRARY.method("getHost", [_URL], STRING)(lambda value: value.url.host)
LIBRARY.method("getHostname", [_URL], STRING)(lambda value: value.url.hostname())
LIBRARY.method("getPort", [_URL], STRING)(lambda value: value.url.port())
LIBRARY.method("getEscapedPath", [_URL], STRING)(lambda value: value.url.escaped_path())
LIBRARY.method("getQuery", [_URL], map_of(STRING, list_of(STRING)))(lambda value: value.url.query())
