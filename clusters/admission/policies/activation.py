"""What the expressions of a policy see of a write.

Models: apiserver, pkg/admission/plugin/cel/{activation,condition}.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.machinery.cel import CelError, CostExceeded, Program
from clusters.machinery.cel.library.authorizers import Question, authorizer
from clusters.machinery.cel.program import PER_CALL_LIMIT
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.attributes import Attributes
from clusters.resources.admissionregistration.expressions import BadExpression
from clusters.resources.common.authorization import decide

BUDGET = 10_000_000
"""What all expressions of one policy may cost for one write."""
_OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}
_VERBS = {"CREATE": "create", "UPDATE": "update", "DELETE": "delete", "CONNECT": "connect"}


class Failed(Exception):
    """An expression failed; the text is the server's."""


class Variables(dict[str, Any]):
    """The policy's variables: evaluated when first read, once."""

    def __init__(self, activation: Activation, programs: Mapping[str, Program | BadExpression]) -> None:
        super().__init__()
        self._activation = activation
        self._programs = programs

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self and name in self._programs:
            program = self._programs[name]
            if isinstance(program, BadExpression):
                raise CelError(f"composited variable {name!r} fails to compile: {program}")
            try:
                self[name] = self._activation.value_of(program)
            except CostExceeded:
                raise
            except CelError as error:
                raise CelError(f"composited variable {_quoted(name)} fails to evaluate: {error}") from None
        return super().get(name, default)

    def cel_get(self, name: str, missing: Any) -> Any:
        return self.get(name, missing)


def _quoted(name: str) -> str:
    return f'"{name}"'


class Activation:
    """The variables of one evaluation of a policy, and its budget."""

    def __init__(
        self,
        attrs: Attributes,
        obj: Obj | None,
        params: Obj | None,
        programs: Mapping[str, Program | BadExpression],
    ) -> None:
        self.left = BUDGET
        self.names: dict[str, Any] = {
            "object": obj,
            "oldObject": attrs.old,
            "request": request_of(attrs),
            "params": params,
            "namespaceObject": _namespace(attrs),
            "authorizer": authorizer(lambda question: _ask(attrs, question), _own_question(attrs)),
        }
        self.names["variables"] = Variables(self, programs)

    def value_of(self, program: Program) -> Any:
        """Raises CelError."""
        value, cost = program.evaluate(self.names, min(self.left, PER_CALL_LIMIT))
        self.left -= cost
        return value

    def run(self, program: Program) -> Any:
        """Raises Failed, in the server's words."""
        try:
            return self.value_of(program)
        except CostExceeded:
            text = "validation failed due to running out of cost budget, no further validation rules will be run"
            raise Failed(text) from None
        except CelError as error:
            raise Failed(f"expression '{program.source}' resulted in error: {error}") from None


def request_of(attrs: Attributes) -> Obj:
    """An AdmissionRequest."""
    resource = attrs.resource
    version = attrs.version or resource.stored_as
    group, kind_version, name = attrs.kind or (resource.group, version, resource.kind)
    kind = {"group": group, "version": kind_version, "kind": name}
    where = {"group": resource.group, "version": version, "resource": resource.name}
    user: Obj = {"username": attrs.user.name, "groups": list(attrs.user.groups)}
    if attrs.user.uid:
        user["uid"] = attrs.user.uid
    if attrs.user.extra:
        user["extra"] = {k: list(v) for k, v in attrs.user.extra.items()}
    out: Obj = {
        "kind": kind,
        "resource": where,
        "requestKind": kind,
        "requestResource": where,
        "name": attrs.name,
        "namespace": attrs.namespace,
        "operation": attrs.operation,
        "userInfo": user,
        "dryRun": attrs.dry_run,
        "options": _options(attrs),
    }
    if attrs.subresource:
        out["subResource"] = out["requestSubResource"] = attrs.subresource
    return out


def _options(attrs: Attributes) -> Obj | None:
    """What the client wanted besides; a patch is an update here."""
    kind = _OPTIONS.get(attrs.operation)
    if kind is None:
        return None
    return {"kind": kind, "apiVersion": "meta.k8s.io/v1"} | {
        name: value for name, value in attrs.options.items() if name not in ("kind", "apiVersion", "force")
    }


def _namespace(attrs: Attributes) -> Obj | None:
    if not attrs.namespace or attrs.resource.qualified == "namespaces":
        return None
    return attrs.lookup.get("namespaces", "", attrs.namespace)


def _own_question(attrs: Attributes) -> Question:
    resource = attrs.resource
    return Question(
        verb=_VERBS.get(attrs.operation, ""),
        group=resource.group,
        resource=resource.name,
        subresource=attrs.subresource,
        namespace=attrs.namespace,
        name=attrs.name,
    )


def _ask(attrs: Attributes, question: Question) -> tuple[bool, str]:
    user = attrs.user
    if question.account is not None:
        space, name = question.account
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{space}", "system:authenticated")
        user = UserInfo(f"system:serviceaccount:{space}:{name}", groups)
    return decide(
        attrs.lookup,
        user,
        question.verb,
        question.group,
        f"{question.resource}/{question.subresource}" if question.subresource else question.resource,
        question.name,
        namespace=question.namespace,
        path=question.path,
    )
