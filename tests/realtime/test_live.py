"""The live cluster on an event loop: from a write on any thread to frames of every member."""

from __future__ import annotations

import asyncio
import threading

import pytest

from clusters.realtime.live import ClusterState, LiveCluster, LiveClusters
from clusters.realtime.messages import ClockFrame
from clusters.realtime.replica import Replica, verify_deltas
from clusters.realtime.session import Session
from clusters.registry.cache import WatchCache
from tests.realtime.world import World


def clock(now: int = 0, speed: float | str = 1.0) -> ClockFrame:
    return {"t": "clock", "now": now, "wall": 0, "speed": speed, "paused": speed == 0, "lag": 0.0}


class FakeSource:
    def __init__(self, world: World) -> None:
        self.world = world
        self.now: ClusterState | None = ClusterState("e1", clock())
        self.opened = 0

    def open(self, name: str) -> WatchCache:
        self.opened += 1
        return self.world.cache

    def state(self, name: str) -> ClusterState | None:
        return self.now


class Watcher:
    """A member that pumps its session into a replica at once, as a fast browser does."""

    def __init__(self, live: LiveCluster, name: str) -> None:
        self.live = live
        self.replica = Replica()
        self.may = True
        self.session = Session(
            live.feed, session_id=name, cluster="demo", user=name, can={"write": True, "faults": True}, now=live.now()
        )
        self.session.receive('{"t":"start"}', live.now())
        live.join(self, name, name)
        self.wake()

    def wake(self) -> None:
        self.replica.apply(self.session.drain(self.live.now()))
        self.session.receive(f'{{"t":"ack","seq":{self.replica.seq}}}', self.live.now())

    def post(self, kind: str, frame: str) -> None:
        self.session.post(kind, frame)

    def leave(self, code: int, reason: str) -> None:
        self.session.leave(code, reason)

    async def allowed(self) -> bool:
        return self.may


async def settle(live: LiveCluster, done: object) -> None:
    async with asyncio.timeout(5):
        while not done():  # type: ignore[operator]
            await asyncio.sleep(0.005)


@pytest.fixture
def world() -> World:
    return World()


async def test_writes_of_other_threads_reach_every_member_in_order(world: World) -> None:
    world.pod("before", "node-1", "Running")
    clusters = LiveClusters(FakeSource(world))
    live = await clusters.get("demo")
    watchers = [Watcher(live, f"w{i}") for i in range(5)]

    def write() -> None:
        for i in range(200):
            world.pod(f"p{i % 20}", "node-1", "Running" if (i // 20) % 2 else "Pending")

    thread = threading.Thread(target=write)
    thread.start()
    await asyncio.to_thread(thread.join)
    await settle(live, lambda: all(w.replica.rev == world.cache.rev for w in watchers))
    for watcher in watchers:
        verify_deltas(watcher.replica, live.feed, world.feed())
    live.close()


async def test_two_browsers_share_one_live_cluster(world: World) -> None:
    source = FakeSource(world)
    clusters = LiveClusters(source)
    first, second = await asyncio.gather(clusters.get("demo"), clusters.get("demo"))
    assert first is second
    assert source.opened == 1
    first.close()


async def test_unknown_cluster_is_a_lookup_error_and_leaves_nothing_behind(world: World) -> None:
    source = FakeSource(world)
    source.now = None
    clusters = LiveClusters(source)
    with pytest.raises(LookupError):
        await clusters.get("nope")
    source.now = ClusterState("e1", clock())
    live = await clusters.get("nope")
    live.close()


async def test_clock_change_is_told_once(world: World) -> None:
    source = FakeSource(world)
    live = await LiveClusters(source).get("demo")
    watcher = Watcher(live, "w")
    source.now = ClusterState("e1", clock(speed=10.0))
    await live.check()
    assert watcher.replica.latest["clock"]["speed"] == 10.0
    del watcher.replica.latest["clock"]
    await live.check()
    assert "clock" not in watcher.replica.latest
    live.close()


async def test_members_are_told_goodbye_when_the_cluster_is_deleted(world: World) -> None:
    source = FakeSource(world)
    clusters = LiveClusters(source)
    live = await clusters.get("demo")
    watcher = Watcher(live, "w")
    source.now = None
    await live.check()
    assert watcher.replica.bye == "the cluster was deleted"
    assert watcher.session.closed == (4404, "the cluster was deleted")
    source.now = ClusterState("e2", clock())
    again = await clusters.get("demo")
    assert again is not live, "a cluster made again under the name is another cluster"
    live.close()
    again.close()


async def test_member_whose_access_was_taken_is_sent_away(world: World) -> None:
    live = await LiveClusters(FakeSource(world)).get("demo")
    watcher, other = Watcher(live, "w"), Watcher(live, "o")
    watcher.may = False
    await live.check(access=True)
    assert watcher.session.closed is not None
    assert other.session.closed is None
    live.close()


async def test_presence_shows_the_others_and_forgets_those_who_left(world: World) -> None:
    live = await LiveClusters(FakeSource(world)).get("demo")
    first, second = Watcher(live, "ann"), Watcher(live, "bob")
    second.session._on_presence = lambda m: live.point("bob", m)
    second.session.receive('{"t":"presence","cursor":[1,2],"selection":"x"}', live.now())
    await settle(live, lambda: len(first.replica.latest.get("presence", {}).get("peers", ())) == 2)
    bob = next(p for p in first.replica.latest["presence"]["peers"] if p["user"] == "bob")
    assert (bob["cursor"], bob["selection"]) == ([1.0, 2.0], "x")
    live.part(second, "bob")
    await settle(live, lambda: len(first.replica.latest["presence"]["peers"]) == 1)
    live.close()
