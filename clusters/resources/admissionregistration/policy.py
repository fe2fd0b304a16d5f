"""ValidatingAdmissionPolicy and MutatingAdmissionPolicy: rules in CEL. Their expressions are compiled by whoever
evaluates them. Models: kubernetes, registry/admissionregistration and its validation.
"""

from __future__ import annotations

from clusters.machinery.cel.types import BOOL, NULL, STRING
from clusters.machinery.field import ErrorList, Path, duplicate, invalid, not_supported, required
from clusters.machinery.names import c_identifier, dns1035_label, dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.admissionregistration.expressions import Checker, mutation_types
from clusters.resources.admissionregistration.rules import (
    FAILURE_POLICIES,
    conditions_errors,
    default_match,
    match_errors,
    mutable_errors,
)
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, count
from clusters.resources.common.checks import needed, qualified
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.conditions import condition_errors
from clusters.resources.common.shown import Shape, shown

GROUP = "admissionregistration.k8s.io"
REASONS = frozenset({"Forbidden", "Invalid", "RequestEntityTooLarge"})
REINVOCATION = ("Never", "IfNeeded")
CEL_RESERVED = frozenset({"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function"})
CEL_RESERVED |= {"if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while"}
MAX_AUDIT_ANNOTATIONS = 20
MAX_VALUE_EXPRESSION = 5 * 1024
_SOURCES = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
_AUDIT: Shape = (("Key", "key", ""), ("ValueExpression", "valueExpression", ""))
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

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return self._errors(obj, conditions=True)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        """Conditions that are as they were are not looked at again."""
        same = all(new["spec"].get(name) == old["spec"].get(name) for name in ("paramKind", "matchConditions"))
        return self._errors(new, conditions=not same)

    def _errors(self, obj: Obj, *, conditions: bool) -> ErrorList:
        raise NotImplementedError


class ValidatingPolicyStrategy(_PolicyStrategy):
    def default(self, obj: Obj) -> None:
        super().default(obj)
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}

    def _errors(self, obj: Obj, *, conditions: bool) -> ErrorList:
        spec = obj["spec"]
        checker = Checker(spec, mutating=False)
        errors = _shared_errors(spec, checker, conditions=conditions, mutating=False)
        validations, audits = spec.get("validations") or (), spec.get("auditAnnotations") or ()
        if not validations and not audits:
            errors += [required(_SPEC.child(name), _NOTHING) for name in ("validations", "auditAnnotations")]
        for i, validation in enumerate(validations):
            errors += _validation_errors(validation, checker, _SPEC.child("validations").index(i))
        path = _SPEC.child("auditAnnotations")
        if len(audits) > MAX_AUDIT_ANNOTATIONS:
            listed = [shown(audit, _AUDIT) for audit in audits]
            errors.append(invalid(path, listed, f"must not have more than {MAX_AUDIT_ANNOTATIONS} auditAnnotations"))
        seen: set[str] = set()
        for i, audit in enumerate(audits):
            key = audit.get("key", "")
            errors += _audit_errors(audit, obj["metadata"].get("name", ""), checker, path.index(i))
            if key in seen:
                errors.append(duplicate(path.index(i).child("key"), key))
            seen.add(key)
        return errors

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        path = Path("status").child("typeChecking", "expressionWarnings")
        errors: ErrorList = []
        for i, warning in enumerate(at(new, "status", "typeChecking", "expressionWarnings") or ()):
            errors += needed(warning, "warning", path.index(i))
            if not warning.get("fieldRef", "").strip():
                errors.append(required(path.index(i).child("fieldRef")))
        return errors + condition_errors(at(new, "status", "conditions"), Path("status").child("conditions"))


class MutatingPolicyStrategy(_PolicyStrategy):
    def _errors(self, obj: Obj, *, conditions: bool) -> ErrorList:
        spec = obj["spec"]
        checker = Checker(spec, mutating=True)
        errors = _shared_errors(spec, checker, conditions=conditions, mutating=True)
        mutations, path = spec.get("mutations") or (), _SPEC.child("mutations")
        if not mutations:
            errors.append(required(path, "mutations must contain at least one item"))
        for i, mutation in enumerate(mutations):
            errors += _mutation_errors(mutation, checker, path.index(i))
        policy, path = spec.get("reinvocationPolicy") or "", _SPEC.child("reinvocationPolicy")
        if policy not in REINVOCATION:
            errors.append(not_supported(path, policy, REINVOCATION) if policy else required(path))
        return errors


