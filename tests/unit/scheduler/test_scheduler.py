"""The component: what it writes, and what becomes of Pods when the world changes under it."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from clusters.components.scheduler import Scheduler
from clusters.kernel.clock import MINUTE, SECOND
from clusters.machinery.errors import Conflict
from clusters.machinery.types import Obj
from tests.support.fake_cluster import FakeClient
from tests.support.scheduling import SchedulingCluster
from tests.support.scheduling_objects import HOST, anti_affinity, node, pod, spread, taint


class World:
    def __init__(self, *nodes: Obj, seed: int = 1) -> None:
        self.cluster = SchedulingCluster(seed=seed)
        for obj in nodes:
            self.cluster.create("nodes", obj)
        self.scheduler = Scheduler(self.cluster.env("system:kube-scheduler"))

    def create(self, obj: Obj) -> None:
        self.cluster.create("pods", obj)

    def settle(self) -> None:
        self.cluster.settle(self.scheduler)

    def pod(self, name: str) -> Obj:
        found = self.cluster.object("pods", f"default/{name}")
        assert found is not None
        return found

    def node_of(self, name: str) -> str:
        return str(self.pod(name)["spec"].get("nodeName", ""))

    def condition(self, name: str) -> Obj:
        conditions = self.pod(name)["status"]["conditions"]
        return next(c for c in conditions if c["type"] == "PodScheduled")

    def events(self, name: str) -> list[tuple[str, str]]:
        return [(e["reason"], e["message"]) for e in self.cluster.recorded if e["about"] == f"default/{name}"]


def test_a_pod_is_bound_and_an_event_says_where() -> None:
    world = World(node("n1"))
    world.create(pod("p"))
    world.settle()
    assert world.node_of("p") == "n1"
    assert world.events("p") == [("Scheduled", "Successfully assigned default/p to n1")]


def test_pods_that_waited_before_the_scheduler_started_go_in_the_order_in_which_they_were_written() -> None:
    cluster = SchedulingCluster()
    for name in ("z", "a", "m"):
        cluster.create("pods", pod(name, cpu="3"))
    cluster.create("nodes", node("n1", cpu="4"))
    cluster.settle(Scheduler(cluster.env("system:kube-scheduler")))
    placed = {p["metadata"]["name"] for p in cluster["pods"] if p["spec"].get("nodeName")}
    assert placed == {"z"}


def test_a_pod_that_fits_nowhere_says_why_once_and_goes_when_a_node_comes() -> None:
    world = World(node("n1", cpu="1"))
    world.create(pod("p", cpu="2"))
    world.settle()
    assert world.condition("p")["message"].startswith("0/1 nodes are available: 1 Insufficient cpu.")
    writes = len(world.cluster.log)
    world.cluster.create("nodes", node("n2", cpu="1"))
    world.settle()
    # A node that could not hold it is no reason to try again.
    assert len(world.cluster.log) == writes + 1
    world.cluster.create("nodes", node("n3", cpu="4"))
    world.settle()
    assert world.node_of("p") == "n3"


def test_an_unschedulable_pod_costs_nothing_while_nothing_changes() -> None:
    world = World(node("n1", cpu="1"))
    world.create(pod("p", cpu="2"))
    world.settle()
    assert not world.scheduler.step()
    assert world.cluster.timers.next_due(background=False) is None
    before = len(world.cluster.log)
    world.cluster.settle(world.scheduler, until=world.cluster.clock.now() + 20 * MINUTE)
    assert len(world.cluster.log) == before


def attempts(world: World, name: str) -> int:
    return sum(reason == "FailedScheduling" for reason, _ in world.events(name))


def test_what_does_not_concern_a_waiting_pod_does_not_have_it_tried_again() -> None:
    world = World(node("n1", cpu="1"), node("n2", unschedulable=True))
    field = {"key": "metadata.name", "operator": "In", "values": ["n1"]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    world.create(pod("pinned", cpu="2", affinity=affinity))
    world.create(pod("picky", nodeSelector={"disk": "ssd"}))
    world.settle()
    assert (attempts(world, "pinned"), attempts(world, "picky")) == (1, 1)
    images = [{"names": ["nginx:1.27"], "sizeBytes": 1}]
    world.cluster.change("Node", "n1", {"status": {"images": images}})
    world.cluster.change("Node", "n1", {"metadata": {"annotations": {"a": "b"}}})
    world.create(pod("other"))
    world.settle()
    world.cluster.drop("Pod", "default/other")
    world.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "more"}})
    world.settle()
    assert (attempts(world, "pinned"), attempts(world, "picky")) == (2, 1)


def test_no_nodes_at_all() -> None:
    world = World()
    world.create(pod("p"))
    world.settle()
    assert world.condition("p")["message"] == "no nodes available to schedule pods"
    world.cluster.create("nodes", node("n1"))
    world.settle()
    assert world.node_of("p") == "n1"


@pytest.mark.parametrize(
    ("spec", "heal"),
    [
        ({"unschedulable": True}, {"unschedulable": None}),
        ({"taints": [taint("gpu")]}, {"taints": None}),
    ],
)
def test_a_node_that_opens_takes_the_pods_that_waited_for_it(spec: dict[str, Any], heal: dict[str, Any]) -> None:
    world = World(node("n1", **spec))
    world.create(pod("p"))
    world.settle()
    assert world.node_of("p") == ""
    world.cluster.change("Node", "n1", {"spec": heal})
    world.settle()
    assert world.node_of("p") == "n1"


def test_a_label_on_a_node_frees_the_pod_that_selects_it() -> None:
    world = World(node("n1"))
    world.create(pod("p", nodeSelector={"disk": "ssd"}))
    world.settle()
    world.cluster.change("Node", "n1", {"metadata": {"labels": {"disk": "ssd"}}})
    world.settle()
    assert world.node_of("p") == "n1"


def test_a_pod_that_ends_makes_room() -> None:
    world = World(node("n1", cpu="1"))
    world.create(pod("first", cpu="800m", nodeName="n1"))
    world.create(pod("second", cpu="800m"))
    world.settle()
    assert world.node_of("second") == ""
    world.cluster.change("Pod", "default/first", {"status": {"phase": "Succeeded"}})
    world.settle()
    assert world.node_of("second") == "n1"


def test_a_pod_that_starts_to_go_no_longer_counts_for_topology_spread() -> None:
    web = {"app": "web"}
    world = World(node("n1"), node("n2", unschedulable=True))
    world.create(pod("old", labels=web, nodeName="n1"))
    constraints = [spread(HOST, nodeTaintsPolicy="Ignore")]
    world.create(pod("new", labels=web, topologySpreadConstraints=constraints))
    world.settle()
    assert world.node_of("new") == ""
    world.cluster.client().delete("pods", "default", "old")
    world.settle()
    assert world.node_of("new") == "n1"


def test_a_pod_whose_tolerations_grow_is_tried_again() -> None:
    world = World(node("n1", taints=[taint("gpu")]))
    world.create(pod("p"))
    world.settle()
    world.cluster.change("Pod", "default/p", {"spec": {"tolerations": [{"operator": "Exists"}]}})
    world.settle()
    assert world.node_of("p") == "n1"


def test_a_pod_prefers_the_node_that_a_drag_asked_for() -> None:
    nodes = [node(f"n{i}") for i in range(1, 6)]
    for wanted in ("n2", "n4"):
        world = World(*nodes)
        world.create(pod("p", annotations={"playground.dev/preferred-node": wanted}))
        world.settle()
        assert world.node_of("p") == wanted


def test_the_wish_of_a_drag_gives_way_to_filters() -> None:
    world = World(node("n1"), node("n2", unschedulable=True))
    world.create(pod("p", annotations={"playground.dev/preferred-node": "n2"}))
    world.settle()
    assert world.node_of("p") == "n1"


def placements(seed: int) -> dict[str, str]:
    world = World(*(node(f"n{i}") for i in range(8)), seed=seed)
    for i in range(40):
        world.create(pod(f"p{i}", cpu="", memory=""))
    world.settle()
    return {f"p{i}": world.node_of(f"p{i}") for i in range(40)}


def test_same_seed_same_choices_and_another_seed_others() -> None:
    assert placements(1) == placements(1)
    assert placements(1) != placements(2)


class Refusing(FakeClient):
    """Refuses the first binding."""

    refused: ClassVar[bool] = False

    def bind(self, namespace: str, pod: str, node: str, *, uid: str = "") -> None:
        if not Refusing.refused:
            Refusing.refused = True
            raise Conflict("somebody was faster")
        super().bind(namespace, pod, node, uid=uid)


def test_a_binding_that_is_refused_is_tried_again_after_a_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Refusing, "refused", False)
    monkeypatch.setattr("tests.support.fake_cluster.FakeClient", Refusing)
    world = World(node("n1"))
    world.create(pod("p"))
    started = world.cluster.clock.now()
    world.settle()
    assert world.node_of("p") == "n1"
    assert world.cluster.clock.now() - started == SECOND
    assert world.events("p")[0] == ("FailedScheduling", "binding rejected: somebody was faster")


def test_a_binding_whose_batch_is_lost_is_made_again() -> None:
    world = World(node("n1", cpu="1"))
    world.create(pod("p", cpu="800m"))
    waiting = world.pod("p")
    world.settle()
    # The slice could not commit the write: the informers go back to what is stored.
    world.cluster.informer("pods").put(waiting)
    assert not world.scheduler.snapshot.by_name["n1"].pods
    world.settle()
    assert world.node_of("p") == "n1"
    assert len(world.scheduler.snapshot.by_name["n1"].pods) == 1


def test_a_condition_whose_batch_is_lost_is_written_again() -> None:
    world = World(node("n1", cpu="1"))
    world.create(pod("p", cpu="2"))
    waiting = world.pod("p")
    world.settle()
    world.cluster.informer("pods").put(waiting)
    world.settle()
    assert world.condition("p")["reason"] == "Unschedulable"


def test_a_new_scheduler_goes_on_where_the_old_one_stopped() -> None:
    world = World(node("n1", cpu="1"))
    world.create(pod("first", cpu="800m"))
    world.create(pod("second", cpu="800m"))
    world.settle()
    again = Scheduler(world.cluster.env("system:kube-scheduler"))
    world.cluster.drop("Pod", "default/first")
    world.cluster.settle(again)
    assert world.node_of("second") == "n1"


def test_pods_of_other_schedulers_take_room_but_are_not_scheduled() -> None:
    world = World(node("n1", cpu="1"))
    world.create(pod("theirs", cpu="800m", schedulerName="mine"))
    world.settle()
    assert world.node_of("theirs") == ""
    world.cluster.client().bind("default", "theirs", "n1")
    world.create(pod("ours", cpu="800m"))
    world.settle()
    assert world.node_of("ours") == ""


def test_required_anti_affinity_places_one_pod_a_node() -> None:
    web = {"app": "web"}
    world = World(*(node(f"n{i}") for i in range(4)))
    for i in range(5):
        world.create(pod(f"p{i}", labels=web, affinity=anti_affinity(HOST, web)))
    world.settle()
    placed = sorted(world.node_of(f"p{i}") for i in range(5))
    assert placed == ["", "n0", "n1", "n2", "n3"]


class TestPreemption:
    def test_victims_are_marked_and_deleted_and_the_node_is_promised(self) -> None:
        world = World(node("n1", cpu="1"))
        world.create(pod("low", cpu="800m", nodeName="n1", terminationGracePeriodSeconds=30))
        world.create(pod("high", cpu="800m", priority=100))
        world.settle()
        victim = world.pod("low")
        assert victim["metadata"]["deletionGracePeriodSeconds"] == 30
        target = next(c for c in victim["status"]["conditions"] if c["type"] == "DisruptionTarget")
        assert target["reason"] == "PreemptionByScheduler"
        assert target["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
        assert world.pod("high")["status"]["nominatedNodeName"] == "n1"
        uid = world.pod("high")["metadata"]["uid"]
        assert world.events("low") == [("Preempted", f"Preempted by pod {uid} on node n1")]
        world.cluster.end_grace()
        world.settle()
        assert world.node_of("high") == "n1"

    def test_room_that_is_promised_is_not_given_to_a_lesser_pod(self) -> None:
        world = World(node("n1", cpu="1"))
        world.create(pod("low", cpu="800m", nodeName="n1", terminationGracePeriodSeconds=30))
        world.create(pod("high", cpu="800m", priority=100))
        world.settle()
        world.create(pod("middle", cpu="500m", priority=50))
        world.settle()
        world.cluster.end_grace()
        world.settle()
        assert world.node_of("high") == "n1"
        assert world.node_of("middle") == ""

    def test_a_pod_does_not_preempt_again_while_its_victims_go(self) -> None:
        world = World(node("n1", cpu="1"), node("n2", cpu="1"))
        world.create(pod("low1", cpu="800m", nodeName="n1", terminationGracePeriodSeconds=30))
        world.create(pod("low2", cpu="800m", nodeName="n2", terminationGracePeriodSeconds=30))
        world.create(pod("high", cpu="800m", priority=100))
        world.settle()
        world.cluster.create("nodes", node("n3", cpu="900m", taints=[taint("gpu")]))
        world.cluster.change("Node", "n3", {"spec": {"taints": [taint("cpu")]}})
        world.cluster.settle(world.scheduler, until=world.cluster.clock.now() + 6 * MINUTE)
        deleting = [p for p in world.cluster["pods"] if "deletionTimestamp" in p["metadata"]]
        assert len(deleting) == 1

    def test_a_more_important_pod_takes_a_promised_node_and_the_promise_is_withdrawn(self) -> None:
        world = World(node("n1", cpu="1"))
        world.create(pod("low", cpu="800m", nodeName="n1", terminationGracePeriodSeconds=30))
        world.create(pod("high", cpu="800m", priority=100))
        world.settle()
        world.create(pod("higher", cpu="800m", priority=200))
        world.settle()
        world.cluster.end_grace()
        world.settle()
        assert world.node_of("higher") == "n1"
        assert world.node_of("high") == ""
        assert "nominatedNodeName" not in world.pod("high")["status"]
