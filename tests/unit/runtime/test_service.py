"""What people do to clusters, and what they are told if it cannot be."""

from __future__ import annotations

import pytest

from clusters.kernel.clock import SECOND
from clusters.models import Cluster
from clusters.runtime import lease, service
from clusters.runtime.settings import BadInput
from tests.unit.runtime.conftest import NewCluster

pytestmark = pytest.mark.django_db(transaction=True)


def test_taken_name_is_refused_and_the_other_cluster_stays(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    with pytest.raises(BadInput) as refused:
        service.create_cluster(cluster.name)
    assert refused.value.field == "name"
    assert Cluster.objects.get(name=cluster.name).pk == cluster.pk


@pytest.mark.parametrize("seed", [-1, 2**63, True, "x"])
def test_bad_seed_is_refused(seed: object) -> None:
    with pytest.raises(BadInput, match=r"^seed: "):
        service.create_cluster("seeded", seed=seed)  # type: ignore[arg-type]


def test_cluster_that_cannot_be_made_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr("clusters.runtime.bootstrap.bootstrap", fails)
    with pytest.raises(RuntimeError):
        service.create_cluster("half")
    assert not Cluster.objects.filter(name="half").exists()


def test_deleting_takes_the_whole_log(new_cluster: NewCluster) -> None:
    from clusters.models import Revision

    cluster = new_cluster()
    number = cluster.pk
    service.delete_cluster(cluster)
    assert not Revision.objects.filter(cluster_id=number).exists()


@pytest.mark.parametrize("speed", ["fast", "-1", "0.01", "1001", "nan", "inf", ""])
def test_impossible_speed_is_refused_and_the_clock_stays(new_cluster: NewCluster, speed: str) -> None:
    cluster = new_cluster(speed="10")
    with pytest.raises(BadInput, match=r"^speed: "):
        service.set_clock(cluster, speed=speed)
    assert service.clock(cluster)["speed"] == "10"


@pytest.mark.parametrize("speed", ["0.1", "1000", "max"])
def test_clock_never_goes_back_whatever_its_speed(new_cluster: NewCluster, speed: str) -> None:
    cluster = new_cluster()
    before = service.clock(cluster)["now"]
    for wanted in (speed, "0", "1"):
        service.set_clock(cluster, speed=wanted)
        now = service.clock(cluster)["now"]
        assert now >= before
        before = now


def test_paused_clock_steps_from_timer_to_timer(new_cluster: NewCluster) -> None:
    cluster = new_cluster(speed="0")
    first = service.clock(cluster)["now"]
    reached = service.step_clock(cluster)
    assert reached is not None
    assert reached > first
    assert service.clock(cluster)["now"] == reached
    assert service.clock(cluster)["paused"]


def test_step_says_who_is_in_the_way(new_cluster: NewCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = new_cluster(speed="0")
    monkeypatch.setattr(service, "LEASE_PATIENCE", 0.0)
    assert lease.acquire(cluster.pk, holder="busy") is not None
    with pytest.raises(BadInput, match="a worker holds this cluster"):
        service.step_clock(cluster)


def test_machines_are_numbered_and_spread_over_the_zones(new_cluster: NewCluster) -> None:
    cluster = new_cluster(workers=2, zones="a,b,c")
    assert service.add_machine(cluster) == "node-3"
    with pytest.raises(BadInput, match=r"^name: "):
        service.add_machine(cluster, name="node-3")
    with pytest.raises(BadInput, match=r"^cpu: "):
        service.add_machine(cluster, cpu="banana")
    service.remove_machine(cluster, "node-1")
    assert service.add_machine(cluster) == "node-1"


@pytest.mark.parametrize(
    ("kind", "target", "field"),
    [
        ("meteor", "node-1", "kind"),
        ("node-power", "nobody", "target"),
        ("kubelet-stop", "", "target"),
        ("component-stop", "kube-nothing", "target"),
        ("pod-crash", "default/nobody", "target"),
        ("pod-crash", "a/b/c", "target"),
    ],
)
def test_fault_that_cannot_be_is_refused(new_cluster: NewCluster, kind: str, target: str, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        service.inject_fault(new_cluster(), kind, target)
    assert refused.value.field == field


@pytest.mark.parametrize("seconds", [0, 24 * 3600 + 1])
def test_duration_of_a_fault_is_bounded(new_cluster: NewCluster, seconds: int) -> None:
    with pytest.raises(BadInput, match=r"^duration: "):
        service.inject_fault(new_cluster(), "node-power", "node-1", seconds * SECOND)


def test_fault_is_in_force_once_and_healed_once(new_cluster: NewCluster) -> None:
    cluster = new_cluster()
    fault = service.inject_fault(cluster, "node-power", "node-1")
    with pytest.raises(BadInput, match="already in force"):
        service.inject_fault(cluster, "node-power", "node-1")
    assert service.heal_fault(cluster) == [fault]
    assert service.heal_fault(cluster) == []
    with pytest.raises(BadInput, match="not found"):
        service.heal_fault(cluster, fault)
