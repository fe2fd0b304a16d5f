"""Webhook configurations: stored and validated; the playground calls out only where its operator allows hosts.

Models: kubernetes, registry/admissionregistration and its validation.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path, duplicate, invalid, not_supported, required
from clusters.machinery.names import dns1035_label, dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.admissionregistration.expressions import Checker
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
ALL_SIDE_EFFECTS = SIDE_EFFECTS | {"Some", "Unknown"}
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
        return self._errors(obj.get("webhooks") or (), ())

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        """What was wrong before (or is as it was) may stay."""
        return self._errors(new.get("webhooks") or (), old.get("webhooks") or ())

    def _errors(self, hooks: Sequence[Obj], old: Sequence[Obj]) -> ErrorList:
        errors: ErrorList = []
        seen: set[str] = set()
        conditions = [h.get("matchConditions") for h in hooks] != [h.get("matchConditions") for h in old]
        known = all(not _review_problem(h) for h in old)
        quiet = all(h.get("sideEffects") in SIDE_EFFECTS for h in old)
        unique = len({h.get("name") for h in old}) == len(old)
        for i, hook in enumerate(hooks):
            path, name = Path("webhooks").index(i), hook.get("name", "")
            errors += self._hook_errors(hook, path, quiet=quiet, conditions=conditions)
            errors += _version_errors(hook, path.child("admissionReviewVersions"), known=known)
            if unique and name in seen:
                errors.append(duplicate(path.child("name"), name))
            seen |= {name} if name else set()
        return errors

    def _hook_errors(self, hook: Obj, path: Path, *, quiet: bool, conditions: bool) -> ErrorList:
        errors = _name_errors(hook.get("name", ""), path.child("name"))
        for i, rule in enumerate(hook.get("rules") or ()):
            errors += rule_errors(rule, path.child("rules").index(i))
        for name, known in (("failurePolicy", FAILURE_POLICIES), ("matchPolicy", MATCH_POLICIES)):
            if hook.get(name) not in known:
                errors.append(not_supported(path.child(name), hook.get(name), known))
        effects, allowed = hook.get("sideEffects"), SIDE_EFFECTS if quiet else ALL_SIDE_EFFECTS
        if not effects:
            why = f"must specify one of {', '.join(sorted(allowed))}"
            errors.append(required(path.child("sideEffects"), why))
        elif effects not in allowed:
            errors.append(not_supported(path.child("sideEffects"), effects, allowed))
        seconds = hook.get("timeoutSeconds")
        if seconds is not None and not 1 <= seconds <= 30:
            why = "the timeout value must be between 1 and 30 seconds"
            errors.append(invalid(path.child("timeoutSeconds"), seconds, why))
        for name in ("namespaceSelector", "objectSelector"):
            errors += selector_errors(hook.get(name), path.child(name))
        policy = hook.get("reinvocationPolicy")
        if self._mutating and policy not in REINVOCATION:
            errors.append(not_supported(path.child("reinvocationPolicy"), policy, REINVOCATION))
        errors += client_errors(hook.get("clientConfig") or {}, path.child("clientConfig"))
        if not conditions:
            return errors
        checker = Checker({}, mutating=False)
        return errors + conditions_errors(hook.get("matchConditions") or (), path.child("matchConditions"), checker)


def _name_errors(name: str, path: Path) -> ErrorList:
    if not name:
        return [required(path)]
    wrong = dns1123_subdomain(name)
    if wrong:
        return [invalid(path, name, ",".join(wrong))]
    if name.count(".") < 2:
        return [invalid(path, name, "should be a domain with at least three segments separated by dots")]
    return []


def _review_problem(hook: Obj) -> bool:
    versions = hook.get("admissionReviewVersions") or ()
    return bool(versions) and not set(versions) & set(REVIEW_VERSIONS)


def _version_errors(hook: Obj, path: Path, *, known: bool) -> ErrorList:
    """`known`: one that the server speaks must be among them."""
    versions = hook.get("admissionReviewVersions") or []
    if not versions:
        return [required(path, f"must specify one of {', '.join(REVIEW_VERSIONS)}")]
    errors: ErrorList = []
    for i, version in enumerate(versions):
        if version in versions[:i]:
            errors.append(invalid(path.index(i), version, "duplicate version"))
        else:
            errors += [invalid(path.index(i), version, text) for text in dns1035_label(version)]
    if known and _review_problem(hook):
        errors.append(invalid(path, versions, f"must include at least one of {', '.join(REVIEW_VERSIONS)}"))
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
