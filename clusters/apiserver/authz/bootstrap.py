"""The roles and bindings that every cluster begins with, made from the tables in `authz.policy`.

Models: kubernetes, plugin/pkg/auth/authorizer/rbac/bootstrappolicy and the ClusterRole aggregation controller,
whose first work is done here: `admin`, `edit` and `view` have their rules at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clusters.apiserver.authz import policy
from clusters.apiserver.authz.rbac import GROUP
from clusters.apiserver.authz.rules import Rule
from clusters.machinery.types import Obj

LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
ANNOTATIONS = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"

Entry = tuple[str, str, Obj]
"""(qualified resource, namespace, object)"""


def parse_rule(line: str) -> Rule:
    """A rule from its line in the policy tables."""
    verbs, groups, what, *names = line.split(" ")
    rule: Rule = {"verbs": policy.VERBS.get(verbs, verbs).split(",")}
    if groups == "url":
        rule["nonResourceURLs"] = what.split(",")
        return rule
    rule["apiGroups"] = ["" if g == "core" else g for g in groups.split(",")]
    rule["resources"] = what.split(",")
    if names:
        rule["resourceNames"] = names[0].split(",")
    return rule


def _rules(lines: Iterable[str]) -> list[Rule]:
    return [parse_rule(line) for line in lines]


def cluster_role_rules(name: str) -> list[Rule]:
    """The rules of a plain ClusterRole of the tables."""
    return _rules(policy.CLUSTER_ROLES[name])


def _object(kind: str, name: str, *, namespace: str = "", aggregate: Iterable[str] = (), **body: object) -> Obj:
    labels = LABELS | {AGGREGATE + to: "true" for to in aggregate}
    meta: Obj = {"name": name, "labels": labels, "annotations": dict(ANNOTATIONS)}
    if namespace:
        meta["namespace"] = namespace
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": meta, **body}


def _subjects(lines: Iterable[str]) -> list[Obj]:
    out: list[Obj] = []
    for line in lines:
        kind, name = line.split(" ", 1)
        if kind == "ServiceAccount":
            out.append({"kind": kind, "name": name, "namespace": "kube-system"})
        else:
            out.append({"kind": kind, "apiGroup": GROUP, "name": name})
    return out


def _ref(kind: str, name: str) -> Obj:
    return {"apiGroup": GROUP, "kind": kind, "name": name}


def _aggregate_of(name: str) -> tuple[str, ...]:
    """What a plain ClusterRole of the tables is aggregated to."""
    prefix = "system:aggregate-to-"
    return (name.removeprefix(prefix),) if name.startswith(prefix) else ()


def aggregated_rules(name: str) -> list[Rule]:
    """The rules of `admin`, `edit` or `view`: those of all roles labelled for it, by role name."""
    out: list[Rule] = []
    labelled = [r for r in policy.CLUSTER_ROLES if name in _aggregate_of(r)]
    labelled += [r for r, to in policy.AGGREGATED.items() if name in to]
    for role in sorted(labelled):
        found = aggregated_rules(role) if role in policy.AGGREGATED else cluster_role_rules(role)
        out.extend(r for r in found if r not in out)
    return out


def bootstrap_objects() -> Iterator[Entry]:
    """All of them, in the order in which they can be created."""
    for name, lines in policy.CLUSTER_ROLES.items():
        role = _object("ClusterRole", name, aggregate=_aggregate_of(name), rules=_rules(lines))
        yield f"clusterroles.{GROUP}", "", role
    for name, to in policy.AGGREGATED.items():
        selectors = [{"matchLabels": {AGGREGATE + name: "true"}}]
        role = _object(
            "ClusterRole",
            name,
            aggregate=to,
            aggregationRule={"clusterRoleSelectors": selectors},
            rules=aggregated_rules(name),
        )
        yield f"clusterroles.{GROUP}", "", role
    for name, lines in policy.CONTROLLERS.items():
        yield f"clusterroles.{GROUP}", "", _object("ClusterRole", f"system:controller:{name}", rules=_rules(lines))
    for name, lines in policy.CLUSTER_BINDINGS.items():
        yield f"clusterrolebindings.{GROUP}", "", _cluster_binding(name, lines)
    for name in policy.CONTROLLERS:
        binding = _cluster_binding(f"system:controller:{name}", [f"ServiceAccount {name}"])
        yield f"clusterrolebindings.{GROUP}", "", binding
    for (namespace, name), lines in policy.ROLES.items():
        yield f"roles.{GROUP}", namespace, _object("Role", name, namespace=namespace, rules=_rules(lines))
    for (namespace, name), (role_name, lines) in policy.ROLE_BINDINGS.items():
        subjects = _subjects(lines)
        ref = _ref("Role", role_name)
        binding = _object("RoleBinding", name, namespace=namespace, roleRef=ref, subjects=subjects)
        yield f"rolebindings.{GROUP}", namespace, binding


def _cluster_binding(name: str, lines: Iterable[str]) -> Obj:
    subjects = _subjects(lines)
    body: Obj = {"roleRef": _ref("ClusterRole", name)}
    if subjects:
        body["subjects"] = subjects
    return _object("ClusterRoleBinding", name, **body)
