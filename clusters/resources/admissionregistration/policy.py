"""ValidatingAdmissionPolicy and MutatingAdmissionPolicy: rules in CEL. Their expressions are compiled by whoever
evaluates them. Models: kubernetes, registry/admissionregistration and its validation.
"""

from __future__ import annotations

from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    invalid,
    not_supported,
    required,
    too_many,
)
from clusters.machinery.names import c_identifier, dns1035_label, qualified_name
from clusters.machinery.types import Obj
from clusters.resources.admissionregistration.expressions import expression_errors
from clusters.resources.admissionregistration.rules import (
    FAILURE_POLICIES,
    conditions_errors,
    default_match,
    match_errors,
)
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, count
from clusters.resources.common.columns import AGE, NAME

GROUP = "admissionregistration.k8s.io"
REASONS = frozenset({"Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"})
MAX_AUDIT_ANNOTATIONS = 20
_SPEC = Path("spec")
_NOTHING = "validations or auditAnnotations must contain at least one item"


class _PolicyStrategy(Strategy):
    has_generation = True
    allow_unconditional_update = False
    status_keeps_metadata = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        if spec.get("failurePolicy") is None:
            spec["failurePolicy"] = "Fail"
        if spec.get("matchConstraints") is not None:
            default_match(spec["matchConstraints"])

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)


class ValidatingPolicyStrategy(_PolicyStrategy):
    def default(self, obj: Obj) -> None:
        super().default(obj)
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        errors = _shared_errors(spec)
        validations, audits = spec.get("validations") or (), spec.get("auditAnnotations") or ()
        if not validations and not audits:
            errors += [required(_SPEC.child(name), _NOTHING) for name in ("validations", "auditAnnotations")]
        for i, validation in enumerate(validations):
            errors += _validation_errors(validation, _SPEC.child("validations").index(i))
        if len(audits) > MAX_AUDIT_ANNOTATIONS:
            path = _SPEC.child("auditAnnotations")
            errors.append(too_many(path, len(audits), MAX_AUDIT_ANNOTATIONS))
        seen: set[str] = set()
        for i, audit in enumerate(audits):
            path, key = _SPEC.child("auditAnnotations").index(i), audit.get("key", "")
            if not key:
                errors.append(required(path.child("key"), "key is not specified"))
            else:
                errors += [invalid(path.child("key"), key, text) for text in qualified_name(key)]
            if not (audit.get("valueExpression") or "").strip():
                why = "valueExpression is not specified"
                errors.append(required(path.child("valueExpression"), why))
            if key in seen:
                errors.append(duplicate(path.child("key"), key))
            seen.add(key)
        return errors + expression_errors(spec, mutating=False)


class MutatingPolicyStrategy(_PolicyStrategy):
    def default(self, obj: Obj) -> None:
        super().default(obj)
        if not obj["spec"].get("reinvocationPolicy"):
            obj["spec"]["reinvocationPolicy"] = "Never"

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        errors = _shared_errors(spec)
        mutations, path = spec.get("mutations") or (), _SPEC.child("mutations")
        if not mutations:
            errors.append(required(path, "mutations must contain at least one item"))
        for i, mutation in enumerate(mutations):
            errors += _mutation_errors(mutation, path.index(i))
        policy = spec.get("reinvocationPolicy", "")
        if policy not in ("Never", "IfNeeded"):
            path = _SPEC.child("reinvocationPolicy")
            errors.append(not_supported(path, policy, frozenset({"Never", "IfNeeded"})))
        return errors + expression_errors(spec, mutating=True)


def _shared_errors(spec: Obj) -> ErrorList:
    errors: ErrorList = []
    policy = spec.get("failurePolicy")
    if policy not in FAILURE_POLICIES:
        errors.append(not_supported(_SPEC.child("failurePolicy"), policy, FAILURE_POLICIES))
    if spec.get("paramKind") is not None:
        errors += _param_kind_errors(spec["paramKind"], _SPEC.child("paramKind"))
    match, path = spec.get("matchConstraints"), _SPEC.child("matchConstraints")
    if match is None:
        errors.append(required(path))
    else:
        errors += match_errors(match, path)
        if not match.get("resourceRules"):
            errors.append(required(path.child("resourceRules")))
    errors += conditions_errors(spec.get("matchConditions") or (), _SPEC.child("matchConditions"))
    for i, variable in enumerate(spec.get("variables") or ()):
        at_, name = _SPEC.child("variables").index(i), variable.get("name", "")
        if not name:
            errors.append(required(at_.child("name"), "name is not specified"))
        elif c_identifier(name):
            errors.append(invalid(at_.child("name"), name, "name is not a valid CEL identifier"))
        if not (variable.get("expression") or "").strip():
            errors.append(required(at_.child("expression"), "expression is not specified"))
    return errors


