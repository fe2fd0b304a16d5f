"""A process's handles: shared, let go when unused, ended when the cluster is gone."""

from __future__ import annotations

import pytest

from clusters.runtime import hub as module
from clusters.runtime import service
from clusters.runtime.hub import ClusterHandle, Hub, UnknownCluster
from tests.unit.runtime.conftest import NewCluster

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    fresh = Hub()
    monkeypatch.setattr(fresh._refreshers, "submit", lambda call, *args: call(*args))
    monkeypatch.setattr(module, "close_old_connections", lambda: None)
    return fresh


def poll(hub: Hub) -> None:
    hub._heard = -module.POLL_SECONDS
    hub._poll()


def test_handle_is_made_once(hub: Hub, new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    assert hub.cluster(cluster.name) is hub.cluster(cluster.name)
    assert hub.loaded(cluster.name) is hub.cluster(cluster.name)


def test_unknown_cluster_is_named(hub: Hub) -> None:
    with pytest.raises(UnknownCluster, match='"nope"'):
        hub.cluster("nope")


def test_poll_finds_what_a_lost_hint_would_have_told(hub: Hub, new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    handle = hub.cluster(cluster.name)
    seen: list[int] = []
    handle.cache.subscribe(lambda changes: seen.extend(c.rev for c in changes))
    service.add_machine(cluster, name="extra")
    assert not seen
    poll(hub)
    assert seen == [handle.cache.rev]


def test_deleted_cluster_is_forgotten_and_its_listeners_are_told(hub: Hub, new_cluster: NewCluster) -> None:
    cluster, other = new_cluster(), new_cluster()
    handle, kept = hub.cluster(cluster.name), hub.cluster(other.name)
    ended: list[ClusterHandle] = []
    hub.on_forget(ended.append)
    service.delete_cluster(cluster)
    poll(hub)
    poll(hub)
    assert ended == [handle]
    assert hub.loaded(cluster.name) is None
    assert hub.loaded(other.name) is kept


def test_cluster_made_again_under_the_same_name_is_another_one(hub: Hub, new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    old = hub.cluster(cluster.name)
    name = cluster.name
    service.delete_cluster(cluster)
    service.create_cluster(name, workers=0, control_planes=0, addons="none")
    poll(hub)
    new = hub.cluster(name)
    assert new.id != old.id
    # What still refers to the old one does not throw the new one out.
    hub._drop(old)
    assert hub.loaded(name) is new


def test_unwatched_handle_is_let_go_when_there_are_many(
    hub: Hub, new_cluster: NewCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_HANDLES", 1)
    watched, unwatched, last = (new_cluster() for _ in range(3))
    hub.cluster(watched.name).cache.subscribe(lambda changes: None)
    hub.cluster(unwatched.name)
    hub.cluster(last.name)
    assert hub.loaded(watched.name) is not None
    assert hub.loaded(unwatched.name) is None
