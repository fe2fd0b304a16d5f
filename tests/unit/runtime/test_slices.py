"""A slice never fails for more than its own cluster, and gives a cluster that does time."""

from __future__ import annotations

import logging

import pytest

from clusters.kernel.clock import SECOND
from clusters.models import Cluster
from clusters.runtime import lease, service, slices
from clusters.runtime.slices import Worker
from tests.unit.runtime.conftest import NewCluster

pytestmark = pytest.mark.django_db(transaction=True)


class Broken(Exception):
    pass


@pytest.fixture
def worker() -> Worker:
    return Worker("w", "holder-w")


def test_slice_brings_the_cluster_on_and_says_when_it_is_due(new_cluster: NewCluster, worker: Worker) -> None:
    cluster = new_cluster(speed="max")
    before = cluster.head
    result = worker.run_slice(cluster.pk, budget=20 * SECOND)
    cluster.refresh_from_db()
    assert result.ran
    assert cluster.head > before
    assert cluster.seen == cluster.head
    assert cluster.due == result.due


def test_paused_cluster_is_left_alone(new_cluster: NewCluster, worker: Worker) -> None:
    cluster = new_cluster(speed="0")
    before = Cluster.objects.get(pk=cluster.pk).head
    result = worker.run_slice(cluster.pk)
    assert (result.due, result.ran) == (None, False)
    assert Cluster.objects.get(pk=cluster.pk).head == before


def test_slice_of_a_deleted_cluster_is_no_error(
    new_cluster: NewCluster, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = new_cluster()
    number = cluster.pk
    worker.run_slice(number)
    service.delete_cluster(cluster)
    with caplog.at_level(logging.WARNING):
        result = worker.run_slice(number)
    assert (result.due, result.ran) == (None, False)
    assert not caplog.records


def test_deleted_clusters_do_not_stay_in_memory(new_cluster: NewCluster, worker: Worker) -> None:
    kept, deleted = new_cluster(), new_cluster()
    for cluster in (kept, deleted):
        worker.run_slice(cluster.pk)
    number = deleted.pk
    session = worker.warm(kept.pk)
    assert session is not None
    assert worker.warm(number) is not None
    service.delete_cluster(deleted)
    worker.forget_deleted()
    assert worker.warm(number) is None
    assert worker.warm(kept.pk) is session


def test_failing_cluster_is_told_once_in_full_and_backs_off(
    new_cluster: NewCluster, worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = new_cluster()
    now = slices.wall_now()

    def broken(*_: object) -> None:
        raise Broken("of no use")

    with monkeypatch.context() as patch:
        patch.setattr(Worker, "_run", broken)
        patch.setattr(slices, "wall_now", lambda: now)
        first = worker.run_slice(cluster.pk)
        assert first.due == now + slices.RETRY_FIRST
        # Not before its time, however often it is woken.
        assert worker.run_slice(cluster.pk).due == first.due
        now = first.due
        second = worker.run_slice(cluster.pk)
        assert second.due == now + 2 * slices.RETRY_FIRST
    assert [bool(r.exc_info) for r in caplog.records] == [True, False]
    assert "again (2 times)" in caplog.text
    assert lease.acquire(cluster.pk, holder="another") is not None, "the lease was handed back"


def test_cluster_that_recovers_is_forgiven(
    new_cluster: NewCluster, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = new_cluster()
    with monkeypatch.context() as patch:
        patch.setattr(slices, "load_session", lambda *_: (_ for _ in ()).throw(Broken()))
        due = worker.run_slice(cluster.pk).due
    assert due is not None
    monkeypatch.setattr(slices, "wall_now", lambda: due)
    assert worker.run_slice(cluster.pk).ran
    assert not worker._failures


def test_failure_of_one_cluster_does_not_touch_another(
    new_cluster: NewCluster, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = new_cluster(), new_cluster()
    real = slices.load_session

    def load(row: Cluster, *rest: object) -> object:
        if row.pk == bad.pk:
            raise Broken
        return real(row, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(slices, "load_session", load)
    assert not worker.run_slice(bad.pk).ran
    assert worker.run_slice(good.pk).ran


def test_worker_that_lost_its_lease_writes_nothing_and_comes_back(new_cluster: NewCluster, worker: Worker) -> None:
    cluster = new_cluster()
    assert worker.run_slice(cluster.pk).ran
    epoch = lease.acquire(cluster.pk, holder="thief")
    assert epoch is not None
    assert not worker.run_slice(cluster.pk).ran
    lease.release(cluster.pk, epoch)
    assert worker.run_slice(cluster.pk).ran


def test_due_clusters_are_those_with_work_that_nobody_holds(new_cluster: NewCluster, worker: Worker) -> None:
    idle, waiting, held, paused = (new_cluster(speed=s) for s in ("max", "1", "1", "0"))
    while worker.run_slice(idle.pk).due == 0:
        pass
    lease.acquire(held.pk, holder="somebody")
    assert slices.due_clusters(slices.wall_now()) == [waiting.pk]
    assert paused.pk != waiting.pk
