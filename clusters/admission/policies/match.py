"""Whether a policy, or its binding, is about a write.

Models: apiserver, pkg/admission/plugin/policy/matching and webhook/predicates.
"""

from __future__ import annotations

from collections.abc import Iterable

from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes

_EXEMPT = frozenset(
    (
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
    )
)
_VIRTUAL = frozenset(("authentication.k8s.io", "authorization.k8s.io"))


def exempt(group: str, resource: str) -> bool:
    """Policies do not judge policies, nor questions that are never stored."""
    return (group == "admissionregistration.k8s.io" and resource in _EXEMPT) or group in _VIRTUAL


def matches(attrs: Attributes, match: Obj | None) -> bool:
    """Whether the constraints (none: everything) are about the write."""
    if match is None:
        return True
    if not _namespace_fits(attrs, match.get("namespaceSelector")):
        return False
    if not _object_fits(attrs, match.get("objectSelector")):
        return False
    exact = match.get("matchPolicy") == "Exact"
    if any(_rule_fits(attrs, rule, exact=exact) for rule in match.get("excludeResourceRules") or ()):
        return False
    rules = match.get("resourceRules")
    return not rules or any(_rule_fits(attrs, rule, exact=exact) for rule in rules)


def _namespace_fits(attrs: Attributes, selector: Obj | None) -> bool:
    if not selector:
        return True
    if attrs.resource.qualified == "namespaces":
        labels = ((attrs.obj or attrs.old or {}).get("metadata") or {}).get("labels")
    elif not attrs.namespace:
        return True
    else:
        namespace = attrs.lookup.get("namespaces", "", attrs.namespace)
        labels = namespace["metadata"].get("labels") if namespace is not None else None
    return from_label_selector(selector).matches(labels or {})


def _object_fits(attrs: Attributes, selector: Obj | None) -> bool:
    if not selector:
        return True
    test = from_label_selector(selector)
    return any(
        test.matches((obj.get("metadata") or {}).get("labels") or {})
        for obj in (attrs.obj, attrs.old)
        if obj is not None
    )


def _rule_fits(attrs: Attributes, rule: Obj, *, exact: bool) -> bool:
    resource = attrs.resource
    scope = rule.get("scope") or "*"
    inside = resource.namespaced
    if scope != "*" and (scope == "Namespaced") != inside:
        return False
    versions = [attrs.version or resource.stored_as] if exact else [v.name for v in resource.versions]
    names = rule.get("resourceNames")
    return (
        _listed(rule.get("operations"), (attrs.operation,))
        and _listed(rule.get("apiGroups"), (resource.group,))
        and _listed(rule.get("apiVersions"), versions)
        and any(_resource_fits(attrs, each) for each in rule.get("resources") or ())
        and (not names or attrs.name in names)
    )


def _listed(values: Iterable[str] | None, wanted: Iterable[str]) -> bool:
    listed = set(values or ())
    return "*" in listed or any(each in listed for each in wanted)


def _resource_fits(attrs: Attributes, text: str) -> bool:
    name, _, subresource = text.partition("/")
    return name in ("*", attrs.resource.name) and subresource in ("*", attrs.subresource)
