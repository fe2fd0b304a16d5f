"""ResourceQuota: how much a Namespace may have. What counts is in `quota_usage`.

Models: kubernetes, registry/core/resourcequota and core validation.
"""

from __future__ import annotations

from collections.abc import Iterable

from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.quantities import amount_errors, resource_name_errors

_COUNTED = frozenset(
    {
        "cpu",
        "memory",
        "ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.storage",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "persistentvolumeclaims",
        "configmaps",
        "services.nodeports",
        "services.loadbalancers",
    }
)
SCOPES = frozenset(
    {
        "Terminating",
        "NotTerminating",
        "BestEffort",
        "NotBestEffort",
        "PriorityClass",
        "CrossNamespacePodAffinity",
        "VolumeAttributesClass",
    }
)
_COMPUTE = frozenset(
    {
        "pods",
        "cpu",
        "memory",
        "requests.cpu",
        "requests.memory",
        "limits.cpu",
        "limits.memory",
    }
)
_ONLY_EXISTS = frozenset(SCOPES - {"PriorityClass", "VolumeAttributesClass"})
_EXISTS_TEXT = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating,"
    " ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def is_quota_resource(name: str) -> bool:
    return name in _COUNTED or name.startswith(("hugepages-", "requests.hugepages-"))


def quota_name_errors(name: str, path: Path) -> ErrorList:
    errors = resource_name_errors(name, path)
    if "/" not in name and not is_quota_resource(name):
        errors.append(invalid(path, name, "must be a standard resource for quota"))
    return errors


def _scope_fits(scope: str, resource: str) -> bool:
    """Whether a scope can be applied to a resource."""
    if scope in ("Terminating", "NotTerminating", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"):
        return resource in _COMPUTE
    if scope == "BestEffort":
        return resource == "pods"
    if scope == "VolumeAttributesClass":
        return resource in ("persistentvolumeclaims", "requests.storage")
    return True


class ResourceQuotaStrategy(Strategy):
    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _spec_errors(obj["spec"])

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = _spec_errors(new["spec"])
        scopes = new["spec"].get("scopes") or []
        if set(scopes) != set(old["spec"].get("scopes") or ()):
            errors.append(invalid(Path("spec").child("scopes"), scopes or None, "field is immutable"))
        return errors

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        status, path = new.get("status") or {}, Path("status")
        return _amounts(status.get("hard"), path.child("hard")) + _amounts(status.get("used"), path.child("used"))


def _amounts(amounts: Obj | None, path: Path) -> ErrorList:
    return [
        error
        for name, value in (amounts or {}).items()
        for error in (
            *quota_name_errors(name, path.key(name)),
            *amount_errors(name, value, path.key(name)),
        )
    ]


def _spec_errors(spec: Obj) -> ErrorList:
    path = Path("spec")
    hard = sorted(spec.get("hard") or {})
    errors = _amounts(spec.get("hard"), path.child("hard"))
    scopes: list[str] = spec.get("scopes") or []
    at_ = path.child("scopes")
    for scope in scopes:
        if scope not in SCOPES:
            errors.append(invalid(at_, scopes, "unsupported scope"))
        for name in hard:
            if is_quota_resource(name) and not _scope_fits(scope, name):
                errors.append(invalid(at_, scopes, "unsupported scope applied to resource"))
    errors += [invalid(at_, scopes, "conflicting scopes") for _ in _conflicts(scopes)]
    if spec.get("scopeSelector") is not None:
        errors += _selector_errors(spec, hard, path.child("scopeSelector", "matchExpressions"))
    return errors


def _conflicts(scopes: Iterable[str]) -> list[str]:
    found = set(scopes)
    pairs = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
    return ["conflict" for pair in pairs if pair <= found]


def _selector_errors(spec: Obj, hard: list[str], path: Path) -> ErrorList:
    errors: ErrorList = []
    expressions = spec["scopeSelector"].get("matchExpressions") or ()
    shown = {
        "MatchExpressions": [
            {
                "ScopeName": e.get("scopeName", ""),
                "Operator": e.get("operator", ""),
                "Values": e.get("values"),
            }
            for e in expressions
        ]
    }
    for expression in expressions:
        scope, operator = expression.get("scopeName", ""), expression.get("operator", "")
        values = expression.get("values") or []
        if scope not in SCOPES:
            errors.append(invalid(path.child("scopeName"), scope, "unsupported scope"))
        for name in hard:
            if is_quota_resource(name) and not _scope_fits(scope, name):
                errors.append(invalid(path, shown, "unsupported scope applied to resource"))
        if scope in _ONLY_EXISTS and operator != "Exists":
            errors.append(invalid(path.child("operator"), operator, _EXISTS_TEXT))
        if operator in ("In", "NotIn"):
            if not values:
                why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                errors.append(required(path.child("values"), why))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                errors.append(invalid(path.child("values"), values, why))
        else:
            errors.append(invalid(path.child("operator"), operator, "not a valid selector operator"))
    found = [e.get("scopeName", "") for e in expressions]
    return errors + [invalid(path, spec.get("scopes"), "conflicting scopes") for _ in _conflicts(found)]


def _usage(obj: Obj, *, limits: bool) -> str:
    hard, used = at(obj, "status", "hard") or {}, at(obj, "status", "used") or {}
    return ", ".join(
        f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard) if name.startswith("limits.") == limits
    )


RESOURCE = Resource(
    group="",
    name="resourcequotas",
    kind="ResourceQuota",
    singular="resourcequota",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.ResourceQuota"),),
    short_names=("quota",),
    subresources=(Subresource(name="status"),),
    strategy=ResourceQuotaStrategy(),
    columns=(
        NAME,
        Column(
            name="Request",
            description="Request represents a minimum amount of cpu/memory that a container may consume.",
            value=lambda obj, now: _usage(obj, limits=False),
        ),
        Column(
            name="Limit",
            description="Limits control the maximum amount of cpu/memory that a container may use independent of"
            " contention on the node.",
            value=lambda obj, now: _usage(obj, limits=True),
        ),
        AGE,
    ),
)
