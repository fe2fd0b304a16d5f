"""Sharing a cluster: who may, with whom, in which role, and what that means inside it."""

from __future__ import annotations

import pytest

from clusters.models import Cluster
from clusters.runtime.hub import hub
from playground.accounts.models import User
from tests.unit.web.conftest import Api

PATH = "clusters/hers/members"


@pytest.fixture
def owner(ann: User) -> Api:
    api = Api(ann)
    assert api("POST", "clusters", {"name": "hers", "workers": 0, "speed": "0"})[0] == 201
    return api


def bindings(user: str) -> set[str]:
    handle = hub.cluster("hers")
    handle.refresh()
    found = handle.registry.lookup.list("clusterrolebindings.rbac.authorization.k8s.io")
    return {b["roleRef"]["name"] for b in found if any(s["name"] == user for s in b.get("subjects") or ())}


def test_shared_cluster_is_seen_and_bound_inside(owner: Api, bob: User) -> None:
    theirs = Api(bob)
    assert theirs("GET", "clusters/hers")[0] == 404
    assert owner("PUT", f"{PATH}/bob", {"role": "viewer"}) == (200, {"user": "bob", "role": "viewer"})
    assert owner("GET", PATH)[1]["members"] == [{"user": "ann", "role": "owner"}, {"user": "bob", "role": "viewer"}]
    assert theirs("GET", "clusters/hers")[1]["role"] == "viewer"
    assert theirs("POST", "clusters/hers/machines", {})[0] == 403
    assert bindings("bob") == {"view", "playground:cluster-reader"}


def test_role_can_be_changed_and_taken(owner: Api, bob: User) -> None:
    for role, bound in (("viewer", {"view", "playground:cluster-reader"}), ("owner", {"cluster-admin"})):
        assert owner("PUT", f"{PATH}/bob", {"role": role})[0] == 200
        assert bindings("bob") == bound
    assert owner("PUT", f"{PATH}/bob", {"role": "editor"})[0] == 200
    assert Api(bob)("GET", "clusters/hers")[1]["role"] == "editor"
    assert owner("DELETE", f"{PATH}/bob")[0] == 204
    assert bindings("bob") == set()
    assert Api(bob)("GET", "clusters/hers")[0] == 404


def test_an_owned_cluster_keeps_an_owner(owner: Api, bob: User) -> None:
    assert owner("DELETE", f"{PATH}/ann")[0] == 409
    assert owner("PUT", f"{PATH}/ann", {"role": "viewer"})[0] == 409
    assert owner("PUT", f"{PATH}/bob", {"role": "owner"})[0] == 200
    assert owner("DELETE", f"{PATH}/ann")[0] == 204
    assert owner("GET", PATH)[0] == 404


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_owners_share(owner: Api, bob: User, role: str) -> None:
    owner("PUT", f"{PATH}/bob", {"role": role})
    for call in (("GET", PATH), ("PUT", f"{PATH}/bob", {"role": "owner"}), ("DELETE", f"{PATH}/ann")):
        assert Api(bob)(*call)[0] == 403


def test_nonsense_is_refused(owner: Api, bob: User, settings: object) -> None:
    assert owner("PUT", f"{PATH}/nobody", {"role": "viewer"})[0] == 404
    assert owner("PUT", f"{PATH}/bob", {"role": "king"})[0] == 422
    assert owner("PUT", f"{PATH}/bob", {})[0] == 422
    assert owner("DELETE", f"{PATH}/nobody")[0] == 404
    assert owner("DELETE", f"{PATH}/bob")[0] == 204


def test_members_are_limited(owner: Api, bob: User, settings: object) -> None:
    settings.PLAYGROUND_MEMBERS = 1  # type: ignore[attr-defined]
    assert owner("PUT", f"{PATH}/bob", {"role": "viewer"})[0] == 409
    assert owner("PUT", f"{PATH}/ann", {"role": "owner"})[0] == 200


def test_viewer_reads_nodes_but_no_secrets_with_kubectls_eyes(owner: Api, bob: User, demo: Cluster) -> None:
    owner("PUT", f"{PATH}/bob", {"role": "viewer"})
    handle = hub.cluster("hers")
    rules = handle.registry.lookup.get("clusterroles.rbac.authorization.k8s.io", "", "playground:cluster-reader")
    assert rules is not None
    assert any("nodes" in rule["resources"] for rule in rules["rules"])
    assert not any("secrets" in rule["resources"] for rule in rules["rules"])