def _param_kind_errors(kind: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    version, name = kind.get("apiVersion", ""), kind.get("kind", "")
    if not version:
        errors.append(required(path.child("apiVersion")))
    elif version.count("/") > 1:
        errors.append(invalid(path.child("apiVersion"), version, f"unexpected GroupVersion string: {version}"))
    if not name:
        errors.append(required(path.child("kind")))
    else:
        wrong = dns1035_label(name.lower())
        if wrong:
            why = "may have mixed case, but should otherwise match: " + ",".join(wrong)
            errors.append(invalid(path.child("kind"), name, why))
    return errors


def _validation_errors(validation: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    expression, message = (validation.get("expression") or "").strip(), validation.get("message", "")
    if not expression:
        errors.append(required(path.child("expression"), "expression is not specified"))
    if validation.get("messageExpression") and not validation["messageExpression"].strip():
        why = "must be non-empty if specified"
        errors.append(invalid(path.child("messageExpression"), validation["messageExpression"], why))
    if message and not message.strip():
        errors.append(invalid(path.child("message"), message, "message must be non-empty if specified"))
    elif "\n" in message.strip():
        errors.append(invalid(path.child("message"), message, "message must not contain line breaks"))
    elif "\n" in expression and not message:
        why = "message must be specified if expression contains line breaks"
        errors.append(required(path.child("message"), why))
    reason = validation.get("reason")
    if reason is not None and reason not in REASONS:
        errors.append(not_supported(path.child("reason"), reason, REASONS))
    return errors


def _mutation_errors(mutation: Obj, path: Path) -> ErrorList:
    kind = mutation.get("patchType", "")
    sources = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
    if not kind:
        return [required(path.child("patchType"))]
    if kind not in sources:
        return [not_supported(path.child("patchType"), kind, frozenset(sources))]
    errors: ErrorList = []
    for word, name in sources.items():
        source = mutation.get(name)
        if word != kind:
            if source is not None:
                errors.append(invalid(path.child(name), source, f"must be omitted if patchType is not {word}"))
        elif source is None:
            errors.append(required(path.child(name), f"must be specified when patchType is {word}"))
        elif not (source.get("expression") or "").strip():
            errors.append(required(path.child(name, "expression"), "expression is not specified"))
    return errors


def _param_kind(obj: Obj, now: int) -> str:
    kind = at(obj, "spec", "paramKind")
    return f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else "<unset>"


_PARAM_KIND = Column(
    name="ParamKind",
    description="ParamKind specifies the kind of resources used to parameterize this policy",
    value=_param_kind,
)

VALIDATING_POLICY = Resource(
    group=GROUP,
    name="validatingadmissionpolicies",
    kind="ValidatingAdmissionPolicy",
    singular="validatingadmissionpolicy",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy"),),
    categories=("api-extensions",),
    subresources=(Subresource(name="status"),),
    strategy=ValidatingPolicyStrategy(),
    columns=(
        NAME,
        Column(
            name="Validations",
            type="integer",
            description="Validations indicates the number of validation rules defined in this configuration",
            value=count("spec", "validations"),
        ),
        _PARAM_KIND,
        AGE,
    ),
)

MUTATING_POLICY = Resource(
    group=GROUP,
    name="mutatingadmissionpolicies",
    kind="MutatingAdmissionPolicy",
    singular="mutatingadmissionpolicy",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy"),),
    categories=("api-extensions",),
    strategy=MutatingPolicyStrategy(),
    columns=(
        NAME,
        Column(
            name="Mutations",
            type="integer",
            description="Mutation indicates the number of mutations rules defined in this configuration",
            value=count("spec", "mutations"),
        ),
        _PARAM_KIND,
        AGE,
    ),
)
