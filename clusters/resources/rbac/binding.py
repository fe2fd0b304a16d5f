"""RoleBinding and ClusterRoleBinding: who may. Models: kubernetes, registry/rbac and rbac validation."""

from __future__ import annotations

from collections.abc import Callable

from clusters.machinery.field import ErrorList, Path, invalid, not_supported, required
from clusters.machinery.names import dns1123_subdomain, path_segment_name
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Version
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.rbac.role import GROUP, RbacStrategy

KINDS = ("ServiceAccount", "User", "Group")


class BindingStrategy(RbacStrategy):
    def __init__(self, *, namespaced: bool) -> None:
        self._namespaced = namespaced
        self._role_kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)

    def default(self, obj: Obj) -> None:
        ref = obj.setdefault("roleRef", {})
        if not ref.get("apiGroup"):
            ref["apiGroup"] = GROUP
        for subject in obj.get("subjects") or ():
            if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
                subject["apiGroup"] = GROUP

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        ref, path = obj["roleRef"], Path("roleRef")
        errors: ErrorList = []
        if ref.get("apiGroup") != GROUP:
            errors.append(not_supported(path.child("apiGroup"), ref.get("apiGroup", ""), (GROUP,)))
        kind, name = ref.get("kind", ""), ref.get("name", "")
        if kind not in self._role_kinds:
            errors.append(not_supported(path.child("kind"), kind, self._role_kinds))
        if name:
            errors += [invalid(path.child("name"), name, text) for text in path_segment_name(name)]
        else:
            errors.append(required(path.child("name")))
        for i, subject in enumerate(obj.get("subjects") or ()):
            errors += _subject_errors(subject, Path("subjects").index(i), namespaced=self._namespaced)
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = self.validate_create(new, ctx)
        ref, before = new["roleRef"], old["roleRef"]
        if any(ref.get(name, "") != before.get(name, "") for name in ("apiGroup", "kind", "name")):
            shown = {
                "APIGroup": ref.get("apiGroup", ""),
                "Kind": ref.get("kind", ""),
                "Name": ref.get("name", ""),
            }
            errors.append(invalid(Path("roleRef"), shown, "cannot change roleRef"))
        return errors


def _subject_errors(subject: Obj, path: Path, *, namespaced: bool) -> ErrorList:
    errors: ErrorList = []
    name, kind, group = subject.get("name", ""), subject.get("kind", ""), subject.get("apiGroup", "")
    if not name:
        errors.append(required(path.child("name")))
    if kind == "ServiceAccount":
        if name:
            errors += [invalid(path.child("name"), name, text) for text in dns1123_subdomain(name)]
        if group:
            errors.append(not_supported(path.child("apiGroup"), group, ("",)))
        if not namespaced and not subject.get("namespace"):
            errors.append(required(path.child("namespace")))
    elif kind in ("User", "Group"):
        if group != GROUP:
            errors.append(not_supported(path.child("apiGroup"), group, (GROUP,)))
    else:
        errors.append(not_supported(path.child("kind"), kind, KINDS))
    return errors


def _role(obj: Obj, now: int) -> str:
    ref = obj.get("roleRef") or {}
    return f"{ref.get('kind', '')}/{ref.get('name', '')}"


def _subjects(kind: str) -> Callable[[Obj, int], str]:
    def cell(obj: Obj, now: int) -> str:
        words = []
        for subject in obj.get("subjects") or ():
            if subject.get("kind") == kind:
                place = f"{subject['namespace']}/" if subject.get("namespace") and kind == "ServiceAccount" else ""
                words.append(place + subject.get("name", ""))
        return ", ".join(words)

    return cell


def _columns(word: str) -> tuple[Column, ...]:
    return (
        NAME,
        Column(
            name="Role",
            description="RoleRef can reference a Role in the current namespace or a ClusterRole in the global"
            " namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.",
            value=_role,
        ),
        AGE,
        Column(name="Users", priority=1, description=f"Users in the {word}", value=_subjects("User")),
        Column(name="Groups", priority=1, description=f"Groups in the {word}", value=_subjects("Group")),
        Column(
            name="ServiceAccounts",
            priority=1,
            description=f"ServiceAccounts in the {word}",
            value=_subjects("ServiceAccount"),
        ),
    )


ROLE_BINDING = Resource(
    group=GROUP,
    name="rolebindings",
    kind="RoleBinding",
    singular="rolebinding",
    versions=(Version(name="v1", schema="io.k8s.api.rbac.v1.RoleBinding"),),
    strategy=BindingStrategy(namespaced=True),
    columns=_columns("roleBinding"),
)

CLUSTER_ROLE_BINDING = Resource(
    group=GROUP,
    name="clusterrolebindings",
    kind="ClusterRoleBinding",
    singular="clusterrolebinding",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.rbac.v1.ClusterRoleBinding"),),
    strategy=BindingStrategy(namespaced=False),
    columns=_columns("clusterRoleBinding"),
)