def _shared_errors(spec: Obj, checker: Checker, *, conditions: bool, mutating: bool) -> ErrorList:
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
        errors += match_errors(match, path) + needed(match, "resourceRules", path)
        errors += mutable_errors(match, path) if mutating else []
    if conditions:
        errors += conditions_errors(spec.get("matchConditions") or (), _SPEC.child("matchConditions"), checker)
    for i, variable in enumerate(spec.get("variables") or ()):
        errors += _variable_errors(variable, checker, _SPEC.child("variables").index(i))
    return errors


def _variable_errors(variable: Obj, checker: Checker, path: Path) -> ErrorList:
    name, source = variable.get("name", ""), variable.get("expression") or ""
    errors: ErrorList = []
    if not name.strip():
        errors.append(required(path.child("name"), "name is not specified"))
    elif c_identifier(name) or name in CEL_RESERVED:
        errors.append(invalid(path.child("name"), name, "must be a valid CEL identifier"))
    path = path.child("expression")
    if not source.strip():
        return [*errors, required(path, "expression is not specified")]
    return errors + checker.variable(name, source, path)


def _param_kind_errors(kind: Obj, path: Path) -> ErrorList:
    version, name, at_ = kind.get("apiVersion", ""), kind.get("kind", ""), path.child("apiVersion")
    errors: ErrorList = []
    if not version:
        errors.append(required(at_))
    elif version.count("/") > 1:
        errors.append(invalid(at_, version, f"unexpected GroupVersion string: {version}"))
    else:
        group, _, bare = version.rpartition("/")
        wrong = dns1123_subdomain(group) if group else []
        errors += [invalid(at_, group, ",".join(wrong))] if wrong else []
        wrong = dns1035_label(bare) if bare else []
        errors += [invalid(at_, bare, ",".join(wrong))] if wrong else []
        errors += [] if bare else [invalid(at_, version, "version must be specified")]
    if not name:
        errors.append(required(path.child("kind")))
    else:
        wrong = dns1035_label(name.lower())
        if wrong:
            why = "may have mixed case, but should otherwise match: " + ",".join(wrong)
            errors.append(invalid(path.child("kind"), name, why))
    return errors


def _validation_errors(validation: Obj, checker: Checker, path: Path) -> ErrorList:
    source, message = validation.get("expression") or "", validation.get("message", "")
    at_ = path.child("expression")
    if source.strip():
        errors = checker.expression(source, at_, BOOL)
    else:
        errors = [required(at_, "expression is not specified")]
    worded, at_ = validation.get("messageExpression") or "", path.child("messageExpression")
    if worded.strip():
        errors += checker.expression(worded, at_, STRING, authorizer=False)
    elif worded:
        errors.append(invalid(at_, worded, "must be non-empty if specified"))
    at_ = path.child("message")
    if message and not message.strip():
        errors.append(invalid(at_, message, "must be non-empty if specified"))
    elif any(end in message.strip() for end in "\r\n"):
        errors.append(invalid(at_, message, "must not contain line breaks"))
    reason = validation.get("reason")
    if reason is not None and reason not in REASONS:
        errors.append(not_supported(path.child("reason"), reason, REASONS))
    return errors


def _audit_errors(audit: Obj, policy: str, checker: Checker, path: Path) -> ErrorList:
    source = audit.get("valueExpression") or ""
    errors = qualified(f"{policy}/{audit.get('key', '')}", path.child("key"))
    at_ = path.child("valueExpression")
    if not source.strip():
        return [*errors, required(at_, "valueExpression is not specified")]
    if len(source.strip().encode()) > MAX_VALUE_EXPRESSION:
        return [*errors, required(at_, f"must not exceed {MAX_VALUE_EXPRESSION} bytes in length")]
    return errors + checker.expression(source.strip(), at_, STRING, NULL, shown=source)


def _mutation_errors(mutation: Obj, checker: Checker, path: Path) -> ErrorList:
    kind, errors = mutation.get("patchType", ""), ErrorList()
    if kind not in _SOURCES:
        at_ = path.child("patchType")
        return [not_supported(at_, kind, frozenset(_SOURCES)) if kind else required(at_)]
    name = _SOURCES[kind]
    if mutation.get(name) is None:
        errors.append(required(path.child(name), f"must be specified when patchType is {kind}"))
    else:
        source, at_ = (mutation[name].get("expression") or "").strip(), path.child(name, "expression")
        wanted = dict(mutation_types(mutation))[name]
        errors += checker.expression(source, at_, wanted) if source else [required(at_)]
    for other in _SOURCES.values():
        if other != name and mutation.get(other) is not None:
            why = f"must not be specified when patchType is {kind}"
            errors.append(invalid(path.child(other), f"{{{other}}}", why))
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
