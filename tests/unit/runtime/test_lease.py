"""One holder at a time, and an epoch that fences the former ones off."""

from __future__ import annotations

import pytest
from django.db import connection

from clusters.models import Cluster, Lease
from clusters.runtime import lease
from clusters.storage.store import ClusterDeleted
from tests.unit.runtime.conftest import NewCluster

pytestmark = pytest.mark.django_db(transaction=True)


def test_second_holder_waits_until_the_first_lets_go(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    first = lease.acquire(cluster.pk, holder="one")
    assert first is not None
    assert lease.acquire(cluster.pk, holder="two") is None
    lease.release(cluster.pk, first)
    assert lease.acquire(cluster.pk, holder="two") == first + 1


def test_same_holder_comes_back_under_the_same_epoch(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    first = lease.acquire(cluster.pk, holder="one")
    assert first is not None
    lease.release(cluster.pk, first)
    assert lease.acquire(cluster.pk, holder="one") == first


def test_silent_holder_is_taken_for_dead_after_the_time_to_live(
    new_cluster: NewCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = new_cluster()
    first = lease.acquire(cluster.pk, holder="one")
    assert first is not None
    later = lease.wall_now() + lease.TTL + 1
    monkeypatch.setattr(lease, "wall_now", lambda: later)
    second = lease.acquire(cluster.pk, holder="two")
    assert second == first + 1
    assert not lease.extend(cluster.pk, first)
    assert lease.extend(cluster.pk, second)


def test_lease_on_a_deleted_cluster_is_refused_and_leaves_nothing(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    number = cluster.pk
    Lease.objects.filter(cluster=cluster).delete()
    cluster.revisions.all()._raw_delete("default")
    cluster.delete()
    with pytest.raises(ClusterDeleted):
        lease.acquire(number, holder="one")
    assert not Lease.objects.filter(cluster_id=number).exists()
    assert not Cluster.objects.filter(pk=number).exists()
    assert not connection.in_atomic_block
