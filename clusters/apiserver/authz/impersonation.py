"""Impersonation: acting as somebody else, by the narrow modes first, then by the old verb `impersonate`.

A narrow mode needs two rights: to be that identity (`impersonate:MODE`) and to do this very thing as one of its
kind (`impersonate-on:MODE:VERB`). A refusal is worded by the first mode that applies.
Models: apiserver, pkg/endpoints/filters/impersonation (KEP-5284).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from clusters.apiserver.authz.attributes import MASTERS, Attributes, forbidden
from clusters.apiserver.call import Call
from clusters.machinery import names
from clusters.machinery.errors import BadRequest, Forbidden
from clusters.machinery.field import go_quote
from clusters.machinery.types import UserInfo

if TYPE_CHECKING:
    from clusters.apiserver.authz.chain import Authorizer

AUTHENTICATION = "authentication.k8s.io"
ANONYMOUS = "system:anonymous"
ALL_AUTHENTICATED = "system:authenticated"
ALL_UNAUTHENTICATED = "system:unauthenticated"
NODE_NAME = "authentication.kubernetes.io/node-name"
MANY = 4
_EXTRA = "impersonate-extra-"


@dataclass(slots=True)
class Wanted:
    """Whom the headers ask to be."""

    name: str
    uid: str = ""
    groups: list[str] = field(default_factory=list)
    extra: dict[str, list[str]] = field(default_factory=dict)

    @property
    def only_name(self) -> bool:
        return not (self.uid or self.groups or self.extra)


def wanted_of(headers: list[tuple[str, str]]) -> Wanted | None:
    """Whom the Impersonate headers name; None if there are none. Raises BadRequest."""
    wanted = Wanted("")
    for key, value in headers:
        if key == "impersonate-user":
            wanted.name = wanted.name or value
        elif key == "impersonate-uid":
            wanted.uid = wanted.uid or value
        elif key == "impersonate-group":
            wanted.groups.append(value)
        elif key.startswith(_EXTRA):
            wanted.extra.setdefault(unquote(key[len(_EXTRA) :]), []).append(value)
    if wanted.name:
        return wanted
    if wanted.only_name:
        return None
    raise BadRequest(f"requested {_go(wanted)} without impersonating a user name")


def _go(wanted: Wanted) -> str:
    """`%#v` of Go's user.DefaultInfo."""
    groups = "[]string(nil)"
    if wanted.groups:
        groups = "[]string{" + ", ".join(f'"{g}"' for g in wanted.groups) + "}"
    extra = "map[string][]string(nil)"
    if wanted.extra:
        pairs = ", ".join(
            f'"{k}":[]string{{{", ".join(chr(34) + v + chr(34) for v in vs)}}}'
            for k, vs in sorted(wanted.extra.items())
        )
        extra = f"map[string][]string{{{pairs}}}"
    return f'&user.DefaultInfo{{Name:"", UID:"{wanted.uid}", Groups:{groups}, Extra:{extra}}}'


def service_account_of(name: str) -> tuple[str, str] | None:
    """(namespace, name) of `system:serviceaccount:NAMESPACE:NAME`."""
    prefix = "system:serviceaccount:"
    if not name.startswith(prefix):
        return None
    namespace, _, account = name[len(prefix) :].partition(":")
    if not account or ":" in account:
        return None
    if names.dns1123_label(namespace) or names.dns1123_subdomain(account):
        return None
    return namespace, account


def node_of(name: str) -> str | None:
    """NODE of `system:node:NODE`."""
    prefix = "system:node:"
    if not name.startswith(prefix) or names.dns1123_subdomain(name[len(prefix) :]):
        return None
    return name[len(prefix) :]


