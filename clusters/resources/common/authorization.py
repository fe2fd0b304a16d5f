"""Whether the writer may do something else, too (approve for a signer, say), which plugins and strategies ask.

Answered from the cluster's roles and bindings as they stand at that moment. Such questions are rare (only signing
requests, kubelets and policies cause them), so there is no index.

Models: kubernetes, plugin/pkg/auth/authorizer/rbac, for what plugins, policies and strategies ask.
"""

from __future__ import annotations

from collections.abc import Iterator

from clusters.machinery.field import go_quote
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
    return decide(lookup, user, verb, group, resource, name, namespace=namespace, path=path)[0]


def decide(
    lookup: Lookup,
    user: UserInfo,
    verb: str,
    group: str,
    resource: str,
    name: str,
    *,
    namespace: str = "",
    path: str = "",
) -> tuple[bool, str]:
    """Whether the user may, and by which binding."""
    if MASTERS in user.groups:
        return True, ""
    for rule, by in _rules(lookup, user, namespace):
        if _allows_path(rule, verb, path) if path else _allows(rule, verb, group, resource, name):
            return True, f"RBAC: allowed by {by}"
    return False, ""


def _rules(lookup: Lookup, user: UserInfo, namespace: str) -> Iterator[tuple[Obj, str]]:
    """(rule, the binding that brings it)."""
    for binding in lookup.list(f"clusterrolebindings.{_GROUP}"):
        yield from _of_binding(lookup, user, binding, "")
    for binding in lookup.list(f"rolebindings.{_GROUP}", namespace) if namespace else ():
        yield from _of_binding(lookup, user, binding, namespace)


def _of_binding(lookup: Lookup, user: UserInfo, binding: Obj, namespace: str) -> Iterator[tuple[Obj, str]]:
    subject = next((each for each in binding.get("subjects") or () if _is(each, user)), None)
    if subject is None:
        return
    ref, name = binding["roleRef"], binding["metadata"]["name"]
    kind, role_name = ref.get("kind", "ClusterRole"), ref.get("name", "")
    own = kind == "Role"
    role = lookup.get(f"{'roles' if own else 'clusterroles'}.{_GROUP}", namespace if own else "", role_name)
    who = subject.get("name", "")
    if subject.get("kind") == "ServiceAccount":
        who += f"/{subject.get('namespace', '')}"
    bound = f"RoleBinding {go_quote(f'{name}/{namespace}')}" if namespace else f"ClusterRoleBinding {go_quote(name)}"
    by = f"{bound} of {kind} {go_quote(role_name)} to {subject.get('kind')} {go_quote(who)}"
    for rule in (role or {}).get("rules") or ():
        yield rule, by


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
