"""ValidatingAdmissionPolicy: rules in CEL that refuse, warn or only note.

A policy holds through its bindings; each binding's parameters evaluate it anew. The first refusal is the answer.
Models: apiserver, pkg/admission/plugin/policy/validating/{dispatcher,validator}.go.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from clusters.admission.plugin import Plugin, forbidden
from clusters.admission.policies.activation import Activation, Failed
from clusters.admission.policies.match import exempt, matches
from clusters.admission.policies.params import BadParams, collect
from clusters.machinery.cel import CelError, Program
from clusters.machinery.cel.types import BOOL, NULL, STRING
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.admissionregistration.expressions import BadExpression, Expressions
from clusters.resources.base import Resource

_GROUP = "admissionregistration.k8s.io"
POLICIES = f"validatingadmissionpolicies.{_GROUP}"
BINDINGS = f"validatingadmissionpolicybindings.{_GROUP}"
CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413, "Invalid": 422}
FAILURE = "validation.policy.admission.k8s.io/validation_failure"
MAX_MESSAGE = 5 * 1024
MAX_NOTE = 10 * 1024


class _Validation:
    """One validation, compiled."""

    def __init__(self, spec: Obj, expressions: Expressions, known: dict[str, Any]) -> None:
        self.spec = spec
        self.program = expressions.compile(spec["expression"], BOOL, known=known)
        self.message: Program | None = None
        if (spec.get("messageExpression") or "").strip():
            self.message = expressions.compile(spec["messageExpression"], STRING, known=known, authorizer=False)


class _Policy:
    """A policy, compiled. `problem`: it does not compile (it was stored by somebody who did not check)."""

    def __init__(self, spec: Obj) -> None:
        expressions = Expressions(spec)
        self.problem = ""
        self.known: dict[str, Any] = {}
        self.conditions: list[Program] = []
        self.validations: list[_Validation] = []
        self.audits: list[tuple[str, Program]] = []
        try:
            self.conditions = [
                expressions.compile(c["expression"].strip(), BOOL) for c in spec.get("matchConditions") or ()
            ]
            self.known = dict(expressions.variables())
            self.validations = [_Validation(v, expressions, self.known) for v in spec.get("validations") or ()]
            self.audits = [
                (a["key"], expressions.compile(a["valueExpression"].strip(), STRING, NULL, known=self.known))
                for a in spec.get("auditAnnotations") or ()
            ]
        except BadExpression as error:
            self.problem = str(error)


@lru_cache(maxsize=512)
def _compiled(spec: bytes) -> _Policy:
    return _Policy(orjson.loads(spec))


class _Denial(Exception):
    """What a validation said."""

    def __init__(self, message: str, reason: str = "", index: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.index = index
        """Of the validation."""


class ValidatingAdmissionPolicy(Plugin):
    name = "ValidatingAdmissionPolicy"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return not exempt(resource.group, resource.name) and not resource.internal

    def validate(self, attrs: Attributes) -> None:
        bindings = attrs.lookup.list(BINDINGS)
        if not bindings:
            return
        by_policy: dict[str, list[Obj]] = {}
        for binding in bindings:
            by_policy.setdefault(binding["spec"]["policyName"], []).append(binding)
        denials: list[tuple[Obj, Obj | None, _Denial]] = []
        for policy in attrs.lookup.list(POLICIES):
            bound = by_policy.get(policy["metadata"]["name"])
            if bound and matches(attrs, policy["spec"].get("matchConstraints")):
                denials += self._judge(attrs, policy, bound)
        if denials:
            raise _refusal(attrs, *denials[0])

    def _judge(self, attrs: Attributes, policy: Obj, bindings: list[Obj]) -> list[tuple[Obj, Obj | None, _Denial]]:
        out: list[tuple[Obj, Obj | None, _Denial]] = []
        compiled = _compiled(orjson.dumps(policy["spec"]))
        fails = policy["spec"].get("failurePolicy") != "Ignore"
        noted: dict[str, list[str]] = {}
        for binding in bindings:
            if not matches(attrs, binding["spec"].get("matchResources")):
                continue
            try:
                params = collect(attrs, policy, binding)
            except BadParams as error:
                if fails:
                    what = "binding" if error.binding else "policy"
                    denial = _Denial(f"failed to configure {what}: {error}")
                    out.append((policy, binding if error.binding else None, denial))
                continue
            for each in params:
                for denial in _evaluate(attrs, compiled, each, noted, fails=fails):
                    _act(attrs, policy, binding, denial, out)
        for key, values in noted.items():
            attrs.ctx.annotations[f"{policy['metadata']['name']}/{key}"] = ", ".join(values)
        return out


def _act(
    attrs: Attributes, policy: Obj, binding: Obj, denial: _Denial, out: list[tuple[Obj, Obj | None, _Denial]]
) -> None:
    """Refuse, warn or only note, as the binding wants."""
    actions = binding["spec"].get("validationActions") or ()
    if "Deny" in actions:
        out.append((policy, binding, denial))
    if "Warn" in actions:
        names = f"'{policy['metadata']['name']}' with binding '{binding['metadata']['name']}'"
        attrs.ctx.warnings.append(f"Validation failed for ValidatingAdmissionPolicy {names}: {denial}")
    if "Audit" in actions:
        failure = {
            "message": str(denial),
            "policy": policy["metadata"]["name"],
            "binding": binding["metadata"]["name"],
            "expressionIndex": denial.index,
            "validationActions": list(actions),
        }
        attrs.ctx.annotations[FAILURE] = orjson.dumps([failure]).decode()


def _evaluate(
    attrs: Attributes, policy: _Policy, params: Obj | None, noted: dict[str, list[str]], *, fails: bool
) -> list[_Denial]:
    """All denials of one evaluation; failures count if the policy wants (`fails`). What is to be told the audit log
    goes to `noted`."""
    activation = Activation(attrs, attrs.obj, params, policy.known)
    out: list[_Denial] = []
    try:
        if policy.problem:
            raise Failed(policy.problem)
        if not conditions_hold(activation, policy.conditions):
            return []
    except Failed as error:
        return [_Denial(str(error))] if fails else []
    for i, validation in enumerate(policy.validations):
        try:
            if activation.run(validation.program) is not True:
                out.append(_Denial(_message(activation, validation), validation.spec.get("reason") or "", i))
        except Failed as error:
            if fails:
                out.append(_Denial(str(error), index=i))
    for key, audit in policy.audits:
        try:
            text = activation.run(audit)
            values = noted.setdefault(key, []) if isinstance(text, str) and text.strip() else None
            if values is not None and text.strip()[:MAX_NOTE] not in values:
                values.append(text.strip()[:MAX_NOTE])
        except Failed as error:
            if fails:
                out.append(_Denial(str(error)))
    return out


def conditions_hold(activation: Activation, conditions: list[Program]) -> bool:
    """Whether all match conditions do; one that does not outweighs one that fails. Raises Failed."""
    failure: Failed | None = None
    for condition in conditions:
        try:
            if activation.run(condition) is not True:
                return False
        except Failed as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return True


def _message(activation: Activation, validation: _Validation) -> str:
    if validation.message is not None:
        try:
            text = activation.value_of(validation.message)
        except CelError:
            text = ""
        text = text.strip() if isinstance(text, str) else ""
        if text and "\n" not in text and len(text.encode()) <= MAX_MESSAGE:
            return text
    custom: str = (validation.spec.get("message") or "").strip()
    return custom or f"failed expression: {validation.spec['expression'].strip()}"


def _refusal(attrs: Attributes, policy: Obj, binding: Obj | None, denial: _Denial) -> ApiError:
    name = policy["metadata"]["name"]
    by = f" with binding '{binding['metadata']['name']}'" if binding is not None else ""
    message = f"ValidatingAdmissionPolicy '{name}'{by} denied request: {denial}"
    error = forbidden(attrs, message, [{"message": message}])
    error.reason = denial.reason or "Invalid"
    error.code = CODES.get(error.reason, 422)
    return error
