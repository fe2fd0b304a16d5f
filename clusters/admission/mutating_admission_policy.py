"""MutatingAdmissionPolicy: changes in CEL, as configurations to be applied or as JSON patches.

Policies run in the order of their names, once; one that asks to (`IfNeeded`) runs again if another changed the
object after it. Models: apiserver, pkg/admission/plugin/policy/mutating (dispatcher.go, patch/).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from clusters.admission.plugin import Plugin, forbidden
from clusters.admission.policies.activation import Activation, Failed
from clusters.admission.policies.match import exempt, matches
from clusters.admission.policies.params import BadParams, collect
from clusters.admission.validating_admission_policy import CODES, conditions_hold
from clusters.machinery import decode
from clusters.machinery.cel import Program
from clusters.machinery.cel.types import BOOL
from clusters.machinery.cel.values import Duration, ObjectValue, Opaque, Timestamp, Uint
from clusters.machinery.errors import ApiError
from clusters.machinery.patch import merging
from clusters.machinery.patch.json import JsonPatchError, apply_json_patch
from clusters.machinery.patch.typed import ABSENT, TypedError, granular, member_type
from clusters.machinery.schema import LIST, MAP, OBJECT, ListType, ObjectType, Type
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.admissionregistration.expressions import BadExpression, Expressions, mutation_types
from clusters.resources.base import Resource

_GROUP = "admissionregistration.k8s.io"
POLICIES = f"mutatingadmissionpolicies.{_GROUP}"
BINDINGS = f"mutatingadmissionpolicybindings.{_GROUP}"
_ATOMIC = "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: "


class _Policy:
    """A policy, compiled."""

    def __init__(self, spec: Obj) -> None:
        expressions = Expressions(spec, mutating=True)
        self.problem = ""
        self.known: dict[str, Any] = {}
        self.conditions: list[Program] = []
        self.mutations: list[tuple[str, Program]] = []
        try:
            self.conditions = [expressions.compile(c["expression"], BOOL) for c in spec.get("matchConditions") or ()]
            self.known = dict(expressions.variables())
            for mutation in spec.get("mutations") or ():
                for name, wanted in mutation_types(mutation):
                    source = mutation[name]["expression"]
                    self.mutations.append((name, expressions.compile(source, wanted, known=self.known)))
        except BadExpression as error:
            self.problem = str(error)


@lru_cache(maxsize=512)
def _compiled(spec: bytes) -> _Policy:
    return _Policy(orjson.loads(spec))


class MutatingAdmissionPolicy(Plugin):
    name = "MutatingAdmissionPolicy"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        stored = operation in ("CREATE", "UPDATE")
        return stored and not exempt(resource.group, resource.name) and not resource.internal

    def admit(self, attrs: Attributes) -> None:
        bindings = attrs.lookup.list(BINDINGS)
        if not bindings or attrs.obj is None:
            return
        by_policy: dict[str, list[Obj]] = {}
        for binding in bindings:
            by_policy.setdefault(binding["spec"]["policyName"], []).append(binding)
        errors: list[str] = []
        again: list[tuple[Obj, list[Obj]]] = []
        for policy in attrs.lookup.list(POLICIES):
            bound = by_policy.get(policy["metadata"]["name"])
            if not bound or not matches(attrs, policy["spec"].get("matchConstraints")):
                continue
            changed = _mutate(attrs, policy, bound, errors)
            if changed:
                for earlier, its in again:
                    _mutate(attrs, earlier, its, errors)
            if policy["spec"].get("reinvocationPolicy") == "IfNeeded":
                again.append((policy, bound))
        if errors:
            raise _refusal(attrs, errors)


def _mutate(attrs: Attributes, policy: Obj, bindings: list[Obj], errors: list[str]) -> bool:
    """Run a policy through its bindings; whether it changed the object. Failures go to `errors`."""
    compiled = _compiled(orjson.dumps(policy["spec"]))
    name, fails = policy["metadata"]["name"], policy["spec"].get("failurePolicy") != "Ignore"
    changed = False
    for binding in bindings:
        if not matches(attrs, binding["spec"].get("matchResources")):
            continue
        by = f" with binding '{binding['metadata']['name']}'"
        try:
            for params in collect(attrs, policy, binding):
                changed |= _run(attrs, compiled, params)
        except BadParams as error:
            if fails:
                what = "binding" if error.binding else "policy"
                errors.append(
                    f"policy '{name}'{by if error.binding else ''} denied request: failed to configure {what}: {error}"
                )
        except Failed as error:
            if fails:
                errors.append(f"policy '{name}'{by} denied request: {error}")
    return changed


def _run(attrs: Attributes, policy: _Policy, params: Obj | None) -> bool:
    """One invocation: all its mutations, in order. Raises Failed."""
    assert attrs.obj is not None
    if policy.problem:
        raise Failed(policy.problem)
    if not conditions_hold(Activation(attrs, attrs.obj, params, policy.known), policy.conditions):
        return False
    changed = False
    for name, program in policy.mutations:
        value = Activation(attrs, attrs.obj, params, policy.known).run(program)
        patched = _applied(attrs, value) if name == "applyConfiguration" else _patched(attrs.obj, value)
        if patched is None or patched == attrs.obj:
            continue
        _replace(attrs, patched)
        changed = True
    return changed


def _type_of(attrs: Attributes) -> ObjectType:
    described = attrs.resource.version(attrs.resource.stored_as) or attrs.resource.versions[0]
    found = described.type
    if found is None:
        raise Failed(f"Resource kind {attrs.resource.kind} not found.")
    return found


def _replace(attrs: Attributes, patched: Obj) -> None:
    """The object becomes what the mutation made of it, as its type holds it, with its defaults."""
    assert attrs.obj is not None
    type_ = _type_of(attrs)
    meta = attrs.obj["metadata"]
    identity = {k: attrs.obj[k] for k in ("apiVersion", "kind") if k in attrs.obj}
    try:
        new, _ = decode.convert(patched, type_)
    except decode.DecodeError as error:
        raise Failed(str(error)) from None
    fresh = new.pop("metadata", {})
    attrs.obj.clear()
    attrs.obj.update(identity | new)
    # Others hold on to the metadata: it stays the same mapping.
    meta.clear()
    meta.update(fresh)
    attrs.obj["metadata"] = meta
    private = orjson.loads(orjson.dumps({k: v for k, v in attrs.obj.items() if k != "metadata"}))
    attrs.obj.update(private)
    attrs.resource.strategy.default(attrs.obj)


# -- configurations ------------------------------------------------------------------------------------------


def _applied(attrs: Attributes, value: Any) -> Obj:
    """The object with a configuration applied. Raises Failed."""
    assert attrs.obj is not None
    if not isinstance(value, ObjectValue):
        raise Failed("type mismatch: ApplyConfiguration.expression should evaluate to Object")
    _check_names(value, "Object")
    config = _plain(value)
    type_ = _type_of(attrs)
    _check_atomic(type_, config, "")
    meta = config.get("metadata")
    forbidden_meta = [k for k in ("name", "namespace", "uid") if isinstance(meta, dict) and k in meta]
    if "apiVersion" in config or "kind" in config or forbidden_meta:
        raise Failed("error applying patch: apiVersion, kind and the object's identity may not be changed")
    try:
        merged = merging.merge(type_, attrs.obj, config)
    except TypedError as error:
        raise Failed(f"error applying patch: {error}") from None
    out: Obj = merged if merged is not ABSENT else {}
    return out


def _check_names(value: Any, expected: str) -> None:
    """`Object.spec{...}` may only stand at `spec`."""
    if isinstance(value, ObjectValue):
        if value.type_name != expected:
            raise Failed(
                f'type mismatch: unexpected type name "{value.type_name}", expected "{expected}", which matches'
                " field name path from root Object type"
            )
        for name, item in value.items():
            _check_names(item, f"{expected}.{name}")
    elif isinstance(value, list):
        for item in value:
            _check_names(item, expected)


def _check_atomic(node: Type, value: Any, path: str) -> None:
    """Lists, maps and structs that are one thing cannot be changed in part."""
    if isinstance(value, list):
        if node.kind == LIST and not granular(node, value):
            raise Failed(_ATOMIC + path)
        if isinstance(node, ListType):
            for item in value:
                _check_atomic(node.items, item, path)
    elif isinstance(value, dict) and node.kind in (OBJECT, MAP):
        if not granular(node, value):
            raise Failed(_ATOMIC + path)
        for key, item in value.items():
            child = member_type(node, key)
            if child is not None:
                _check_atomic(child, item, f"{path}.{key}")


# -- JSON patches --------------------------------------------------------------------------------------------


def _patched(obj: Obj, value: Any) -> Obj | None:
    """The object with a JSON patch applied; None if a test of it says no. Raises Failed."""
    if not isinstance(value, list):
        raise Failed("type mismatch: JSONPatchType.expression should evaluate to array")
    operations: list[dict[str, Any]] = []
    for each in value:
        if not isinstance(each, dict):
            raise Failed("type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch")
        operations.append({k: _plain(v) for k, v in each.items() if k != "from" or v})
    try:
        patched = apply_json_patch(obj, operations)
    except JsonPatchError as error:
        if error.why.endswith("test failed"):
            return None
        raise Failed(f"JSONPath: {error.why}") from None
    except ApiError as error:
        raise Failed(f"JSONPath: {error.message}") from None
    if not isinstance(patched, dict):
        raise Failed("JSONPath: the result is no object")
    return patched


def _plain(value: Any) -> Any:
    """A CEL value as JSON."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, Uint):
        return int(value)
    if isinstance(value, Timestamp | Duration | Opaque):
        return str(value)
    return value


def _refusal(attrs: Attributes, errors: list[str]) -> ApiError:
    error = forbidden(attrs, "", [{"message": text} for text in errors])
    error.message = errors[0]
    error.reason, error.code = "Invalid", CODES["Invalid"]
    return error
