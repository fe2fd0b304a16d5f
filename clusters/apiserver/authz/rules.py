"""`PolicyRule`s: what they match, and whether one set of them covers another.

Models: kubernetes, pkg/apis/rbac/v1/evaluation_helpers.go and component-helpers/auth/rbac/validation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from clusters.apiserver.authz.attributes import Attributes

Rule = dict[str, Any]


def allows(rule: Rule, attrs: Attributes) -> bool:
    """Whether a rule allows an action."""
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and attrs.verb not in verbs:
        return False
    if not attrs.resource:
        return path_matches(rule.get("nonResourceURLs") or (), attrs.path)
    groups = rule.get("apiGroups") or ()
    if "*" not in groups and attrs.group not in groups:
        return False
    names = rule.get("resourceNames")
    if names and attrs.name not in names:
        return False
    return resource_matches(rule.get("resources") or (), attrs.combined, attrs.subresource)


def resource_matches(resources: Sequence[str], combined: str, subresource: str) -> bool:
    if "*" in resources or combined in resources:
        return True
    return bool(subresource) and f"*/{subresource}" in resources


def path_matches(urls: Iterable[str], path: str) -> bool:
    return any(url == "*" or url == path or (url.endswith("*") and path.startswith(url.rstrip("*"))) for url in urls)


def break_down(rules: Iterable[Rule]) -> list[Rule]:
    """Each rule as rules with one verb and one group and resource (and name), or one verb and one URL."""
    out: list[Rule] = []
    for rule in rules:
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                for verb in rule.get("verbs") or ():
                    names = rule.get("resourceNames") or ()
                    single = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                    if names:
                        out.extend({**single, "resourceNames": [name]} for name in names)
                    else:
                        out.append(single)
        for url in rule.get("nonResourceURLs") or ():
            out.extend({"nonResourceURLs": [url], "verbs": [verb]} for verb in rule.get("verbs") or ())
    return out


def _covers_one(owner: Rule, wanted: Rule) -> bool:
    """`wanted` is one that `break_down` made."""
    if not _has(owner.get("verbs"), wanted["verbs"][0]):
        return False
    if "nonResourceURLs" in wanted:
        url = wanted["nonResourceURLs"][0]
        return path_matches(owner.get("nonResourceURLs") or (), url)
    if not _has(owner.get("apiGroups"), wanted["apiGroups"][0]):
        return False
    resource: str = wanted["resources"][0]
    owned = owner.get("resources") or ()
    if "*" not in owned and resource not in owned:
        _, slash, subresource = resource.partition("/")
        if not slash or f"*/{subresource}" not in owned:
            return False
    names = owner.get("resourceNames")
    if not names:
        return True
    wanted_names = wanted.get("resourceNames")
    return bool(wanted_names) and set(wanted_names or ()) <= set(names)


def _has(values: Sequence[str] | None, wanted: str) -> bool:
    return values is not None and ("*" in values or wanted in values)


def uncovered(owned: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """What of `wanted` (broken down) no rule of `owned` grants."""
    return [r for r in break_down(wanted) if not any(_covers_one(o, r) for o in owned)]


def compact(rules: Iterable[Rule]) -> list[Rule]:
    """Single-resource rules that differ only in verbs made one (pkg/apis/rbac/v1 CompactRules)."""
    out: list[Rule] = []
    merged: dict[tuple[str, str, tuple[str, ...]], Rule] = {}
    for rule in rules:
        groups, resources = rule.get("apiGroups") or [], rule.get("resources") or []
        if len(groups) == 1 and len(resources) == 1 and not rule.get("nonResourceURLs"):
            key = (groups[0], resources[0], tuple(rule.get("resourceNames") or ()))
            known = merged.get(key)
            if known is None:
                merged[key] = known = {**rule, "verbs": []}
                out.append(known)
            known["verbs"] = [*known["verbs"], *rule["verbs"]]
        else:
            out.append(rule)
    return out


def show(rule: Rule) -> str:
    """`{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}`, as refusals print it."""
    parts = []
    for label, key in (
        ("APIGroups", "apiGroups"),
        ("Resources", "resources"),
        ("ResourceNames", "resourceNames"),
        ("NonResourceURLs", "nonResourceURLs"),
        ("Verbs", "verbs"),
    ):
        values = rule.get(key)
        if values:
            quoted = " ".join(f'"{v}"' for v in values)
            parts.append(f"{label}:[{quoted}]")
    return "{" + ", ".join(parts) + "}"
