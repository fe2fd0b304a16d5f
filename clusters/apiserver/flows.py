"""Which flow schema and priority level a request falls under; answers name both, though nobody waits for their turn.

Models: apiserver, pkg/util/flowcontrol/rule.go and pkg/server/filters/priority-and-fairness.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.apiserver.http import Header
from clusters.apiserver.requestinfo import RequestInfo
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.cache import Change, WatchCache

SCHEMA_HEADER = "X-Kubernetes-Pf-Flowschema-Uid"
LEVEL_HEADER = "X-Kubernetes-Pf-Prioritylevel-Uid"
_GROUP = "flowcontrol.apiserver.k8s.io"
_SCHEMAS = f"{_GROUP}/flowschemas/"
_LEVELS = f"{_GROUP}/prioritylevelconfigurations/"
_ACCOUNT = "system:serviceaccount:"
_REMEMBERED = 4096

Headers = tuple[Header, ...]


class Flows:
    """Classifies requests by the flow schemas that there are."""

    def __init__(self, cache: WatchCache) -> None:
        self._cache = cache
        self._known: _Known | None = None
        cache.subscribe(self._changed)

    def _changed(self, changes: Sequence[Change]) -> None:
        if self._known is not None and any(c.prefix in (_SCHEMAS, _LEVELS) for c in changes):
            self._known = None

    def headers(self, user: UserInfo, info: RequestInfo) -> Headers:
        """What the answer says of the request's class; nothing if no schema is for it."""
        known = self._known
        if known is None:
            with self._cache.lock:
                known = self._known = _Known(self._cache)
        place = info.namespace if info.resource else info.path
        key = (user.name, user.groups, info.verb, info.resource, info.subresource, info.group, place)
        found = known.found.get(key)
        if found is None:
            if len(known.found) >= _REMEMBERED:
                known.found.clear()
            found = known.found[key] = known.classify(user, info)
        return found


class _Known:
    """The schemas in the order in which they are asked, and what they answered."""

    def __init__(self, cache: WatchCache) -> None:
        levels = {i.obj["metadata"]["name"]: i.obj for i in cache.bucket(_LEVELS).range(_LEVELS)}
        schemas = [i.obj for i in cache.bucket(_SCHEMAS).range(_SCHEMAS)]
        schemas.sort(key=lambda s: (s["spec"].get("matchingPrecedence", 0), s["metadata"]["name"]))
        self._schemas: list[tuple[list[Obj], Headers]] = []
        for schema in schemas:
            level = levels.get(schema["spec"]["priorityLevelConfiguration"]["name"])
            if level is not None:
                uids = (SCHEMA_HEADER, schema["metadata"]["uid"]), (LEVEL_HEADER, level["metadata"]["uid"])
                self._schemas.append((schema["spec"].get("rules") or [], uids))
        self.found: dict[Any, Headers] = {}

    def classify(self, user: UserInfo, info: RequestInfo) -> Headers:
        resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
        for rules, uids in self._schemas:
            if any(_matches(rule, user, info, resource) for rule in rules):
                return uids
        return ()


def _matches(rule: Obj, user: UserInfo, info: RequestInfo, resource: str) -> bool:
    if not any(_is_subject(subject, user) for subject in rule.get("subjects") or ()):
        return False
    if resource:
        return any(_on_resource(r, info, resource) for r in rule.get("resourceRules") or ())
    return any(_on_path(r, info) for r in rule.get("nonResourceRules") or ())


def _is_subject(subject: Obj, user: UserInfo) -> bool:
    kind = subject.get("kind")
    if kind == "User":
        return subject["user"]["name"] in ("*", user.name)
    if kind == "Group":
        name = subject["group"]["name"]
        return name == "*" or name in user.groups
    if kind == "ServiceAccount":
        account = subject["serviceAccount"]
        space = f"{_ACCOUNT}{account['namespace']}:"
        return user.name.startswith(space) and account["name"] in ("*", user.name[len(space) :])
    return False


def _has(values: Sequence[str] | None, value: str) -> bool:
    return values is not None and ("*" in values or value in values)


def _on_resource(rule: Obj, info: RequestInfo, resource: str) -> bool:
    if not (_has(rule.get("verbs"), info.verb) and _has(rule.get("apiGroups"), info.group)):
        return False
    if not _has(rule.get("resources"), resource):
        return False
    if not info.namespace:
        return bool(rule.get("clusterScope"))
    return _has(rule.get("namespaces"), info.namespace)


def _on_path(rule: Obj, info: RequestInfo) -> bool:
    if not _has(rule.get("verbs"), info.verb):
        return False
    for url in rule.get("nonResourceURLs") or ():
        if url in ("*", info.path) or (url.endswith("*") and info.path.startswith(url[:-1])):
            return True
    return False


__all__ = ["LEVEL_HEADER", "SCHEMA_HEADER", "Flows"]
