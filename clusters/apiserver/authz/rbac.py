"""RBAC: roles and bindings, indexed by subject, kept until one of them changes.

Models: kubernetes, plugin/pkg/auth/authorizer/rbac and pkg/registry/rbac/validation/rule.go.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clusters.apiserver.authz.attributes import Attributes, Decision
from clusters.apiserver.authz.rules import Rule, allows
from clusters.machinery.errors import aggregate
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.cache import Change, WatchCache

GROUP = "rbac.authorization.k8s.io"
_PREFIXES = {
    "roles": f"{GROUP}/roles/",
    "clusterroles": f"{GROUP}/clusterroles/",
    "rolebindings": f"{GROUP}/rolebindings/",
    "clusterrolebindings": f"{GROUP}/clusterrolebindings/",
}
_ALL = frozenset(_PREFIXES.values())
_SERVICE_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Grant:
    """One role through one binding for one subject. `missing` is set if there is no such role."""

    why: str
    rules: tuple[Rule, ...]
    missing: str = ""
    binding: str = ""
    position: int = 0
    """Where in its binding the subject stands: of several that a user is, the first one counts."""


class _Index:
    """Grants by subject: of the whole cluster, and by namespace."""

    def __init__(self, cache: WatchCache) -> None:
        self.roles: dict[tuple[str, str], Obj] = {}
        self.cluster_roles: dict[str, Obj] = {}
        self.everywhere: dict[str, list[Grant]] = {}
        self.inside: dict[str, dict[str, list[Grant]]] = {}
        for item in cache.bucket(_PREFIXES["roles"]).range(_PREFIXES["roles"]):
            meta = item.obj["metadata"]
            self.roles[meta["namespace"], meta["name"]] = item.obj
        for item in cache.bucket(_PREFIXES["clusterroles"]).range(_PREFIXES["clusterroles"]):
            self.cluster_roles[item.obj["metadata"]["name"]] = item.obj
        for item in cache.bucket(_PREFIXES["clusterrolebindings"]).range(_PREFIXES["clusterrolebindings"]):
            self._bind(item.obj, self.everywhere, "")
        for item in cache.bucket(_PREFIXES["rolebindings"]).range(_PREFIXES["rolebindings"]):
            namespace = item.obj["metadata"]["namespace"]
            self._bind(item.obj, self.inside.setdefault(namespace, {}), namespace)

    def _bind(self, binding: Obj, into: dict[str, list[Grant]], namespace: str) -> None:
        ref = binding.get("roleRef") or {}
        role = self.role(ref, namespace)
        missing = ""
        if role is None:
            kind = str(ref.get("kind", "")).lower()
            missing = f'{kind}.{GROUP} "{ref.get("name", "")}" not found'
        rules = tuple(role.get("rules") or ()) if role is not None else ()
        name = binding["metadata"]["name"]
        for position, subject in enumerate(binding.get("subjects") or ()):
            key = subject_key(subject, namespace)
            if not key:
                continue
            if namespace:
                what = f'RoleBinding "{name}/{namespace}"'
            else:
                what = f'ClusterRoleBinding "{name}"'
            why = (
                f'RBAC: allowed by {what} of {ref.get("kind", "")} "{ref.get("name", "")}" '
                f"to {_describe(subject, namespace)}"
            )
            into.setdefault(key, []).append(Grant(why, rules, missing, name, position))

    def role(self, ref: Obj, namespace: str) -> Obj | None:
        if ref.get("kind") == "Role":
            return self.roles.get((namespace, str(ref.get("name", ""))))
        return self.cluster_roles.get(str(ref.get("name", "")))


def subject_key(subject: Obj, namespace: str) -> str:
    """How the index finds a subject; "" for one that nobody can be."""
    kind, name = subject.get("kind"), str(subject.get("name", ""))
    if kind == "User":
        return "u:" + name
    if kind == "Group":
        return "g:" + name
    if kind == "ServiceAccount":
        at = subject.get("namespace") or namespace
        return f"u:{_SERVICE_ACCOUNT}{at}:{name}" if at else ""
    return ""


def _describe(subject: Obj, namespace: str) -> str:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "ServiceAccount":
        return f'{kind} "{name}/{subject.get("namespace") or namespace}"'
    return f'{kind} "{name}"'


def _once(grants: dict[str, list[Grant]], keys: Sequence[str]) -> Iterator[Grant]:
    """The grants of any of the keys in the order of their bindings' names, one for each binding."""
    found: dict[str, Grant] = {}
    for key in keys:
        for grant in grants.get(key, ()):
            known = found.get(grant.binding)
            if known is None or grant.position < known.position:
                found[grant.binding] = grant
    for name in sorted(found):
        yield found[name]


class RbacAuthorizer:
    """Evaluates RBAC over the cache's roles and bindings."""

    def __init__(self, cache: WatchCache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._index: _Index | None = None
        self._unsubscribe = cache.subscribe(self._changed)

    def _changed(self, changes: Sequence[Change]) -> None:
        if self._index is not None and any(c.prefix in _ALL for c in changes):
            self._index = None

    def close(self) -> None:
        self._unsubscribe()

    def index(self) -> _Index:
        index = self._index
        if index is None:
            with self._cache.lock:
                index = self._index = _Index(self._cache)
        return index

    def grants(self, user: UserInfo, namespace: str) -> Iterator[Grant]:
        """What the user was given, cluster-wide grants first, each binding once."""
        index = self.index()
        keys = ("u:" + user.name, *("g:" + g for g in user.groups))
        yield from _once(index.everywhere, keys)
        inside = index.inside.get(namespace) if namespace else None
        if inside:
            yield from _once(inside, keys)

    def authorize(self, attrs: Attributes) -> Decision:
        """Allowed by some rule, or no opinion, with what went wrong."""
        problems: list[str] = []
        for grant in self.grants(attrs.user, attrs.namespace):
            if grant.missing:
                problems.append(grant.missing)
                continue
            for rule in grant.rules:
                if allows(rule, attrs):
                    return Decision(True, grant.why)
        if problems:
            return Decision(False, f"RBAC: {aggregate(problems)}")
        return Decision(False)

    def rules_for(self, user: UserInfo, namespace: str) -> tuple[list[Rule], list[str]]:
        """All rules that the user has there, and the problems met on the way."""
        rules: list[Rule] = []
        problems: list[str] = []
        for grant in self.grants(user, namespace):
            if grant.missing:
                problems.append(grant.missing)
            rules.extend(grant.rules)
        return rules, problems

    def role_rules(self, ref: Obj, namespace: str) -> list[Rule] | None:
        """The rules that a roleRef stands for; None if there is no such role."""
        role = self.index().role(ref, namespace)
        return list(role.get("rules") or ()) if role is not None else None
