"""Bindings of admission policies: where they hold, with which parameters, and to what effect.

Models: kubernetes, registry/admissionregistration and its validation.
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, duplicate, forbidden, invalid, not_supported, required
from clusters.machinery.names import dns1123_subdomain, path_segment_name
from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj
from clusters.resources.admissionregistration.policy import GROUP
from clusters.resources.admissionregistration.rules import default_match, match_errors, mutable_errors
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.labels import selector_errors

ACTIONS = frozenset({"Audit", "Deny", "Warn"})
_SPEC = Path("spec")
_BOTH = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and"
    " headers serves no purpose)"
)
_EXCLUSIVE = "name and selector are mutually exclusive"


class BindingStrategy(Strategy):
    has_generation = True
    allow_unconditional_update = False

    def __init__(self, *, actions: bool) -> None:
        self._actions = actions

    def default(self, obj: Obj) -> None:
        match = obj.setdefault("spec", {}).get("matchResources")
        if match is not None:
            default_match(match)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        errors: ErrorList = []
        name, path = spec.get("policyName", ""), _SPEC.child("policyName")
        if name:
            errors += [invalid(path, name, text) for text in dns1123_subdomain(name)]
        else:
            errors.append(required(path))
        if spec.get("paramRef") is not None:
            errors += _param_ref_errors(spec["paramRef"], _SPEC.child("paramRef"))
        if spec.get("matchResources") is not None:
            match, path = spec["matchResources"], _SPEC.child("matchResources")
            errors += match_errors(match, path) + ([] if self._actions else mutable_errors(match, path))
        return errors + (_action_errors(spec.get("validationActions") or []) if self._actions else [])

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)


def _param_ref_errors(ref: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    name, selector = ref.get("name", ""), ref.get("selector")
    if name:
        errors += [invalid(path.child("name"), name, text) for text in path_segment_name(name)]
        if selector is not None:
            errors.append(forbidden(path.child("name"), _EXCLUSIVE))
    if selector is not None:
        errors += selector_errors(selector, path.child("selector"))
        if name:
            errors.append(forbidden(path.child("selector"), _EXCLUSIVE))
    if not name and selector is None:
        errors.append(required(path, "one of name or selector must be specified"))
    action, at_ = ref.get("parameterNotFoundAction"), path.child("parameterNotFoundAction")
    if not action:
        errors.append(required(at_))
    elif action not in ("Deny", "Allow"):
        errors.append(not_supported(at_, action, ("Deny", "Allow")))
    return errors


def _action_errors(actions: list[str]) -> ErrorList:
    path = _SPEC.child("validationActions")
    errors: ErrorList = []
    for i, action in enumerate(actions):
        if action not in ACTIONS:
            errors.append(not_supported(path.index(i), action, ACTIONS))
        if action in actions[:i]:
            errors.append(duplicate(path.index(i), action))
    if "Deny" in actions and "Warn" in actions:
        errors.append(invalid(path, actions, _BOTH))
    if not actions:
        errors.append(required(path, "at least one validation action is required"))
    return errors


def _param_ref(obj: Obj, now: int) -> str:
    ref = at(obj, "spec", "paramRef")
    if not ref:
        return "<unset>"
    if ref.get("name"):
        return f"{ref['namespace']}/{ref['name']}" if ref.get("namespace") else str(ref["name"])
    return from_label_selector(ref.get("selector") or {}).text() or "<none>"


_COLUMNS = (
    NAME,
    Column(
        name="PolicyName",
        description="PolicyName indicates the policy definition which the policy binding binded to",
        value=field("spec", "policyName"),
    ),
    Column(
        name="ParamRef",
        description="ParamRef indicates the param resource which sets the configration param",
        value=_param_ref,
    ),
    AGE,
)


def _binding(kind: str, *, actions: bool) -> Resource:
    return Resource(
        group=GROUP,
        name=kind.lower() + "s",
        kind=kind,
        singular=kind.lower(),
        namespaced=False,
        versions=(Version(name="v1", schema=f"io.k8s.api.admissionregistration.v1.{kind}"),),
        categories=("api-extensions",),
        strategy=BindingStrategy(actions=actions),
        columns=_COLUMNS,
    )


VALIDATING_BINDING = _binding("ValidatingAdmissionPolicyBinding", actions=True)
MUTATING_BINDING = _binding("MutatingAdmissionPolicyBinding", actions=False)
