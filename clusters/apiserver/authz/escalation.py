"""Nobody grants what they do not hold: the guard before roles and bindings are written.

Models: kubernetes, pkg/registry/rbac/*/policybased and pkg/registry/rbac/escalation_check.go.
"""

from __future__ import annotations

from collections.abc import Callable

from clusters.apiserver.authz.attributes import MASTERS, Attributes
from clusters.apiserver.authz.rbac import GROUP
from clusters.apiserver.authz.rules import Rule, compact, show, uncovered
from clusters.apiserver.call import Call
from clusters.machinery.errors import Forbidden, NotFound, aggregate
from clusters.machinery.types import Obj

FULL: list[Rule] = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]

Guard = Callable[[Call, Obj, Obj | None], None]


def guard_write(call: Call, qualified: str, new: Obj, old: Obj | None) -> None:
    """Raises Forbidden if `new` (in place of `old`) would give rights that the user lacks."""
    guard = GUARDS.get(qualified)
    if guard is None or MASTERS in call.user.groups:
        return
    if old is not None and _same_but_for_ownership(new, old):
        return
    guard(call, new, old)


def _same_but_for_ownership(new: Obj, old: Obj) -> bool:
    """Garbage collection and others may change owners and finalizers of what they could not write."""

    def essence(obj: Obj) -> Obj:
        ignored = ("ownerReferences", "finalizers", "managedFields", "resourceVersion")
        meta = {k: v for k, v in obj["metadata"].items() if k not in ignored}
        return {**obj, "metadata": meta}

    return essence(new) == essence(old)


def _allowed(call: Call, verb: str, resource: str, name: str, namespace: str) -> bool:
    attrs = Attributes(call.user, verb, GROUP, "*", resource, namespace=namespace, name=name)
    return call.server.authorizer.authorize(attrs).allowed


def _missing(call: Call, rules: list[Rule]) -> str:
    """The refusal's text if the user does not hold all of `rules`, else ""."""
    held, problems = call.server.authorizer.rbac.rules_for(call.user, call.info.namespace)
    lacking = uncovered(held, rules)
    if not lacking:
        return ""
    lines = sorted({show(r) for r in compact(lacking)})
    groups = " ".join(f'"{g}"' for g in call.user.groups)
    text = (
        f'user "{call.user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n'
        + "\n".join(lines)
    )
    if problems:
        text += f"; resolution errors: [{aggregate(problems)}]"
    return text


def _refuse(resource: str, obj: Obj, why: str) -> Forbidden:
    return Forbidden.of(GROUP, resource, obj["metadata"].get("name", ""), why)


def _role(call: Call, new: Obj, old: Obj | None) -> None:
    resource = call.info.resource
    if _allowed(call, "escalate", resource, call.info.name, call.info.namespace):
        return
    rules = list(new.get("rules") or ())
    if why := _missing(call, rules):
        raise _refuse(resource, new, why)
    if (_aggregates(new) or _aggregates(old)) and _missing(call, FULL):
        raise _refuse(resource, new, "must have cluster-admin privileges to use the aggregationRule")


def _aggregates(role: Obj | None) -> bool:
    return bool(((role or {}).get("aggregationRule") or {}).get("clusterRoleSelectors"))


def _binding(call: Call, new: Obj, _old: Obj | None) -> None:
    ref, namespace = new.get("roleRef") or {}, call.info.namespace
    kind, name = str(ref.get("kind", "")), str(ref.get("name", ""))
    resource = {"Role": "roles", "ClusterRole": "clusterroles"}.get(kind, "")
    if _allowed(call, "bind", resource, name, namespace):
        return
    rules = call.server.authorizer.rbac.role_rules(ref, namespace)
    if rules is None:
        raise NotFound.of(GROUP, resource, name)
    if why := _missing(call, rules):
        raise _refuse(call.info.resource, new, why)


GUARDS: dict[str, Guard] = {
    f"roles.{GROUP}": _role,
    f"clusterroles.{GROUP}": _role,
    f"rolebindings.{GROUP}": _binding,
    f"clusterrolebindings.{GROUP}": _binding,
}
