"""Who may reach which cluster, and as whom; tokens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from clusters.models import Cluster
from playground.accounts import access, guests, tokens
from playground.accounts.models import ApiToken, ClusterCredential, Membership, User
from playground.accounts.tokens import TimedCache


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> Iterator[None]:
    settings.PLAYGROUND_ANONYMOUS = True
    access.invalidate()
    yield
    access.invalidate()


def make(name: str, owner: User | None = None) -> Cluster:
    cluster = Cluster.objects.create(name=name, seed=1, created=0, clock_base=0, clock_wall_base=0)
    access.claim(owner, cluster)
    return cluster


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob")


def role(user: Any, cluster: Cluster) -> str | None:
    reach = access.may_reach(user, cluster)
    return reach.role if reach else None


def test_roles(ann: User, bob: User, settings: Any) -> None:
    staff = User.objects.create_user("prof", is_staff=True)
    hers, open_ = make("hers", ann), make("demo")
    Membership.objects.create(cluster=hers, user=bob, role="viewer")
    access.invalidate()
    nobody = AnonymousUser()
    assert [role(u, hers) for u in (staff, ann, bob, nobody)] == ["owner", "owner", "viewer", None]
    assert [role(u, open_) for u in (staff, ann, bob, nobody)] == ["owner", "editor", "editor", "editor"]
    settings.PLAYGROUND_ANONYMOUS = False
    access.invalidate()
    assert [role(u, open_) for u in (staff, ann, bob, nobody)] == ["owner", None, None, None]


def test_visible_agrees_with_may_reach(ann: User, bob: User) -> None:
    clusters = [make("a", ann), make("b", bob), make("c")]
    Membership.objects.create(cluster=clusters[1], user=ann, role="editor")
    access.invalidate()
    for user in (ann, bob, AnonymousUser(), User.objects.create_user("prof", is_staff=True)):
        reachable = [c for c in clusters if access.may_reach(user, c)]
        assert access.visible(user) == reachable


def test_user_who_was_switched_off_reaches_nothing_of_theirs(ann: User) -> None:
    cluster = make("hers", ann)
    ann.is_active = False
    ann.save()
    access.invalidate()
    assert role(ann, cluster) is None


def test_identity_inside_the_cluster(ann: User, bob: User) -> None:
    cluster = make("hers", ann)
    Membership.objects.create(cluster=cluster, user=bob, role="viewer")
    owner, viewer = access.may_reach(ann, cluster), access.may_reach(bob, cluster)
    assert owner is not None
    assert viewer is not None
    assert (owner.identity.name, owner.identity.groups) == ("ann", ("system:masters", "system:authenticated"))
    assert (viewer.identity.groups, viewer.write, viewer.owner) == (
        ("playground:viewers", "system:authenticated"),
        False,
        False,
    )


# kubeconfig tokens


def test_token_of_a_command_is_the_same_each_time_and_stored_as_a_digest(db: None) -> None:
    cluster = make("demo")
    token = access.kubeconfig_token(cluster, "admin", ("system:masters",))
    assert access.kubeconfig_token(cluster, "admin", ("system:masters",)) == token
    stored = ClusterCredential.objects.get()
    assert token not in (stored.digest, stored.nonce)
    user = access.authenticate_bearer(token, cluster)
    assert user is not None
    assert (user.name, user.groups) == ("admin", ("system:masters", "system:authenticated"))


def test_token_is_good_for_its_cluster_only(db: None) -> None:
    one, two = make("one"), make("two")
    token = access.kubeconfig_token(one, "admin", ("system:masters",))
    assert access.authenticate_bearer(token, two) is None
    assert access.kubeconfig_token(two, "admin", ("system:masters",)) != token


def test_named_user_without_groups_has_only_what_rbac_gives(db: None) -> None:
    cluster = make("demo")
    user = access.authenticate_bearer(access.kubeconfig_token(cluster, "jane", ()), cluster)
    assert user is not None
    assert (user.name, user.groups) == ("jane", ("system:authenticated",))


@pytest.mark.parametrize("token", ["", "x", "cpk_", "cpk_" + "a" * 43, "cpk_" + "é" * 9, "cpk_" + "a" * 9_000, "cpa_x"])
def test_other_tokens_are_nobodys(db: None, token: str) -> None:
    assert access.authenticate_bearer(token, make("demo")) is None


def test_revoked_token_stops_and_the_next_is_another(db: None) -> None:
    cluster = make("demo")
    token = access.kubeconfig_token(cluster, "admin", ("system:masters",))
    assert access.authenticate_bearer(token, cluster) is not None
    access.revoke(ClusterCredential.objects.get())
    assert access.authenticate_bearer(token, cluster) is None
    again = access.kubeconfig_token(cluster, "admin", ("system:masters",))
    assert again != token
    assert access.authenticate_bearer(again, cluster) is not None


def test_persons_token_follows_what_they_are_to_the_cluster(ann: User, bob: User) -> None:
    cluster = make("hers", ann)
    membership = Membership.objects.create(cluster=cluster, user=bob, role="editor")
    access.invalidate()
    token = access.kubeconfig_token(cluster, "bob", ("system:masters",), bob)
    user = access.authenticate_bearer(token, cluster)
    assert user is not None
    assert "system:masters" in user.groups
    membership.role = "viewer"
    membership.save()
    access.invalidate()
    user = access.authenticate_bearer(token, cluster)
    assert user is not None
    assert "system:masters" not in user.groups
    membership.delete()
    access.invalidate()
    assert access.authenticate_bearer(token, cluster) is None


def test_another_secret_key_makes_other_tokens_and_the_old_stop(db: None, settings: Any) -> None:
    cluster = make("demo")
    token = access.kubeconfig_token(cluster, "admin", ("system:masters",))
    settings.SECRET_KEY = "another key"
    again = access.kubeconfig_token(cluster, "admin", ("system:masters",))
    assert again != token
    assert access.authenticate_bearer(token, cluster) is None
    assert access.authenticate_bearer(again, cluster) is not None


def test_known_tokens_cost_no_query(db: None, django_assert_num_queries: Any) -> None:
    cluster = make("demo")
    token = access.kubeconfig_token(cluster, "admin", ("system:masters",))
    access.authenticate_bearer(token, cluster)
    access.authenticate_bearer("cpk_wrong", cluster)
    with django_assert_num_queries(0):
        for _ in range(100):
            assert access.authenticate_bearer(token, cluster) is not None
            assert access.authenticate_bearer("cpk_wrong", cluster) is None


def test_cached_answers_expire() -> None:
    now = [0]
    answers = iter("abc")
    cache: TimedCache[str] = TimedCache(seconds=5, size=2, clock=lambda: now[0])
    assert [cache.get("k", lambda: next(answers)) for _ in range(3)] == ["a", "a", "a"]
    now[0] = 5_000_000
    assert cache.get("k", lambda: next(answers)) == "b"
    cache.clear()
    assert cache.get("k", lambda: next(answers)) == "c"
    for key in range(100):
        cache.get(key, lambda: "x")
    assert len(cache._entries) <= 2


# API tokens


def test_api_token_is_its_users_until_it_expires_or_they_do(ann: User) -> None:
    token = access.issue_api_token(ann, "ci")
    row = ApiToken.objects.get()
    assert token not in (row.digest, row.prefix)
    assert access.api_user(token) == ann
    row.expires = datetime(2020, 1, 1, tzinfo=UTC)
    row.save()
    assert access.api_user(token) is None
    row.expires = None
    row.save()
    ann.is_active = False
    ann.save()
    assert access.api_user(token) is None


def test_api_tokens_are_no_kubeconfig_tokens_and_the_other_way_round(ann: User) -> None:
    cluster = make("demo")
    assert access.authenticate_bearer(access.issue_api_token(ann, "ci"), cluster) is None
    assert access.api_user(access.kubeconfig_token(cluster, "admin", ("system:masters",))) is None


def test_tokens_are_long_and_never_the_same() -> None:
    made = {tokens.new_api_token() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) > 40


def test_limits_of_clusters(ann: User, settings: Any) -> None:
    settings.PLAYGROUND_USER_CLUSTERS = 1
    request = RequestFactory().post("/")
    request.user = ann
    assert access.creator(request) == ann
    make("one", ann)
    with pytest.raises(access.Refused, match="limit"):
        access.creator(request)
    request.user = User.objects.create_user("prof", is_staff=True)
    assert access.creator(request) == request.user


def test_guests_go_with_their_sandboxes_when_their_session_is_over(ann: User, settings: Any) -> None:
    then, now = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    old = User.objects.create(username="guest-old", is_guest=True, last_login=then)
    new = User.objects.create(username="guest-new", is_guest=True, last_login=now)
    User.objects.filter(pk=ann.pk).update(last_login=then)
    make("sandbox", old)
    shared, fresh = make("shared", old), make("fresh", new)
    Membership.objects.create(cluster=shared, user=ann, role="owner")
    assert guests.expire(int(now.timestamp() * 1e6)) == 1
    assert set(User.objects.values_list("username", flat=True)) == {"ann", "guest-new"}
    assert list(Cluster.objects.order_by("name")) == [fresh, shared]
