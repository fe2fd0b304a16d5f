"""A browser beside a whole cluster: rollout, scaling, a node that dies. Snapshot plus deltas, all the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clusters.realtime.feed import Feed
from clusters.realtime.messages import TABLES, dump
from clusters.realtime.replica import Replica, verify_deltas
from clusters.realtime.session import Session
from tests.support.cluster import Cluster, deployment


class Watched:
    """A cluster with one browser that reads everything at once."""

    def __init__(self) -> None:
        self.cluster = Cluster(workers=3)
        self.cache = self.cluster.session.cache
        self.feed = self.anew()
        self.cache.subscribe(self.feed.apply)
        self.replica = Replica()
        self.wall = 0
        self.session = Session(
            self.feed, session_id="s", cluster="c", user="u", can={"write": True, "faults": True}, now=0
        )
        self.session.receive(dump({"t": "start"}), 0)
        self.look()

    def anew(self) -> Feed:
        items = [i for p in self.cache.prefixes() for i in self.cache.bucket(p).items.values()]
        return Feed(items, self.cache.rev)

    def look(self) -> None:
        self.wall += 50_000
        self.feed.flush(self.wall)
        self.replica.apply(self.session.drain(self.wall))
        self.session.receive(dump({"t": "ack", "seq": self.replica.seq}), self.wall)
        verify_deltas(self.replica, self.feed, self.anew())

    def run_for(self, seconds: int, *, step: float = 1.0) -> None:
        for _ in range(int(seconds / step)):
            self.cluster.run_for(step)
            self.look()

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        for row in self.replica.tables[table].values():
            yield dict(zip(TABLES[table], row))

    def queues(self) -> dict[str, int]:
        """What waits for whom, according to the deck."""
        return {c["name"]: c["queue"] for c in self.rows("components") if c["queue"]}

    def pods(self) -> list[dict[str, Any]]:
        return [p for p in self.rows("pods") if p["ns"] == "default"]


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_rollout_is_seen_step_by_step(watched: Watched) -> None:
    watched.cluster.create("deployments.apps", deployment("web", 6))
    watched.run_for(20)
    assert {p["state"] for p in watched.pods()} == {"running"}
    assert {p["workload"] for p in watched.pods()} == {"Deployment/web"}
    assert len({n["pod"] for n in watched.replica.notes if n["k"] == "bind"}) == 6
    web = next(w for w in watched.rows("workloads") if w["kind"] == "Deployment")
    assert [web[k] for k in ("desired", "current", "ready", "updated", "available")] == [6, 6, 6, 6, 6]
    watched.cluster.patch(
        "deployments.apps",
        "default",
        "web",
        {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "nginx:1.28"}]}}}},
    )
    watched.run_for(60)
    assert {p["image"] for p in watched.pods()} == {"nginx:1.28"}
    assert len(watched.pods()) == 6
    assert sum(n["k"] == "kill" for n in watched.replica.notes) == 6


def test_unschedulable_pods_say_why(watched: Watched) -> None:
    big = deployment("big", 2)
    big["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "64"}}
    watched.cluster.create("deployments.apps", big)
    watched.run_for(5)
    assert [(p["state"], p["reason"]) for p in watched.pods()] == [("pending", "Insufficient cpu")] * 2
    assert watched.queues() == {"kube-scheduler": 2}
    watched.cluster.delete("deployments.apps", "default", "big")
    watched.run_for(5)
    assert watched.queues() == {}


def test_dead_node_turns_unknown_and_its_load_moves(watched: Watched) -> None:
    watched.cluster.create("deployments.apps", deployment("web", 6))
    # Long after the rollout's progress deadline: losing Pods then must not wake the past.
    watched.run_for(900, step=300)
    watched.cluster.patch("machines.playground.dev", "", "node-2", {"spec": {"power": "off"}})
    watched.run_for(60, step=5)
    node = next(n for n in watched.rows("nodes") if n["name"] == "node-2")
    assert (node["ready"], node["power"]) == ("Unknown", "off")
    watched.run_for(400, step=20)
    assert sum(p["state"] == "running" for p in watched.pods()) == 6
    assert all(p["node"] != "node-2" for p in watched.pods() if p["state"] == "running")


def test_stopped_scheduler_shows_on_the_deck(watched: Watched) -> None:
    stop = {"apiVersion": "playground.dev/v1", "kind": "Component", "metadata": {"name": "kube-scheduler"}}
    watched.cluster.create("components.playground.dev", {**stop, "spec": {"state": "stopped"}})
    watched.run_for(2)
    deck = {c["name"]: c["state"] for c in watched.rows("components")}
    assert deck["kube-scheduler"] == "stopped"
    assert deck["kube-controller-manager"] == "running"


def test_work_piles_up_before_stopped_controllers(watched: Watched) -> None:
    watched.cluster.create("deployments.apps", deployment("web", 2))
    watched.run_for(20)
    assert watched.queues() == {}
    stop = {"apiVersion": "playground.dev/v1", "kind": "Component", "metadata": {"name": "kube-controller-manager"}}
    watched.cluster.create("components.playground.dev", {**stop, "spec": {"state": "stopped"}})
    watched.cluster.patch("deployments.apps", "default", "web", {"spec": {"replicas": 5}})
    watched.run_for(5)
    assert watched.queues() == {"kube-controller-manager": 1}
