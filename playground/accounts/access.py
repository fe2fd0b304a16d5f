"""Who may reach which cluster, and as whom: the playground's one answer for websocket, REST and Kubernetes API.

Staff own every cluster; members are what their membership says. A cluster without an owner (`demo`, or any
made by a command) is everybody's to edit, even anonymously, while `PLAYGROUND_ANONYMOUS` is on. Anybody else
is not told that a cluster exists.

Inside the cluster owners and editors are `system:masters`; viewers are in `playground:viewers`, a group that each
cluster lets see all but its Secrets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest

from clusters.kernel.clock import wall_now
from clusters.machinery.types import UserInfo
from clusters.models import Cluster
from clusters.models.access import Reach, Refused, Role
from clusters.runtime.bootstrap import VIEWERS
from playground.accounts import guests, tokens
from playground.accounts.models import ApiToken, ClusterCredential, Membership, User

if TYPE_CHECKING:
    Person = User | AnonymousUser

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
GUEST_NAME = "guest"

_reaches: tokens.TimedCache[Reach | None] = tokens.TimedCache()
_bearers: tokens.TimedCache[UserInfo | None] = tokens.TimedCache()
_homes: tokens.TimedCache[str] = tokens.TimedCache()


def invalidate() -> None:
    """Forget what was decided: call after changing users, memberships or credentials. Other processes notice
    within the caches' few seconds."""
    _reaches.clear()
    _bearers.clear()
    _homes.clear()


def may_reach(user: Person, cluster: Cluster) -> Reach | None:
    """What `user` is to `cluster`; None: nothing."""
    return _reaches.get((user.pk, cluster.pk), lambda: _decide(user, cluster))


def _decide(user: Person, cluster: Cluster) -> Reach | None:
    if user.is_authenticated and user.is_active:
        if user.is_staff:
            return _reach("owner", user.get_username())
        role = Membership.objects.filter(cluster=cluster, user__pk=user.pk).values_list("role", flat=True).first()
        if role is not None:
            return _reach(cast(Role, role), user.get_username())
    if settings.PLAYGROUND_ANONYMOUS and not _owned(cluster):
        return _reach("editor", user.get_username() or GUEST_NAME)
    return None


def _owned(cluster: Cluster) -> bool:
    return Membership.objects.filter(cluster=cluster, role=Membership.Role.OWNER).exists()


def _reach(role: Role, name: str) -> Reach:
    groups = (VIEWERS, AUTHENTICATED) if role == "viewer" else (MASTERS, AUTHENTICATED)
    return Reach(role=role, identity=UserInfo(name=name, groups=groups))


def visible(user: Person) -> list[Cluster]:
    """The clusters that `user` may reach, by name."""
    clusters = Cluster.objects.order_by("name")
    if user.is_authenticated and user.is_staff:
        return list(clusters)
    mine = Q(pk__in=Membership.objects.filter(user__pk=user.pk or 0).values("cluster_id"))
    if settings.PLAYGROUND_ANONYMOUS:
        owners = Membership.objects.filter(cluster_id=OuterRef("pk"), role=Membership.Role.OWNER)
        return list(clusters.filter(mine | ~Exists(owners)))
    return list(clusters.filter(mine))


def authenticate_bearer(token: str, cluster: Cluster) -> UserInfo | None:
    """Whom a kubeconfig token stands for inside `cluster`; None if for nobody."""
    if not token.startswith(tokens.CLUSTER_PREFIX) or len(token) > tokens.MAX_TOKEN:
        return None
    key = tokens.digest(token)
    return _bearers.get((cluster.pk, key), lambda: _bearer(key, cluster))


def bearer_cluster(token: str) -> str:
    """The name of the cluster that a kubeconfig token is for; "" if it is none."""
    if not token.startswith(tokens.CLUSTER_PREFIX) or len(token) > tokens.MAX_TOKEN:
        return ""
    key = tokens.digest(token)

    def look() -> str:
        return ClusterCredential.objects.filter(digest=key).values_list("cluster__name", flat=True).first() or ""

    return _homes.get(key, look)


def _bearer(key: str, cluster: Cluster) -> UserInfo | None:
    credential = ClusterCredential.objects.select_related("user").filter(digest=key, cluster=cluster).first()
    if credential is None:
        return None
    if credential.user is not None:
        reach = may_reach(credential.user, cluster)
        if reach is None or not credential.user.is_active:
            return None
        # The person's own credential follows what they are to the cluster today, under whatever name.
        return reach.identity
    if credential.name == GUEST_NAME and MASTERS in credential.groups and may_reach(AnonymousUser(), cluster) is None:
        # A visitor took it from a cluster that was everybody's, and is so no more.
        return None
    return UserInfo(name=credential.name, groups=(*map(str, credential.groups), AUTHENTICATED))


