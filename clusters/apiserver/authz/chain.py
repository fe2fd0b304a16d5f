"""Authorization as the server asks for it: masters, nodes, RBAC, in that order; and impersonation.

Decisions are remembered until a role or binding changes, because the same client asks the same again and
again. Models: apiserver, pkg/authorization/union and endpoints/filters/{authorization,impersonation}.go.
"""

from __future__ import annotations

from clusters.apiserver.authz.attributes import ALLOWED, MASTERS, Attributes, Decision, forbidden
from clusters.apiserver.authz.impersonation import Impersonation
from clusters.apiserver.authz.node import NodeAuthorizer
from clusters.apiserver.authz.rbac import RbacAuthorizer
from clusters.apiserver.call import Call
from clusters.apiserver.context import ClusterContext
from clusters.machinery.types import UserInfo
from clusters.registry.registry import Registry


def ask(registry: Registry, attrs: Attributes) -> Decision:
    """Whether an action is allowed, for who asks so rarely that keeping the roles at hand would not pay."""
    if MASTERS in attrs.user.groups:
        return ALLOWED
    rbac = RbacAuthorizer(registry.cache)
    try:
        return _decide(NodeAuthorizer(registry), rbac, attrs)
    finally:
        rbac.close()


def _decide(node: NodeAuthorizer, rbac: RbacAuthorizer, attrs: Attributes) -> Decision:
    by_node = node.authorize(attrs)
    if by_node.allowed:
        return by_node
    decision = rbac.authorize(attrs)
    if not decision.allowed and by_node.reason:
        return Decision(False, "\n".join(filter(None, (by_node.reason, decision.reason))))
    return decision


def note(call: Call, decision: Decision) -> None:
    """Tell the audit log."""
    call.annotations["authorization.k8s.io/decision"] = "allow" if decision.allowed else "forbid"
    call.annotations["authorization.k8s.io/reason"] = decision.reason


class Authorizer:
    """May they?"""

    def __init__(self, cluster: ClusterContext) -> None:
        self.rbac = RbacAuthorizer(cluster.registry.cache)
        self._cache = cluster.registry.cache
        self._node = NodeAuthorizer(cluster.registry)
        self._impersonation = Impersonation(self)

    def authorize(self, attrs: Attributes) -> Decision:
        """Whether an action is allowed, and by what."""
        if MASTERS in attrs.user.groups:
            return ALLOWED
        self._cache.refresh()
        return _decide(self._node, self.rbac, attrs)

    def require(self, call: Call) -> None:
        """Raises Forbidden if the request's user may not do what it asks."""
        if MASTERS in call.user.groups:
            note(call, ALLOWED)
            return
        attrs = Attributes.of(call.user, call.info)
        decision = self.authorize(attrs)
        note(call, decision)
        if not decision.allowed:
            raise forbidden(attrs, decision.reason)

    def require_create(self, call: Call) -> None:
        """A PUT or apply that creates needs the right to create. Raises Forbidden."""
        if MASTERS in call.user.groups:
            return
        info = call.info
        attrs = Attributes(
            call.user,
            "create",
            info.group,
            info.version,
            info.resource,
            info.subresource,
            info.namespace,
            info.name,
            info.path,
        )
        decision = self.authorize(attrs)
        if not decision.allowed:
            raise forbidden(attrs, decision.reason)

    def impersonate(self, call: Call) -> UserInfo:
        """The user that the Impersonate headers ask to be. Raises Forbidden, BadRequest."""
        return self._impersonation.resolve(call)
