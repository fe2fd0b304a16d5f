"""The expressions of admission policies: what they may refer to, and how they are compiled.

The policies' validation compiles them to refuse what does not compile; admission compiles the same again (once a
policy) to run it. Models: apiserver, pkg/admission/plugin/cel/compile.go and policy/mutating/compilation.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clusters.machinery.cel import CompileError, Env, Program
from clusters.machinery.cel.library.authorizers import AUTHORIZER
from clusters.machinery.cel.types import (
    BOOL,
    DYN,
    NULL,
    STRING,
    ObjectType,
    Type,
    list_of,
    map_of,
)
from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.types import Obj

_GVK = ObjectType("kubernetes.GroupVersionKind", {"group": STRING, "version": STRING, "kind": STRING})
_GVR = ObjectType("kubernetes.GroupVersionResource", {"group": STRING, "version": STRING, "resource": STRING})
_USER = ObjectType(
    "kubernetes.UserInfo",
    {
        "username": STRING,
        "uid": STRING,
        "groups": list_of(STRING),
        "extra": map_of(STRING, list_of(STRING)),
    },
)
REQUEST = ObjectType(
    "kubernetes.AdmissionRequest",
    {
        "kind": _GVK,
        "resource": _GVR,
        "subResource": STRING,
        "requestKind": _GVK,
        "requestResource": _GVR,
        "requestSubResource": STRING,
        "name": STRING,
        "namespace": STRING,
        "operation": STRING,
        "userInfo": _USER,
        "dryRun": BOOL,
        "options": DYN,
    },
)
_NAMESPACE = ObjectType(
    "kubernetes.Namespace",
    {
        "metadata": ObjectType(
            "kubernetes.NamespaceMetadata",
            {
                "name": STRING,
                "generateName": STRING,
                "namespace": STRING,
                "labels": map_of(STRING, STRING),
                "annotations": map_of(STRING, STRING),
                "UID": STRING,
                "creationTimestamp": DYN,
                "deletionGracePeriodSeconds": DYN,
                "deletionTimestamp": DYN,
                "generation": DYN,
                "resourceVersion": STRING,
                "finalizers": list_of(STRING),
            },
        ),
        "spec": ObjectType("kubernetes.NamespaceSpec", {"finalizers": list_of(STRING)}),
        "status": ObjectType("kubernetes.NamespaceStatus", {"phase": STRING}),
    },
)
OBJECT = ObjectType("Object", {}, open_=True)
JSON_PATCH = ObjectType("JSONPatch", {"op": STRING, "path": STRING, "from": STRING, "value": DYN})
STRUCTS: Mapping[str, Type] = {"Object": OBJECT, "JSONPatch": JSON_PATCH}


class BadExpression(ValueError):
    """The expression does not do; the text is the server's."""


Known = Mapping[str, Program | BadExpression]


@dataclass(slots=True)
class Expressions:
    """The environments of one policy."""

    spec: Obj
    mutating: bool = False
    types: Mapping[str, Type] | None = None
    """Types of `object`, `oldObject` and `params` where they are known; else they may be anything."""

    def variables(self) -> dict[str, Program | BadExpression]:
        """The policy's own variables; each may refer to those before it."""
        out: dict[str, Program | BadExpression] = {}
        for each in self.spec.get("variables") or ():
            try:
                out[each["name"]] = self.compile(each["expression"], known=out)
            except BadExpression as error:
                out[each["name"]] = error
        return out

    def compile(
        self,
        source: str,
        *returns: Type,
        known: Known | None = None,
        authorizer: bool = True,
    ) -> Program:
        """`returns`: types that it may evaluate to (none: any). `known`: the variables, if it may refer to them.
        Raises BadExpression."""
        names: dict[str, Type] = {"object": DYN, "oldObject": DYN, "request": REQUEST, "namespaceObject": _NAMESPACE}
        if self.types is not None:
            names |= self.types
        elif self.spec.get("paramKind") is not None:
            names["params"] = DYN
        if authorizer:
            names["authorizer"] = AUTHORIZER
        if known is not None:
            fields = {name: p.type if isinstance(p, Program) else DYN for name, p in known.items()}
            names["variables"] = ObjectType("kubernetes.variables", fields)
        try:
            program = Env(names, structs=STRUCTS if self.mutating else None).compile(source)
        except CompileError as error:
            raise BadExpression(f"compilation failed: {error}") from None
        if returns and program.type not in returns:
            words = [_word(t) for t in returns]
            raise BadExpression(
                f"must evaluate to {words[0]}" if len(words) == 1 else f"must evaluate to one of [{', '.join(words)}]"
            )
        return program


def _word(type_: Type) -> str:
    return "null_type" if type_ is NULL else str(type_)


class Checker:
    """The expressions of one policy as its validation meets them, in order: each variable may use those before it."""

    def __init__(self, spec: Obj, *, mutating: bool) -> None:
        self._expressions = Expressions(spec, mutating)
        self._known: dict[str, Program | BadExpression] = {}

    def condition(self, source: str, path: Path) -> ErrorList:
        """A match condition, which knows no variables."""
        return self._errors(path, source.strip(), source.strip(), BOOL, known=None)

    def variable(self, name: str, source: str, path: Path) -> ErrorList:
        try:
            self._known[name] = self._expressions.compile(source, known=self._known)
        except BadExpression as error:
            self._known[name] = error
            return [invalid(path, source, str(error))]
        return []

    def expression(
        self, source: str, path: Path, *returns: Type, authorizer: bool = True, shown: str | None = None
    ) -> ErrorList:
        """`shown`: how the refusal quotes it, if not as it was compiled."""
        told = source if shown is None else shown
        return self._errors(path, source, told, *returns, known=self._known, authorizer=authorizer)

    def _errors(
        self, path: Path, source: str, told: str, *returns: Type, known: Known | None, authorizer: bool = True
    ) -> ErrorList:
        try:
            self._expressions.compile(source, *returns, known=known, authorizer=authorizer)
        except BadExpression as error:
            return [invalid(path, told, str(error))]
        return []


def mutation_types(mutation: Obj) -> Sequence[tuple[str, Type]]:
    """Where a mutation's expression stands, and what it must give."""
    if mutation.get("patchType") == "ApplyConfiguration":
        return (("applyConfiguration", OBJECT),)
    if mutation.get("patchType") == "JSONPatch":
        return (("jsonPatch", list_of(JSON_PATCH)),)
    return ()