class Impersonation:
    """Resolves the Impersonate headers of a request."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def resolve(self, call: Call) -> UserInfo:
        """Whom the request acts as. Raises Forbidden, BadRequest."""
        requestor = call.user
        wanted = wanted_of(list(call.request.headers))
        if wanted is None:
            return requestor
        attrs = Attributes.of(requestor, call.info)
        first: Forbidden | None = None
        for mode in _modes(wanted, requestor):
            try:
                return self._constrained(mode, wanted, attrs)
            except Forbidden as refusal:
                first = first or refusal
        try:
            return self._check(wanted, requestor, "impersonate", constrained=False)
        except Forbidden as refusal:
            raise (first or refusal) from None

    def _constrained(self, mode: str, wanted: Wanted, attrs: Attributes) -> UserInfo:
        self._require(replace(attrs, verb=f"impersonate-on:{mode}:{attrs.verb}"))
        return self._check(wanted, attrs.user, f"impersonate:{mode}", constrained=True)

    def _require(self, attrs: Attributes) -> None:
        decision = self._authorizer.authorize(attrs)
        if not decision.allowed:
            raise forbidden(attrs, decision.reason)

    def _check(self, wanted: Wanted, requestor: UserInfo, verb: str, *, constrained: bool) -> UserInfo:
        group = AUTHENTICATION if constrained else ""
        base = Attributes(requestor, verb, group, "v1", "users", name=wanted.name)
        account, node = service_account_of(wanted.name), node_of(wanted.name)
        if constrained and node is not None:
            name = "*" if verb.endswith("associated-node") else node
            base = replace(base, resource="nodes", name=name)
        elif account is not None:
            base = replace(base, resource="serviceaccounts", namespace=account[0], name=account[1])
        self._require(base)
        ids = Attributes(requestor, verb, AUTHENTICATION, "v1", "uids", name=wanted.uid)
        if wanted.uid:
            self._require(ids)
        self._groups(wanted, replace(base, resource="groups", namespace="", name=""), constrained)
        self._extra(wanted, replace(ids, resource="userextras", name=""), constrained)
        if constrained and node is not None:
            return _as(Wanted(wanted.name, groups=["system:nodes"]))
        return _as(wanted)

    def _groups(self, wanted: Wanted, attrs: Attributes, constrained: bool) -> None:
        if not wanted.groups:
            return
        if constrained:
            if "" in wanted.groups:
                raise forbidden(attrs, "impersonating the empty string group is not allowed")
            if MASTERS in wanted.groups:
                why = "impersonating the system:masters group is not allowed"
                raise forbidden(replace(attrs, name=MASTERS), why)
            if len(wanted.groups) >= MANY and self._allowed(replace(attrs, name="*")):
                return
        for name in wanted.groups:
            self._require(replace(attrs, name=name))

    def _extra(self, wanted: Wanted, attrs: Attributes, constrained: bool) -> None:
        if not wanted.extra:
            return
        if constrained and (problem := _extra_problem(wanted.extra)):
            raise forbidden(attrs, problem)
        many = max(len(wanted.extra), sum(map(len, wanted.extra.values()))) >= MANY
        if constrained and many and self._allowed(replace(attrs, subresource="*", name="*")):
            return
        for key, values in wanted.extra.items():
            for value in values:
                self._require(replace(attrs, subresource=key, name=value))

    def _allowed(self, attrs: Attributes) -> bool:
        return self._authorizer.authorize(attrs).allowed


def _extra_problem(extra: dict[str, list[str]]) -> str:
    """Why a narrow mode would not have these extras; "" if it does."""
    for key, values in extra.items():
        if not key:
            return "impersonating the empty string key in extra is not allowed"
        domain, _, path = key.partition("/")
        if not domain or not path:
            error: str = f'Invalid value: {go_quote(key)}: must be a domain-prefixed path (such as "acme.io/foo")'
        else:
            error = "; ".join(f"Invalid value: {go_quote(domain)}: {why}" for why in names.dns1123_subdomain(domain))
        if error:
            return f"impersonating an invalid key in extra is not allowed: extra.key: {error}"
        if "" in values:
            return "impersonating the empty string value in extra is not allowed"
    return ""


def _modes(wanted: Wanted, requestor: UserInfo) -> list[str]:
    """The narrow modes that apply, in the order in which they are tried."""
    node, account = node_of(wanted.name), service_account_of(wanted.name)
    if node is not None:
        if not wanted.only_name:
            return []
        own = requestor.extra.get(NODE_NAME) == [node] and service_account_of(requestor.name) is not None
        return ["associated-node", "arbitrary-node"] if own else ["arbitrary-node"]
    if account is not None:
        return ["serviceaccount"] if wanted.only_name else []
    return ["user-info"]


def _as(wanted: Wanted) -> UserInfo:
    """The impersonated user, with the groups that go without saying."""
    groups = list(wanted.groups)
    account = service_account_of(wanted.name)
    if account is not None and not groups:
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{account[0]}"]
    if wanted.name == ANONYMOUS:
        if ALL_UNAUTHENTICATED not in groups:
            groups.append(ALL_UNAUTHENTICATED)
    elif ALL_UNAUTHENTICATED not in groups and ALL_AUTHENTICATED not in groups:
        groups.append(ALL_AUTHENTICATED)
    return UserInfo(wanted.name, tuple(groups), wanted.uid, wanted.extra)
