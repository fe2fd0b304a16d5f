"""What is doubtful about the expressions of a ValidatingAdmissionPolicy once the kinds that it is about are known.

Only told, never refused: a policy may be about kinds that do not have the same fields.
Models: apiserver, pkg/admission/plugin/policy/validating/typechecking.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from clusters.machinery import schema
from clusters.machinery.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    ObjectType,
    Type,
    list_of,
    map_of,
)
from clusters.machinery.types import Obj
from clusters.resources.admissionregistration.expressions import BadExpression, Expressions
from clusters.resources.base import Resource
from clusters.resources.dynamic.cel_types import cel_type, escaped

MAX_TYPES = 10
_SCALARS = {
    schema.STRING: STRING,
    schema.INT: INT,
    schema.FLOAT: DOUBLE,
    schema.BOOL: BOOL,
    schema.BYTES: BYTES,
    schema.TIME: TIMESTAMP,
    schema.MICRO_TIME: TIMESTAMP,
}


class Kind(NamedTuple):
    group: str
    version: str
    kind: str

    def __str__(self) -> str:
        return f"{self.group}/{self.version}, Kind={self.kind}"


class Served(NamedTuple):
    """One version of one resource, as expressions see its objects."""

    kind: Kind
    resource: str
    type: Type


Warnings = list[dict[str, str]]


def built_in(resources: tuple[Resource, ...]) -> Iterator[Served]:
    """The versions of built-in resources."""
    for resource in resources:
        if resource.internal:
            continue
        for version in resource.versions:
            found = version.type
            if found is not None:
                kind = Kind(resource.group, version.name, resource.kind)
                yield Served(kind, resource.name, _declared(found, {}))


def defined(definition: Obj) -> Iterator[Served]:
    """The versions of custom resources."""
    spec = definition["spec"]
    for version in spec.get("versions") or ():
        found = cel_type((version.get("schema") or {}).get("openAPIV3Schema") or {}, root=True)
        if version.get("served") and found is not None:
            kind = Kind(spec["group"], version["name"], spec["names"]["kind"])
            yield Served(kind, spec["names"]["plural"], found)


class _Fields(dict[str, Type]):
    """Fields of a struct, made when first asked for: some types contain themselves."""

    def __init__(self, make: Callable[[], Mapping[str, Type]]) -> None:
        super().__init__()
        self._make: Callable[[], Mapping[str, Type]] | None = make

    def get(self, key: str, default: Type | None = None) -> Type | None:  # type: ignore[override]
        if self._make is not None:
            made, self._make = self._make(), None
            self.update(made)
        return super().get(key, default)


def _declared(node: schema.Type, known: dict[int, Type]) -> Type:
    if isinstance(node, schema.ListType):
        return list_of(_declared(node.items, known))
    if isinstance(node, schema.MapType):
        return map_of(STRING, _declared(node.values, known))
    if not isinstance(node, schema.ObjectType):
        return _SCALARS.get(node.kind, DYN)
    found = known.get(id(node))
    if found is None:
        struct = node

        def make() -> Mapping[str, Type]:
            named = ((escaped(name), field.type) for name, field in struct.fields.items())
            return {key: _declared(type_, known) for key, type_ in named if key is not None}

        found = known[id(node)] = ObjectType(node.name, _Fields(make))
    return found


def warnings(policy: Obj, served: Callable[[], Iterator[Served]]) -> Warnings:
    """`status.typeChecking.expressionWarnings`."""
    spec = policy["spec"]
    everything = list(served())
    about = _about(spec, everything)
    params = _params(spec, everything)
    out: Warnings = []
    for i, validation in enumerate(spec.get("validations") or ()):
        for name in ("expression", "messageExpression"):
            problems = [_problem(spec, each, params, validation[name]) for each in about if validation.get(name)]
            found = [text for text in problems if text]
            if found:
                out.append({"fieldRef": f"spec.validations[{i}].{name}", "warning": "\n".join(found)})
    return out


def _about(spec: Obj, served: list[Served]) -> list[Served]:
    """The kinds that a policy names, at most so many."""
    found: dict[Kind, Served] = {}
    for rule in (spec.get("matchConstraints") or {}).get("resourceRules") or ():
        groups, versions = rule.get("apiGroups") or (), rule.get("apiVersions") or ()
        if any("*" in word for word in (*groups, *versions)):
            continue
        names = [name for name in rule.get("resources") or () if "*" not in name and "/" not in name]
        count = 0
        for each in sorted(served, key=lambda one: (one.kind.group, one.kind.version, one.resource)):
            if each.kind.group in groups and each.kind.version in versions and each.resource in names:
                found[each.kind] = each
                count += 1
                if count == MAX_TYPES:
                    return [found[kind] for kind in sorted(found)]
    return [found[kind] for kind in sorted(found)]


def _params(spec: Obj, served: list[Served]) -> Type | None:
    kind = spec.get("paramKind")
    if kind is None:
        return None
    group, _, version = kind.get("apiVersion", "").rpartition("/")
    wanted = Kind(group, version, kind.get("kind", ""))
    return next((each.type for each in served if each.kind == wanted), None)


def _problem(spec: Obj, about: Served, params: Type | None, source: str) -> str:
    known = {"object": about.type, "oldObject": about.type}
    if params is not None:
        known["params"] = params
    expressions = Expressions(spec, types=known)
    try:
        expressions.compile(source, known=expressions.variables())
    except BadExpression as error:
        return f"{about.kind}: {str(error).removeprefix('compilation failed: ')}\n"
    return ""
