"""What policies and webhooks match. Models: kubernetes, admissionregistration validation and defaults."""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path, duplicate, invalid, not_supported, required, too_many
from clusters.machinery.names import path_segment_name
from clusters.machinery.types import Obj
from clusters.resources.admissionregistration.expressions import Checker
from clusters.resources.common.checks import qualified
from clusters.resources.common.labels import selector_errors

OPERATIONS = frozenset({"*", "CREATE", "UPDATE", "DELETE", "CONNECT"})
MUTABLE = frozenset({"*", "CONNECT", "CREATE", "UPDATE"})
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
    operations, at = rule.get("operations") or [], path.child("operations")
    errors = _listed_errors(operations, at, "operations")
    errors += [
        not_supported(at.index(i), operation, OPERATIONS)
        for i, operation in enumerate(operations)
        if operation not in OPERATIONS
    ]
    errors += _listed_errors(rule.get("apiGroups") or [], path.child("apiGroups"), "API groups")
    versions, at = rule.get("apiVersions") or [], path.child("apiVersions")
    errors += _listed_errors(versions, at, "API versions")
    errors += [required(at.index(i)) for i, version in enumerate(versions) if not version]
    errors += _resource_errors(rule.get("resources") or [], path.child("resources"))
    scope = rule.get("scope")
    if scope is not None and scope not in SCOPES:
        errors.append(not_supported(path.child("scope"), scope, SCOPES))
    return errors


def _listed_errors(values: list[str], path: Path, plural: str) -> ErrorList:
    """Something must be listed, a star by itself."""
    if not values:
        return [required(path)]
    if len(values) > 1 and "*" in values:
        return [invalid(path, values, f"if '*' is present, must not specify other {plural}")]
    return []


def _resource_errors(resources: list[str], path: Path) -> ErrorList:
    """Each is compared with those before it only, as in the real server."""
    errors: ErrorList = [] if resources else [required(path)]
    whole: set[str] = set()
    everywhere: set[str] = set()
    plain = False
    for i, name in enumerate(resources):
        resource, slash, sub = name.partition("/")
        if not name:
            errors.append(required(path.index(i)))
        elif not slash:
            plain = name != "*"
        else:
            if resource in whole:
                errors.append(invalid(path.index(i), name, f"if '{resource}/*' is present, must not specify {name}"))
            if sub in everywhere:
                errors.append(invalid(path.index(i), name, f"if '*/{sub}' is present, must not specify {name}"))
            whole |= {resource} if sub == "*" else set()
            everywhere |= {sub} if resource == "*" else set()
    if len(resources) > 1 and "*/*" in resources:
        errors.append(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
    if "*" in resources and plain:
        why = "if '*' is present, must not specify other resources without subresources"
        errors.append(invalid(path, resources, why))
    return errors


def conditions_errors(conditions: Sequence[Obj], path: Path, checker: Checker) -> ErrorList:
    """matchConditions."""
    errors: ErrorList = []
    if len(conditions) > MAX_CONDITIONS:
        errors.append(too_many(path, len(conditions), MAX_CONDITIONS))
    seen: set[str] = set()
    for i, condition in enumerate(conditions):
        at, name, source = path.index(i), condition.get("name", ""), condition.get("expression") or ""
        where = at.child("expression")
        errors += checker.condition(source, where) if source.strip() else [required(where)]
        if not name:
            errors.append(required(at.child("name")))
        else:
            errors += qualified(name, at.child("name"))
            if name in seen:
                errors.append(duplicate(at.child("name"), name))
        seen.add(name)
    return errors


def mutable_errors(match: Obj, path: Path) -> ErrorList:
    """What is deleted cannot be changed on the way."""
    at = path.child("resourceRules", "operations")
    operations = [o for rule in match.get("resourceRules") or () for o in rule.get("operations") or ()]
    return [not_supported(at, operation, MUTABLE) for operation in operations if operation not in MUTABLE]
