"""Role and ClusterRole: what may be done. Models: kubernetes, registry/rbac and rbac validation."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.names import path_segment_name
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Resource, Strategy, Version
from clusters.resources.common.labels import selector_errors

GROUP = "rbac.authorization.k8s.io"


class RbacStrategy(Strategy):
    """What all four kinds share: names are path segments, a PUT creates."""

    validates_whole_update = True

    allow_create_on_update = True

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        return path_segment_name(name, prefix=prefix)


def rule_errors(rule: Obj, path: Path, *, namespaced: bool) -> ErrorList:
    """One PolicyRule."""
    errors: ErrorList = []
    if not rule.get("verbs"):
        errors.append(required(path.child("verbs"), "verbs must contain at least one value"))
    urls = rule.get("nonResourceURLs")
    if urls:
        at = path.child("nonResourceURLs")
        if namespaced:
            errors.append(invalid(at, urls, "namespaced rules cannot apply to non-resource URLs"))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            why = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(invalid(at, urls, why))
        return errors
    if not rule.get("apiGroups"):
        errors.append(required(path.child("apiGroups"), "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        errors.append(required(path.child("resources"), "resource rules must supply at least one resource"))
    return errors


class RoleStrategy(RbacStrategy):
    def __init__(self, *, namespaced: bool) -> None:
        self._namespaced = namespaced

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors: ErrorList = []
        for i, rule in enumerate(obj.get("rules") or ()):
            errors += rule_errors(rule, Path("rules").index(i), namespaced=self._namespaced)
        aggregation = obj.get("aggregationRule")
        if not self._namespaced and aggregation is not None:
            path = Path("aggregationRule").child("clusterRoleSelectors")
            selectors = aggregation.get("clusterRoleSelectors") or ()
            if not selectors:
                why = "at least one clusterRoleSelector required if aggregationRule is non-nil"
                errors.append(required(path, why))
            for i, selector in enumerate(selectors):
                errors += selector_errors(selector, path.index(i))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)


ROLE = Resource(
    group=GROUP,
    name="roles",
    kind="Role",
    singular="role",
    versions=(Version(name="v1", schema="io.k8s.api.rbac.v1.Role"),),
    strategy=RoleStrategy(namespaced=True),
)

CLUSTER_ROLE = Resource(
    group=GROUP,
    name="clusterroles",
    kind="ClusterRole",
    singular="clusterrole",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.rbac.v1.ClusterRole"),),
    strategy=RoleStrategy(namespaced=False),
)
