"""Shared scoring must be invisible: whatever happened to the cluster, it names the nodes that a look at every
node would name."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.components.scheduler.cache import SchedulerCache
from clusters.components.scheduler.cycle import evaluate
from clusters.components.scheduler.shared import Group, SharedScoring
from tests.support.fake_cluster import FakeCluster
from tests.support.scheduling_objects import HOST, ZONE, anti_affinity, node, pod, spread, taint

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "rs", "controller": True}
WEB = {"app": "web"}

KINDS: list[dict[str, Any]] = [
    {},
    {"cpu": "1", "memory": "2Gi"},
    {"cpu": "", "memory": ""},
    {"labels": WEB, "owner": OWNER},
    {"labels": WEB, "cpu": "500m", "topologySpreadConstraints": [spread(ZONE, hard=False)]},
    {
        "labels": WEB,
        "topologySpreadConstraints": [
            spread(ZONE, hard=False, nodeTaintsPolicy="Honor"),
            spread(HOST, hard=False, max_skew=2),
        ],
    },
    {"labels": WEB, "topologySpreadConstraints": [spread(ZONE)]},
    {"labels": WEB, "topologySpreadConstraints": [spread(ZONE), spread(HOST, hard=False)]},
    {"labels": WEB, "topologySpreadConstraints": [spread(ZONE, minDomains=3), spread(HOST, max_skew=2)]},
    {"labels": WEB, "topologySpreadConstraints": [spread(HOST), spread(ZONE, max_skew=2)]},
    {"labels": WEB, "topologySpreadConstraints": [spread(ZONE, nodeTaintsPolicy="Honor")]},
    {"labels": WEB, "affinity": anti_affinity(HOST, WEB)},
    {"labels": WEB, "affinity": anti_affinity(HOST, WEB, required=False)},
    {"nodeSelector": {"disk": "ssd"}},
    {"tolerations": [{"key": "soft", "operator": "Exists"}]},
    {
        "affinity": {
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 10, "preference": {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}}
                ]
            }
        }
    },
    {"annotations": {"playground.dev/preferred-node": "n2"}},
    {"priority": 10},
]


class World:
    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.cluster.create(
            "replicasets.apps",
            {
                "metadata": {"name": "web", "namespace": "default", "uid": "rs"},
                "spec": {"selector": {"matchLabels": WEB}},
            },
        )
        self.cache = SchedulerCache(self.cluster)
        self.shared = self.cache.listener = SharedScoring(self.cache.snapshot)
        self.cluster["nodes"].on_change(self.cache.on_node)
        self.cluster["pods"].on_change(self.cache.on_pod)
        self.pods = 0
        self.used = 0

    def add_node(self, i: int) -> None:
        if self.cluster.object("nodes", f"n{i}") is None:
            labels = {"disk": "ssd"} if i % 2 else {}
            self.cluster.create(
                "nodes", node(f"n{i}", cpu=str(2 + i % 3), zone=f"z{i % 3}" if i % 5 else "", labels=labels)
            )

    def remove_node(self, i: int) -> None:
        self.cluster.informer("nodes").drop(f"n{i}")

    def change_node(self, i: int, what: int) -> None:
        live = self.cluster.object("nodes", f"n{i}")
        if live is None:
            return
        spec: dict[str, Any] = [
            {},
            {"unschedulable": True},
            {"taints": [taint("hard")]},
            {"taints": [taint("soft", "PreferNoSchedule")]},
        ][what % 4]
        self.cluster.store("nodes", {**live, "spec": spec}, live)

    def place(self, kind: int) -> None:
        """Place a Pod of a kind where the scheduler might."""
        spec = KINDS[kind % len(KINDS)]
        self.pods += 1
        info = self.cache.parser.parse(pod(f"p{self.pods}", **spec))
        decision, _ = evaluate(info, self.cache.snapshot)
        board = self.shared.board(info)
        if board is not None:
            self.used += 1
            ranks = sorted(rank for ranks in board.best() for rank in ranks)
            assert [self.cache.snapshot.nodes[r].name for r in ranks] == decision.best()
            found = board.feasible()
            if len(found) > 1:
                assert self.totals(found) == {n.name: t for n, t in zip(decision.feasible, decision.totals)}
            if not ranks:
                assert self.shared.decision(board, info).verdicts == decision.verdicts
        best = decision.best()
        if best:
            self.cluster.create("pods", pod(f"p{self.pods}", nodeName=best[self.pods % len(best)], **spec))

    def totals(self, found: list[tuple[Group, int]]) -> dict[str, int]:
        nodes = self.cache.snapshot.nodes
        return {
            nodes[rank].name: total + added
            for group, added in found
            for total, ranks in group.by_sum.items()
            for rank in ranks
        }

    def delete_pod(self, i: int) -> None:
        self.cluster.informer("pods").drop(f"default/p{i}")

    def end_pod(self, i: int, deleting: bool) -> None:
        live = self.cluster.object("pods", f"default/p{i}")
        if live is None:
            return
        if deleting:
            meta = {**live["metadata"], "deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30}
            self.cluster.store("pods", {**live, "metadata": meta}, live)
        else:
            self.cluster.store("pods", {**live, "status": {"phase": "Succeeded"}}, live)


ACTIONS = st.one_of(
    st.tuples(st.just("place"), st.integers(0, len(KINDS) - 1)),
    st.tuples(st.just("place"), st.integers(0, len(KINDS) - 1)),
    st.tuples(st.just("place"), st.integers(0, len(KINDS) - 1)),
    st.tuples(st.just("add_node"), st.integers(0, 9)),
    st.tuples(st.just("remove_node"), st.integers(0, 9)),
    st.tuples(st.just("change_node"), st.integers(0, 9), st.integers(0, 3)),
    st.tuples(st.just("delete_pod"), st.integers(1, 30)),
    st.tuples(st.just("end_pod"), st.integers(1, 30), st.booleans()),
)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.lists(ACTIONS, min_size=20, max_size=80))
def test_shared_scoring_names_the_same_nodes_as_a_look_at_every_node(nodes: int, actions: list[Any]) -> None:
    world = World()
    for i in range(nodes):
        world.add_node(i)
    for name, *args in actions:
        getattr(world, name)(*args)
        world.place(len(actions) + world.pods)


def test_pods_of_one_replica_set_share_a_board_and_others_do_not_disturb_it() -> None:
    world = World()
    for i in range(6):
        world.add_node(i)
    for i in range(40):
        world.place((0, 1, 3, 4)[i % 4])
    assert world.used == 40


def test_a_full_cluster_is_refused_from_the_board_with_every_nodes_verdict() -> None:
    world = World()
    world.cluster.create("nodes", node("n0", pods="1"))
    world.place(0)
    world.place(0)
    assert world.used == 2
    info = world.cache.parser.parse(pod("late"))
    board = world.shared.board(info)
    assert board is not None
    decision = world.shared.decision(board, info)
    assert decision.text() == "0/1 nodes are available: 1 Too many pods."


def test_a_domain_whose_last_node_stops_counting_no_longer_holds_back_the_others() -> None:
    world = World()
    world.cluster.create("nodes", node("n0", zone="a"))
    world.cluster.create("nodes", node("n1", zone="b"))
    honoring = next(i for i, k in enumerate(KINDS) if "nodeTaintsPolicy" in str(k) and "DoNotSchedule" in str(k))
    world.place(honoring)
    world.change_node(1, 2)
    for _ in range(3):
        world.place(honoring)
    assert len(world.cache.snapshot.by_name["n0"].pods) + len(world.cache.snapshot.by_name["n1"].pods) == 4
