"""`authorizer`: may the user of the request do something else, too. Models: apiserver, pkg/cel/library/authz.go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import BOOL, STRING, ObjectType, Type
from clusters.machinery.cel.values import Opaque
from clusters.machinery.names import dns1123_label, dns1123_subdomain

LIBRARY = Library()
_method = LIBRARY.method
_PATH = Type("kubernetes.authorization.PathCheck")
_GROUP = Type("kubernetes.authorization.GroupCheck")
_RESOURCE = Type("kubernetes.authorization.ResourceCheck")
_DECISION = Type("kubernetes.authorization.Decision")
AUTHORIZER = ObjectType("kubernetes.authorization.Authorizer", {"requestResource": _RESOURCE})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: about a path, or about a resource."""

    verb: str = ""
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    account: tuple[str, str] | None = None
    """(namespace, name) of the service account that it is asked for; None: the request's user."""


Ask = Callable[[Question], tuple[bool, str]]
"""Whether it is allowed, and why."""


@dataclass(frozen=True, slots=True)
class Check(Opaque):
    """An authorizer, or a question on its way to be one."""

    kind: Type
    ask: Ask
    question: Question
    request: Question | None = None

    @property
    def type(self) -> Type:  # type: ignore[override]
        return self.kind

    def cel_get(self, name: str, missing: Any) -> Any:
        if name == "requestResource" and self.request is not None:
            return Check(_RESOURCE, self.ask, self.request)
        return missing

    def __str__(self) -> str:
        return self.kind.name


@dataclass(frozen=True, slots=True)
class Decision(Opaque):
    is_allowed: bool
    reason: str = ""

    type = _DECISION

    def __str__(self) -> str:
        return "allowed" if self.is_allowed else "denied"


def authorizer(ask: Ask, request: Question) -> Check:
    """The variable's value; `request` is what the request itself asks for."""
    return Check(AUTHORIZER, ask, Question(), request)


def _with(kind: Type, field: str) -> Callable[[Check, str], Check]:
    def narrow(check: Check, text: str) -> Check:
        change: dict[str, Any] = {field: text}
        return replace(check, kind=kind, question=replace(check.question, **change))

    return narrow


def _some(field: str, narrow: Callable[[Check, str], Check]) -> Callable[[Check, str], Check]:
    """The same for what must not be blank."""

    def checked(check: Check, text: str) -> Check:
        if not text.strip():
            raise CelError(f"{field} must not be empty")
        return narrow(check, text)

    return checked


def _decide(check: Check, verb: str) -> Decision:
    return Decision(*check.ask(replace(check.question, verb=verb)))


def _service_account(check: Check, namespace: str, name: str) -> Check:
    if dns1123_subdomain(name):
        raise CelError("Invalid service account name")
    if dns1123_label(namespace):
        raise CelError("Invalid service account namespace")
    return replace(check, question=replace(check.question, account=(namespace, name)))


_method("path", [AUTHORIZER, STRING], _PATH)(_some("path", _with(_PATH, "path")))
_method("group", [AUTHORIZER, STRING], _GROUP)(_with(_GROUP, "group"))
_method("serviceAccount", [AUTHORIZER, STRING, STRING], AUTHORIZER)(_service_account)
_method("resource", [_GROUP, STRING], _RESOURCE)(_some("resource", _with(_RESOURCE, "resource")))
for _name in ("subresource", "namespace", "name"):
    _method(_name, [_RESOURCE, STRING], _RESOURCE)(_with(_RESOURCE, _name))
for _name in ("fieldSelector", "labelSelector"):
    # Roles know no selectors: what is allowed does not depend on them.
    _method(_name, [_RESOURCE, STRING], _RESOURCE)(lambda check, _selector: check)
_method("check", [_PATH, STRING], _DECISION)(_decide)
_method("check", [_RESOURCE, STRING], _DECISION)(_decide)
_method("allowed", [_DECISION], BOOL)(lambda decision: decision.is_allowed)
_method("reason", [_DECISION], STRING)(lambda decision: decision.reason)
_method("errored", [_DECISION], BOOL)(lambda _decision: False)
_method("error", [_DECISION], STRING)(lambda _decision: "")
LIBRARY.function("jsonpatch.escapeKey", [STRING], STRING)(lambda text: text.replace("~", "~0").replace("/", "~1"))
