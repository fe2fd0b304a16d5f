"""MutatingAdmissionPolicy: changes in CEL, as configurations to be applied or as JSON patches.

Policies run in the order of their names. If one changes the object, the whole chain looks at it once more, and of
the policies those that ask to (`IfNeeded`). Models: apiserver, pkg/admission/plugin/policy/mutating (dispatcher.go,
patch/).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from clusters.admission.plugin import Plugin, forbidden
from clusters.admission.policies.activation import Activation, Failed
from clusters.admission.policies.match import exempt, matches
from clusters.admission.policies.params import BadParams, collect
from clusters.admission.validating_admission_policy import conditions_hold
from clusters.machinery import decode, schema
from clusters.machinery.cel import Program
from clusters.machinery.cel.types import BOOL
from clusters.machinery.cel.values import Duration, ObjectValue, Opaque, Timestamp, Uint
from clusters.machinery.errors import ApiError
from clusters.machinery.field import go_quote
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
            self.conditions = [
                expressions.compile(c["expression"].strip(), BOOL) for c in spec.get("matchConditions") or ()
            ]
            self.known = dict(expressions.variables())
            for mutation in spec.get("mutations") or ():
                for name, wanted in mutation_types(mutation):
                    source = mutation[name]["expression"].strip()
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
        errors: list[_Error] = []
        invocations: list[_Invocation] = []
        for policy in attrs.lookup.list(POLICIES):
            bound = by_policy.get(policy["metadata"]["name"])
            if bound and matches(attrs, policy["spec"].get("matchConstraints")):
                invocations += _invocations(attrs, policy, bound, errors)
        asked, attrs.again = attrs.again, set()
        for invocation in invocations:
            if asked is None or invocation.key in asked:
                _invoke(attrs, invocation, errors)
            if invocation.policy["spec"].get("reinvocationPolicy") == "IfNeeded":
                attrs.again.add(invocation.key)
        if errors:
            raise _refusal(attrs, errors)


class _Error(NamedTuple):
    message: str
    reason: str


class _Invocation(NamedTuple):
    """A policy through one of its bindings, with one parameter."""

    policy: Obj
    binding: Obj
    params: Obj | None

    @property
    def key(self) -> tuple[str, ...]:
        meta = (self.params or {}).get("metadata") or {}
        names = (self.policy["metadata"]["name"], self.binding["metadata"]["name"])
        return (*names, meta.get("namespace", ""), meta.get("name", ""))

    def said(self, error: Exception) -> str:
        return f"{_by(self.policy, self.binding)} denied request: {error}"


def _by(policy: Obj, binding: Obj | None) -> str:
    name = policy["metadata"]["name"]
    if binding is None:
        return f"policy {go_quote(name)}"
    return f"policy '{name}' with binding '{binding['metadata']['name']}'"


def _fails(policy: Obj) -> bool:
    return bool(policy["spec"].get("failurePolicy") != "Ignore")


def _invocations(attrs: Attributes, policy: Obj, bindings: list[Obj], errors: list[_Error]) -> list[_Invocation]:
    out: list[_Invocation] = []
    for binding in bindings:
        if not matches(attrs, binding["spec"].get("matchResources")):
            continue
        try:
            out += [_Invocation(policy, binding, params) for params in collect(attrs, policy, binding)]
        except BadParams as error:
            if _fails(policy):
                what = "binding" if error.binding else "policy"
                by = _by(policy, binding if error.binding else None)
                errors.append(_Error(f"{by} denied request: failed to configure {what}: {error}", ""))
            if not error.binding:
                break
    return out


def _invoke(attrs: Attributes, invocation: _Invocation, errors: list[_Error]) -> None:
    """All mutations of one invocation, in order; one that fails does not keep the others from being made."""
    assert attrs.obj is not None
    policy, params = _compiled(orjson.dumps(invocation.policy["spec"])), invocation.params
    mutations: list[tuple[str, Program]] = []
    try:
        if policy.problem:
            raise Failed(policy.problem)
        if conditions_hold(Activation(attrs, attrs.obj, params, policy.known), policy.conditions):
            mutations = policy.mutations
    except Failed as error:
        errors += [_Error(invocation.said(error), "Invalid")] if _fails(invocation.policy) else []
    for name, program in mutations:
        try:
            value = Activation(attrs, attrs.obj, params, policy.known).run(program)
            patched = _applied(attrs, value) if name == "applyConfiguration" else _patched(attrs.obj, value)
            if patched is not None and patched != attrs.obj:
                _replace(attrs, patched)
                attrs.changed = True
        except Failed as error:
            errors += [_Error(invocation.said(error), "Invalid")] if _fails(invocation.policy) else []


def _type_of(attrs: Attributes) -> ObjectType:
    if attrs.kind is not None:
        group, version, name = attrs.kind
        package = (group or "core").partition(".")[0]
        return schema.definitions().type(f"io.k8s.api.{package}.{version}.{name}")
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
    if attrs.kind is None:
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
    atomics = ", ".join(_atomics(type_, config, ""))
    if atomics:
        raise Failed(_ATOMIC + atomics)
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


def _atomics(node: Type, value: Any, path: str) -> Iterator[str]:
    """Where a configuration speaks of lists, maps and structs that are one thing: they cannot be changed in part."""
    if isinstance(value, list):
        if node.kind == LIST and not granular(node, value):
            yield path
        if isinstance(node, ListType):
            for i, item in enumerate(value):
                yield from _atomics(node.items, item, f"{path}[{i}]")
    elif isinstance(value, dict) and node.kind in (OBJECT, MAP):
        if not granular(node, value):
            yield path
        for key, item in value.items():
            child = member_type(node, key)
            if child is not None:
                yield from _atomics(child, item, f"{path}.{key}")


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


def _refusal(attrs: Attributes, errors: list[_Error]) -> ApiError:
    error = forbidden(attrs, "", [{"message": each.message} for each in errors])
    error.message = errors[0].message
    error.reason = errors[0].reason or error.reason
    return error
