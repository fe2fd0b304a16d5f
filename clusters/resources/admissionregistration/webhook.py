"""Webhook configurations: stored and validated; the playground calls out only where its operator allows hosts.

Models: kubernetes, registry/admissionregistration and its validation.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path, duplicate, invalid, not_supported, required
from clusters.machinery.names import dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.admissionregistration.policy import GROUP
from clusters.resources.admissionregistration.rules import (
    FAILURE_POLICIES,
    MATCH_POLICIES,
    conditions_errors,
    default_rules,
    rule_errors,
)
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import count
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.labels import selector_errors
from clusters.resources.common.webhooks import SERVICE_PORT, client_errors

TIMEOUT_SECONDS = 10
SIDE_EFFECTS = frozenset({"None", "NoneOnDryRun"})
REINVOCATION = frozenset({"Never", "IfNeeded"})
REVIEW_VERSIONS = ("v1", "v1beta1")


class WebhookStrategy(Strategy):
    has_generation = True
    allow_unconditional_update = False

    def __init__(self, *, mutating: bool) -> None:
        self._mutating = mutating

    def default(self, obj: Obj) -> None:
        for hook in obj.get("webhooks") or ():
            for name, value in (
                ("failurePolicy", "Fail"),
                ("matchPolicy", "Equivalent"),
                ("timeoutSeconds", TIMEOUT_SECONDS),
            ):
                if hook.get(name) is None:
                    hook[name] = value
            hook.setdefault("namespaceSelector", {})
            hook.setdefault("objectSelector", {})
            if self._mutating and hook.get("reinvocationPolicy") is None:
                hook["reinvocationPolicy"] = "Never"
            service = (hook.get("clientConfig") or {}).get("service")
            if service is not None and service.get("port") is None:
                service["port"] = SERVICE_PORT
            default_rules(hook.get("rules"))

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors: ErrorList = []
        seen: set[str] = set()
        for i, hook in enumerate(obj.get("webhooks") or ()):
            path, name = Path("webhooks").index(i), hook.get("name", "")
            errors += _hook_errors(hook, path)
            if self._mutating and hook.get("reinvocationPolicy") not in REINVOCATION:
                policy = hook.get("reinvocationPolicy")
                errors.append(not_supported(path.child("reinvocationPolicy"), policy, REINVOCATION))
            if name:
                if name in seen:
                    errors.append(duplicate(path.child("name"), name))
                seen.add(name)
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)


def _name_errors(name: str, path: Path) -> ErrorList:
    if not name:
        return [required(path)]
    wrong = dns1123_subdomain(name)
    if wrong:
        return [invalid(path, name, ",".join(wrong))]
    if name.count(".") < 2:
        return [invalid(path, name, "should be a domain with at least three segments separated by dots")]
    return []


def _hook_errors(hook: Obj, path: Path) -> ErrorList:
    errors = _name_errors(hook.get("name", ""), path.child("name"))
    errors += _version_errors(hook.get("admissionReviewVersions") or (), path.child("admissionReviewVersions"))
    for i, rule in enumerate(hook.get("rules") or ()):
        errors += rule_errors(rule, path.child("rules").index(i))
    for name, known in (("failurePolicy", FAILURE_POLICIES), ("matchPolicy", MATCH_POLICIES)):
        if hook.get(name) not in known:
            errors.append(not_supported(path.child(name), hook.get(name), known))
    effects = hook.get("sideEffects")
    if effects is None:
        errors.append(required(path.child("sideEffects"), "must specify one of None, NoneOnDryRun"))
    elif effects not in SIDE_EFFECTS:
        errors.append(not_supported(path.child("sideEffects"), effects, SIDE_EFFECTS))
    seconds = hook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        why = "the timeout value must be between 1 and 30 seconds"
        errors.append(invalid(path.child("timeoutSeconds"), seconds, why))
    for name in ("namespaceSelector", "objectSelector"):
        errors += selector_errors(hook.get(name), path.child(name))
    errors += client_errors(hook.get("clientConfig") or {}, path.child("clientConfig"))
    return errors + conditions_errors(hook.get("matchConditions") or (), path.child("matchConditions"))


def _version_errors(versions: Sequence[str], path: Path) -> ErrorList:
    if not versions:
        return [required(path, f"must specify one of {', '.join(REVIEW_VERSIONS)}")]
    errors: ErrorList = [
        invalid(path.index(i), version, "duplicate version")
        for i, version in enumerate(versions)
        if version in versions[:i]
    ]
    if not set(versions) & set(REVIEW_VERSIONS):
        why = f"must include at least one of {', '.join(REVIEW_VERSIONS)}"
        errors.append(invalid(path, list(versions), why))
    return errors


def _configuration(kind: str, *, mutating: bool) -> Resource:
    return Resource(
        group=GROUP,
        name=kind.lower() + "s",
        kind=kind,
        singular=kind.lower(),
        namespaced=False,
        versions=(Version(name="v1", schema=f"io.k8s.api.admissionregistration.v1.{kind}"),),
        categories=("api-extensions",),
        strategy=WebhookStrategy(mutating=mutating),
        columns=(
            NAME,
            Column(
                name="Webhooks",
                type="integer",
                description="Webhooks indicates the number of webhooks registered in this configuration",
                value=count("webhooks"),
            ),
            AGE,
        ),
    )


VALIDATING_WEBHOOKS = _configuration("ValidatingWebhookConfiguration", mutating=False)
MUTATING_WEBHOOKS = _configuration("MutatingWebhookConfiguration", mutating=True)
