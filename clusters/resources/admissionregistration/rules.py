"""What policies and webhooks match. Models: kubernetes, admissionregistration validation and defaults."""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path, duplicate, invalid, not_supported, required, too_many
from clusters.machinery.names import path_segment_name, qualified_name
from clusters.machinery.types import Obj
from clusters.resources.common.labels import selector_errors

OPERATIONS = frozenset({"*", "CREATE", "UPDATE", "DELETE", "CONNECT"})
SCOPES = frozenset({"Cluster", "Namespaced", "*"})
MATCH_POLICIES = frozenset({"Equivalent", "Exact"})
FAILURE_POLICIES = frozenset({"Fail", "Ignore"})
MAX_CONDITIONS = 64


def default_rules(rules: Sequence[Obj] | None) -> None:
    for rule in rules or ():
        if rule.get("scope") is None:
            rule["scope"] = "*"


def default_match(match: Obj) -> None:
    """A MatchResources in place."""
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})
    if not match.get("matchPolicy"):
        match["matchPolicy"] = "Equivalent"
    default_rules(match.get("resourceRules"))
    default_rules(match.get("excludeResourceRules"))


def match_errors(match: Obj, path: Path) -> ErrorList:
    """A MatchResources."""
    errors: ErrorList = []
    policy = match.get("matchPolicy")
    if policy not in MATCH_POLICIES:
        errors.append(not_supported(path.child("matchPolicy"), policy, MATCH_POLICIES))
    for name in ("namespaceSelector", "objectSelector"):
        errors += selector_errors(match.get(name), path.child(name))
    for name in ("resourceRules", "excludeResourceRules"):
        for i, rule in enumerate(match.get(name) or ()):
            at = path.child(name).index(i)
            names = rule.get("resourceNames") or ()
            for j, each in enumerate(names):
                at_name = at.child("resourceNames").index(j)
                errors += [invalid(at_name, each, text) for text in path_segment_name(each)]
                if each in names[:j]:
                    errors.append(duplicate(at_name, each))
            errors += rule_errors(rule, at)
    return errors


def rule_errors(rule: Obj, path: Path) -> ErrorList:
    """A RuleWithOperations."""
    errors: ErrorList = []
    words = {"apiGroups": "API groups", "apiVersions": "API versions"}
    for name, word in words.items():
        values: list[str] = rule.get(name) or []
        at = path.child(name)
        if not values:
            errors.append(required(at))
        if len(values) > 1 and "*" in values:
            errors.append(invalid(at, values, f"if '*' is present, must not specify other {word}"))
        if name == "apiVersions":
            errors += [required(at.index(i)) for i, value in enumerate(values) if not value]
    errors += _resource_errors(rule.get("resources") or [], path.child("resources"))
    scope = rule.get("scope")
    if scope is not None and scope not in SCOPES:
        errors.append(not_supported(path.child("scope"), scope, ("Cluster", "Namespaced", "*")))
    operations: list[str] = rule.get("operations") or []
    at = path.child("operations")
    if not operations:
        errors.append(required(at))
    if len(operations) > 1 and "*" in operations:
        errors.append(invalid(at, operations, "if '*' is present, must not specify other operations"))
    return errors + [
        not_supported(at.index(i), operation, OPERATIONS)
        for i, operation in enumerate(operations)
        if operation not in OPERATIONS
    ]


def _resource_errors(resources: list[str], path: Path) -> ErrorList:
    if not resources:
        return [required(path)]
    errors: ErrorList = []
    whole = {name.partition("/")[0] for name in resources if name.endswith("/*")}
    everywhere = {name.partition("/")[2] for name in resources if name.startswith("*/")}
    for i, name in enumerate(resources):
        resource, slash, sub = name.partition("/")
        if not name:
            errors.append(required(path.index(i)))
        elif slash and sub != "*" and resource in whole:
            why = f"if '{resource}/*' is present, must not specify {name}"
            errors.append(invalid(path.index(i), name, why))
        elif slash and resource != "*" and sub in everywhere:
            why = f"if '*/{sub}' is present, must not specify {name}"
            errors.append(invalid(path.index(i), name, why))
    if len(resources) > 1 and "*/*" in resources:
        errors.append(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
    if "*" in resources and any("/" not in name and name != "*" for name in resources):
        why = "if '*' is present, must not specify other resources without subresources"
        errors.append(invalid(path, resources, why))
    return errors


def conditions_errors(conditions: Sequence[Obj], path: Path) -> ErrorList:
    """matchConditions, but for what only a CEL compiler can tell."""
    errors: ErrorList = []
    if len(conditions) > MAX_CONDITIONS:
        errors.append(too_many(path, len(conditions), MAX_CONDITIONS))
    seen: set[str] = set()
    for i, condition in enumerate(conditions):
        at, name = path.index(i), condition.get("name", "")
        if not (condition.get("expression") or "").strip():
            errors.append(required(at.child("expression")))
        if not name:
            errors.append(required(at.child("name")))
        else:
            errors += [invalid(at.child("name"), name, text) for text in qualified_name(name)]
            if name in seen:
                errors.append(duplicate(at.child("name"), name))
        seen.add(name)
    return errors
