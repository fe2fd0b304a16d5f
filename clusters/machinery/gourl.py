"""URLs as Go reads them, with what it says of those that are none.

Models: Go, net/url (Parse, ParseRequestURI, EscapedPath, Query).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from clusters.machinery.field import go_quote

_scheme = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:").match
_escape = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}", re.DOTALL).search
_port = re.compile(r":[0-9]*").fullmatch
_userinfo = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*").fullmatch
_strange_host = re.compile(r"[\x00-\x20#/?@\\^`{|}%\x7f]").search
_KEPT = "$&+,/:;=@-_.~"
_encoded = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@\[\]%/]*").fullmatch


class UrlError(ValueError):
    """Not a URL; the text is Go's."""


@dataclass(frozen=True, slots=True)
class Url:
    text: str
    scheme: str = ""
    opaque: str = ""
    host: str = ""
    raw_path: str = ""
    raw_query: str = ""

    def hostname(self) -> str:
        if self.host.startswith("["):
            return self.host[1:].partition("]")[0]
        head, colon, port = self.host.rpartition(":")
        return head if colon and _port(f":{port}") else self.host

    def port(self) -> str:
        tail = self.host.rpartition("]")[2] if self.host.startswith("[") else self.host
        _, colon, port = tail.rpartition(":")
        return port if colon and _port(f":{port}") else ""

    def escaped_path(self) -> str:
        if _encoded(self.raw_path):
            return self.raw_path
        return quote(unquote(self.raw_path, errors="surrogateescape"), safe=_KEPT, errors="surrogateescape")

    def query(self) -> dict[str, list[str]]:
        """What is malformed is left out."""
        out: dict[str, list[str]] = {}
        for part in self.raw_query.split("&"):
            if not part or ";" in part or _escape(part):
                continue
            key, _, value = part.partition("=")
            out.setdefault(_plain(key), []).append(_plain(value))
        return out


def _plain(text: str) -> str:
    return unquote(text.replace("+", " "), errors="replace")


def parse_request_uri(text: str) -> Url:
    """An absolute URL or an absolute path. Raises UrlError."""
    return _parse(text, text, request=True)


def parse(text: str) -> Url:
    """Any URL; its fragment is dropped. Raises UrlError."""
    return _parse(text, text.partition("#")[0], request=False)


def _parse(whole: str, text: str, *, request: bool) -> Url:
    def wrong(why: str) -> UrlError:
        return UrlError(f"parse {go_quote(whole)}: {why}")

    if re.search(r"[\x00-\x1f\x7f]", text):
        raise wrong("net/url: invalid control character in URL")
    if not text and request:
        raise wrong("empty url")
    if text == "*":
        return Url(whole, raw_path="*")
    if text.startswith(":"):
        raise wrong("missing protocol scheme")
    found = _scheme(text)
    scheme = text[: found.end() - 1].lower() if found else ""
    rest = text[found.end() :] if found else text
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return Url(whole, scheme, opaque=rest, raw_query=query)
        if request:
            raise wrong("invalid URI for request")
        if ":" in rest.partition("/")[0]:
            raise wrong("first path segment in URL cannot contain colon")
    host = ""
    if (scheme or (not request and not rest.startswith("///"))) and rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        user, at, host = authority.rpartition("@")
        if problem := _host_problem(host):
            raise wrong(problem)
        if at and not _userinfo(user):
            raise wrong("net/url: invalid userinfo")
        host = unquote(host)
    if bad := _escape(rest):
        raise wrong(f"invalid URL escape {go_quote(bad.group())}")
    return Url(whole, scheme, "", host, rest, query)


def _host_problem(host: str) -> str:
    if host.startswith("["):
        inner, bracket, port = host.rpartition("]")
        if not bracket:
            return "missing ']' in host"
        if port and not _port(port):
            return f"invalid port {go_quote(port)} after host"
        host = inner[1:].partition("%25")[0]
    else:
        head, colon, port = host.rpartition(":")
        if colon and not _port(f":{port}"):
            return f"invalid port {go_quote(f':{port}')} after host"
        host = head if colon else host
    if found := _escape(host):
        return f"invalid URL escape {go_quote(found.group())}"
    if found := _strange_host(re.sub("%[89a-fA-F][0-9a-fA-F]", "", host)):
        if found.group() == "%":
            return f"invalid URL escape {go_quote(host[host.index('%') :][:3])}"
        return f"invalid character {go_quote(found.group())} in host name"
    return ""
