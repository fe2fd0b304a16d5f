"""Authentication: the embedding application's word, a client certificate, a playground token, a service account
token, or nobody.

Models: apiserver, pkg/authentication/request/{x509,anonymous,union}.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clusters.apiserver.authn import bearer
from clusters.apiserver.authn.certificates import BadCertificate, ClientCertificates
from clusters.apiserver.authn.service_account import BadToken, Holder, ServiceAccountTokens
from clusters.apiserver.call import ANONYMOUS
from clusters.apiserver.context import ClusterContext
from clusters.apiserver.http import Request
from clusters.machinery.types import UserInfo

AUTHENTICATED = "system:authenticated"


def authenticated(user: UserInfo) -> UserInfo:
    """The user with the group that every known user is in."""
    if AUTHENTICATED in user.groups or "system:unauthenticated" in user.groups:
        return user
    return UserInfo(user.name, (*user.groups, AUTHENTICATED), user.uid, user.extra)


class Authenticator:
    """Tries each way in turn."""

    def __init__(self, cluster: ClusterContext) -> None:
        self._cluster = cluster
        self.service_accounts = ServiceAccountTokens(cluster)
        self.certificates = ClientCertificates(cluster.client_ca, cluster.clock)

    def authenticate(self, request: Request) -> UserInfo | None:
        """The user, or None: credentials were sent and nobody knows them."""
        if request.user is not None:
            return authenticated(request.user)
        refused = False
        if request.certificate:
            try:
                user = self.certificates.authenticate(request.certificate)
            except BadCertificate:
                # A good token may still follow.
                refused = True
            else:
                if user is not None:
                    return authenticated(user)
        try:
            token = bearer.token_of(request)
        except bearer.Malformed:
            return None
        if token:
            return self.token(token)
        if refused:
            return None
        return ANONYMOUS if self._cluster.settings.anonymous else None

    def token(self, token: str) -> UserInfo | None:
        """Who a bearer token for this server belongs to."""
        try:
            holder = self.review(token, self._cluster.settings.audiences)
        except BadToken:
            return None
        return holder.user if holder is not None else None

    def review(self, token: str, audiences: Sequence[str]) -> Holder | None:
        """Who a bearer token for one of `audiences` belongs to. Raises BadToken if it is a service account's that
        does not hold."""
        user = self._cluster.tokens(token)
        if user is None:
            holder = self.service_accounts.authenticate(token, audiences)
        else:
            # The playground's own tokens are for the API server and nobody else.
            own = tuple(a for a in self._cluster.settings.audiences if a in audiences)
            holder = Holder(user, own) if own else None
        return replace(holder, user=authenticated(holder.user)) if holder is not None else None
