"""What a request is about, read off its path: verb, group, version, resource, subresource, namespace, name.

Models: apiserver, pkg/endpoints/request/requestinfo.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from clusters.machinery import names
from clusters.machinery.errors import BadRequest
from clusters.machinery.selectors import ALL_FIELDS, FieldSelector, parse_field_selector

_VERBS = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_NAMESPACE_SUBRESOURCES = frozenset(("status", "finalize"))


@dataclass(slots=True)
class RequestInfo:
    """`resource` is empty for a request that is not about a resource (`/version`, discovery); then `path`
    and the lower-case HTTP method in `verb` are what authorization looks at."""

    path: str
    verb: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    rest: str = ""
    """What follows the subresource (the path of a proxied request)."""
    watch_path: bool = False
    """The deprecated `/api/v1/watch/...` form."""
    fields: FieldSelector = ALL_FIELDS
    """What a list, watch or deletion of many is narrowed to, as far as it can be read."""

    @property
    def named(self) -> str:
        """The one object that a request is about, be it by `fieldSelector=metadata.name=x`."""
        if self.name or self.verb not in ("list", "watch"):
            return self.name
        name = self.fields.exact("metadata.name") or ""
        return "" if names.path_segment_name(name) else name

    @property
    def is_resource(self) -> bool:
        return bool(self.resource)


def parse(method: str, path: str, query: str = "") -> RequestInfo:
    """The meaning of a request line. Never fails: what makes no sense is a non-resource request."""
    other = RequestInfo(path, method.lower())
    parts = path.strip("/").split("/")
    if len(parts) < 3:
        return other
    if parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return other
    info = RequestInfo(path, _VERBS.get(method, ""), group, version)
    if rest[0] == "watch":
        info.watch_path = True
        rest = rest[1:]
        if not rest:
            return other
    if rest[0] == "namespaces":
        if len(rest) > 1:
            info.namespace = rest[1]
            # A namespace of its own, or something in it?
            if len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
                rest = rest[2:]
    info.resource = rest[0]
    if len(rest) > 1:
        info.name = rest[1]
    if len(rest) > 2:
        info.subresource = rest[2]
        info.rest = "/".join(rest[3:])
    if not info.resource:
        return other
    if not info.name:
        if info.verb == "get":
            info.verb = "watch" if info.watch_path or _wants_watch(query) else "list"
        elif info.verb == "delete":
            info.verb = "deletecollection"
        if "fieldSelector=" in query and info.verb in ("list", "watch", "deletecollection"):
            info.fields = _fields(query)
    elif info.verb == "get" and info.watch_path:
        info.verb = "watch"
    return info


def _fields(query: str) -> FieldSelector:
    given = parse_qs(query, keep_blank_values=True).get("fieldSelector", [""])[0]
    try:
        return parse_field_selector(given)
    except BadRequest:
        return ALL_FIELDS


def _wants_watch(query: str) -> bool:
    """`watch=true`, `watch=1`, `watch` alone; `false` and `0` are not."""
    if "watch" not in query:
        return False
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if key == "watch":
            return value.lower() not in ("false", "0")
    return False
