"""Whether the writer may do something else, too (approve for a signer, say), which plugins and strategies ask.

Answered from the cluster's roles and bindings as they stand at that moment. Such questions are rare (only signing
requests, kubelets and policies cause them), so there is no index.

Models: kubernetes, plugin/pkg/auth/authorizer/rbac, for what plugins, policies and strategies ask.
"""

from __future__ import annotations

from collections.abc import Iterator

from clusters.machinery.types import Obj, UserInfo
from clusters.resources.base import Lookup

MASTERS = "system:masters"
_ACCOUNTS = "system:serviceaccount:"
_GROUP = "rbac.authorization.k8s.io"


def may(
    lookup: Lookup,
    user: UserInfo,
    verb: str,
    group: str,
    resource: str,
    name: str,
    *,
    namespace: str = "",
    path: str = "",
) -> bool:
    """Whether `user` may `verb` the `resource` called `name` (of a namespace: roles of the namespace count, too),
    or the URL `path`."""
    if MASTERS in user.groups:
        return True
    rules = _rules(lookup, user, namespace)
    if path:
        return any(_allows_path(rule, verb, path) for rule in rules)
    return any(_allows(rule, verb, group, resource, name) for rule in rules)


def _rules(lookup: Lookup, user: UserInfo, namespace: str) -> Iterator[Obj]:
    for binding in lookup.list(f"clusterrolebindings.{_GROUP}"):
        if any(_is(subject, user) for subject in binding.get("subjects") or ()):
            role = lookup.get(f"clusterroles.{_GROUP}", "", binding["roleRef"].get("name", ""))
            yield from (role or {}).get("rules") or ()
    if not namespace:
        return
    for binding in lookup.list(f"rolebindings.{_GROUP}", namespace):
        if any(_is(subject, user) for subject in binding.get("subjects") or ()):
            ref = binding["roleRef"]
            own = ref.get("kind") == "Role"
            kind = f"{'roles' if own else 'clusterroles'}.{_GROUP}"
            role = lookup.get(kind, namespace if own else "", ref.get("name", ""))
            yield from (role or {}).get("rules") or ()


def _is(subject: Obj, user: UserInfo) -> bool:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "Group":
        return name in user.groups
    if kind == "ServiceAccount":
        return user.name == f"{_ACCOUNTS}{subject.get('namespace', '')}:{name}"
    return kind == "User" and user.name == name


def _allows(rule: Obj, verb: str, group: str, resource: str, name: str) -> bool:
    def listed(field: str, *wanted: str) -> bool:
        values = rule.get(field) or ()
        return "*" in values or any(value in values for value in wanted)

    _, slash, subresource = resource.partition("/")
    resources = (resource, f"*/{subresource}") if slash else (resource,)
    names = rule.get("resourceNames")
    named = not names or name in names
    return named and listed("verbs", verb) and listed("apiGroups", group) and listed("resources", *resources)


def _allows_path(rule: Obj, verb: str, path: str) -> bool:
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and verb not in verbs:
        return False
    urls = rule.get("nonResourceURLs") or ()
    return any(url in ("*", path) or (url.endswith("*") and path.startswith(url[:-1])) for url in urls)
