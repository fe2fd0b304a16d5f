"""Presence between two processes, over a real Redis."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters.realtime.gossip import RedisGossip, understand
from clusters.realtime.live import LiveClusters
from clusters.realtime.messages import BadMessage
from tests.realtime.test_live import FakeSource, Watcher, settle
from tests.realtime.world import World
from tests.support.requirements import REDIS


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    socket = tmp_path / "redis.sock"
    program = REDIS.path()
    assert program is not None
    process = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.redis
async def test_browsers_of_two_processes_see_each_other(redis_url: str) -> None:
    one = await LiveClusters(FakeSource(World()), RedisGossip(redis_url)).get("demo")
    ann = Watcher(one, "ann")
    two = await LiveClusters(FakeSource(World()), RedisGossip(redis_url)).get("demo")
    bob = Watcher(two, "bob")

    def both(watcher: Watcher) -> bool:
        peers = watcher.replica.latest.get("presence", {}).get("peers", ())
        return {p["user"] for p in peers} == {"ann", "bob"}

    await settle(one, lambda: both(ann) and both(bob))
    two.point("bob", {"t": "presence", "cursor": [5.0, 6.0], "selection": "x"})
    await settle(one, lambda: any(p["cursor"] == [5.0, 6.0] for p in ann.replica.latest["presence"]["peers"]))
    two.part(bob, "bob")
    await settle(one, lambda: [p["user"] for p in ann.replica.latest["presence"]["peers"]] == ["ann"])
    one.close()
    two.close()
    await asyncio.sleep(0)


async def test_without_redis_people_see_those_of_their_own_process(tmp_path: Path) -> None:
    live = await LiveClusters(FakeSource(World()), RedisGossip(f"unix://{tmp_path}/nothing.sock")).get("demo")
    ann, _bob = Watcher(live, "ann"), Watcher(live, "bob")
    await settle(live, lambda: len(ann.replica.latest.get("presence", {}).get("peers", ())) == 2)
    live.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("data", [b"", b"x", b"{}", b"[]", b'{"process":"p","peers":[{}]}', b"x" * 100_000])
def test_nonsense_on_the_channel_is_not_presence(data: bytes) -> None:
    with pytest.raises(BadMessage):
        understand(data)