def kubeconfig_token(cluster: Cluster, name: str, groups: tuple[str, ...], user: User | None = None) -> str:
    """The token of an identity inside `cluster`, the same each time until it is revoked."""
    wanted = [g for g in groups if g != AUTHENTICATED]
    lookup = {"cluster": cluster, "name": name, "user": user}
    found = ClusterCredential.objects.filter(**lookup).first()
    if found is None:
        nonce = tokens.new_nonce()
        token = tokens.cluster_token(cluster.pk, name, nonce)
        try:
            with transaction.atomic():
                ClusterCredential.objects.create(**lookup, groups=wanted, nonce=nonce, digest=tokens.digest(token))
        except IntegrityError:  # made by somebody else meanwhile
            found = ClusterCredential.objects.get(**lookup)
        else:
            invalidate()
            return token
    token = tokens.cluster_token(cluster.pk, name, found.nonce)
    digest = tokens.digest(token)
    if found.groups != wanted or found.digest != digest:  # other groups now, or another secret key
        found.groups, found.digest = wanted, digest
        found.save(update_fields=["groups", "digest"])
        invalidate()
    return token


def revoke(credential: ClusterCredential) -> None:
    """The token stops working now; the next kubeconfig gets another."""
    credential.nonce = tokens.new_nonce()
    token = tokens.cluster_token(credential.cluster_id, credential.name, credential.nonce)
    credential.digest = tokens.digest(token)
    credential.save(update_fields=["nonce", "digest"])
    invalidate()


def prepare_api_token(row: ApiToken) -> str:
    """Fill in an unsaved row; the token, which is shown once and never again."""
    token = tokens.new_api_token()
    row.prefix, row.digest = token[:10], tokens.digest(token)
    return token


def issue_api_token(user: User, name: str) -> str:
    """A new REST token."""
    row = ApiToken(user=user, name=name)
    token = prepare_api_token(row)
    row.save()
    return token


def api_user(token: str) -> User | None:
    """The active user of a REST token."""
    if not token.startswith(tokens.API_PREFIX) or len(token) > tokens.MAX_TOKEN:
        return None
    found = ApiToken.objects.select_related("user").filter(digest=tokens.digest(token)).first()
    if found is None or not found.user.is_active:
        return None
    if found.expires is not None and found.expires.timestamp() * 1_000_000 <= wall_now():
        return None
    return found.user


def creator(request: HttpRequest) -> User:
    """Whose a new cluster will be. Raises Refused."""
    user = request.user
    if not user.is_authenticated:
        user = guests.admit(request)
    assert isinstance(user, User)
    if user.is_staff:
        return user
    limit = settings.PLAYGROUND_GUEST_CLUSTERS if user.is_guest else settings.PLAYGROUND_USER_CLUSTERS
    owned = Membership.objects.filter(user=user, role=Membership.Role.OWNER).count()
    if owned >= limit:
        raise Refused(f"you own {owned} clusters, and {limit} is the limit: delete one first", status=409)
    return user


def claim(user: User | None, cluster: Cluster) -> None:
    if user is not None:
        Membership.objects.update_or_create(cluster=cluster, user=user, defaults={"role": Membership.Role.OWNER})
    invalidate()


def members(cluster: Cluster) -> list[tuple[str, Role]]:
    """Whom the cluster is shared with, by name."""
    rows = Membership.objects.filter(cluster=cluster).order_by("user__username").values_list("user__username", "role")
    return [(name, cast(Role, role)) for name, role in rows]


def share(cluster: Cluster, name: str, role: Role) -> str:
    """Make `name` a member in that role. Raises Refused."""
    user = _person(name)
    with transaction.atomic():
        if role != "owner":
            _keep_an_owner(cluster, user)
        if not Membership.objects.filter(cluster=cluster, user=user).exists():
            if Membership.objects.filter(cluster=cluster).count() >= settings.PLAYGROUND_MEMBERS:
                raise Refused(f"a cluster has at most {settings.PLAYGROUND_MEMBERS} members", status=409)
        Membership.objects.update_or_create(cluster=cluster, user=user, defaults={"role": role})
    invalidate()
    return user.get_username()


def unshare(cluster: Cluster, name: str) -> str:
    """Take `name` off the members. Raises Refused."""
    user = _person(name)
    with transaction.atomic():
        _keep_an_owner(cluster, user)
        Membership.objects.filter(cluster=cluster, user=user).delete()
    invalidate()
    return user.get_username()


def _person(name: str) -> User:
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise Refused(f"there is nobody called {name!r}", status=404)
    return user


def _keep_an_owner(cluster: Cluster, leaving: User) -> None:
    """An owned cluster stays somebody's: without an owner it would be everybody's."""
    owners = Membership.objects.select_for_update().filter(cluster=cluster, role=Membership.Role.OWNER)
    names = set(owners.values_list("user_id", flat=True))
    if names == {leaving.pk}:
        raise Refused("the last owner stays: make somebody else an owner first", status=409)


class Policy:
    """`clusters.models.access.AccessPolicy` by the functions above."""

    may_reach = staticmethod(may_reach)
    visible = staticmethod(visible)
    authenticate_bearer = staticmethod(authenticate_bearer)
    bearer_cluster = staticmethod(bearer_cluster)
    api_user = staticmethod(api_user)
    creator = staticmethod(creator)
    claim = staticmethod(claim)
    members = staticmethod(members)
    share = staticmethod(share)
    unshare = staticmethod(unshare)
    kubeconfig_token = staticmethod(kubeconfig_token)


POLICY: Any = Policy()
