"""Whether the writer may do something else, too (approve for a signer, say), which some plugins ask.

Answered from the cluster's roles and bindings as they stand at that moment. Such questions are rare (only
signing requests cause them), so there is no index. Models: kubernetes, plugin/pkg/auth/authorizer/rbac, for
actions on cluster-scoped resources.
"""

from __future__ import annotations

from collections.abc import Iterator

from clusters.machinery.types import Obj, UserInfo
from clusters.resources.base import Lookup

MASTERS = "system:masters"
_ACCOUNTS = "system:serviceaccount:"


def may(lookup: Lookup, user: UserInfo, verb: str, group: str, resource: str, name: str) -> bool:
    """Whether `user` may `verb` the cluster-scoped `resource` called `name`."""
    if MASTERS in user.groups:
        return True
    return any(_allows(rule, verb, group, resource, name) for rule in _rules(lookup, user))


def _rules(lookup: Lookup, user: UserInfo) -> Iterator[Obj]:
    for binding in lookup.list("clusterrolebindings.rbac.authorization.k8s.io"):
        if any(_is(subject, user) for subject in binding.get("subjects") or ()):
            role = lookup.get("clusterroles.rbac.authorization.k8s.io", "", binding["roleRef"].get("name", ""))
            yield from (role or {}).get("rules") or ()


def _is(subject: Obj, user: UserInfo) -> bool:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "Group":
        return name in user.groups
    if kind == "ServiceAccount":
        return user.name == f"{_ACCOUNTS}{subject.get('namespace', '')}:{name}"
    return kind == "User" and user.name == name


def _allows(rule: Obj, verb: str, group: str, resource: str, name: str) -> bool:
    def listed(field: str, value: str) -> bool:
        values = rule.get(field) or ()
        return "*" in values or value in values

    names = rule.get("resourceNames")
    named = not names or name in names
    return named and listed("verbs", verb) and listed("apiGroups", group) and listed("resources", resource)
