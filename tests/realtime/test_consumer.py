"""The websocket itself: who is let in, what arrives, how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from clusters.models import Cluster
from clusters.realtime import source
from clusters.realtime.replica import Replica
from clusters.realtime.routing import application
from clusters.registry.cache import WatchCache, Write
from clusters.runtime.hub import hub
from playground.accounts import access
from playground.accounts.models import Membership, User

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = (b"origin", b"http://testserver")
HOST = (b"host", b"testserver")


@pytest.fixture(autouse=True)
async def _alone(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    settings.PLAYGROUND_ANONYMOUS = True
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.REDIS_URL = ""
    monkeypatch.setattr("clusters.runtime.notify.Notifier.wrote", lambda *args, **kwargs: None)
    monkeypatch.setattr("clusters.runtime.hub.Hub._ensure_tail", lambda self: None)
    access.invalidate()
    source.live_clusters.cache_clear()
    yield
    for task in source.live_clusters()._live.values():
        if task.done() and task.exception() is None:
            task.result().close()
    for timer in source.live_clusters()._closing.values():
        timer.cancel()
    source.live_clusters.cache_clear()
    access.invalidate()
    for handle in hub.handles():
        hub.forget(handle.name)


@sync_to_async
def make_cluster(name: str = "demo", owner: User | None = None) -> Cluster:
    cluster = Cluster.objects.create(name=name, seed=1, created=7, clock_base=0, clock_wall_base=0, clock_speed="10")
    access.claim(owner, cluster)
    return cluster


@sync_to_async
def put(cluster: str, key: str, kind: str, body: dict[str, Any]) -> None:
    cache: WatchCache = hub.cluster(cluster).cache
    name = key.rpartition("/")[2]
    old = cache.get(key)
    meta = {"name": name, "uid": f"uid-{name}", "namespace": "ns"}
    cache.commit([Write(key, {"apiVersion": "v1", "kind": kind, "metadata": meta, **body}, old, "test", 0)])


def pod(phase: str) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "c"}], "nodeName": "node-1"}, "status": {"phase": phase}}


class Socket:
    """A browser's socket with its replica."""

    def __init__(self, name: str = "demo", *headers: tuple[bytes, bytes]) -> None:
        self.wire = WebsocketCommunicator(application, f"/ws/clusters/{name}", headers=list(headers or (HOST, ORIGIN)))
        self.replica = Replica()

    async def open(self, *messages: dict[str, Any]) -> bool:
        connected, _ = await self.wire.connect(timeout=5)
        for message in messages:
            await self.say(**message)
        return bool(connected)

    async def say(self, **message: Any) -> None:
        await self.wire.send_to(text_data=orjson.dumps(message).decode())

    async def until(self, done: Any) -> None:
        async with asyncio.timeout(5):
            while not done(self.replica):
                self.replica.apply([await self.wire.receive_from(timeout=5)])

    async def close_code(self) -> int:
        async with asyncio.timeout(5):
            while True:
                message = await self.wire.receive_output(timeout=5)
                if message["type"] == "websocket.close":
                    return int(message["code"])
                self.replica.apply([message["text"]])


def phase_of(replica: Replica, name: str) -> str | None:
    row = replica.tables.get("pods", {}).get(f"uid-{name}")
    return row[5] if row else None


async def test_browser_gets_the_state_and_then_every_change() -> None:
    await make_cluster()
    await put("demo", "core/pods/ns/a", "Pod", pod("Pending"))
    socket = Socket()
    assert await socket.open({"t": "start"})
    await socket.until(lambda r: phase_of(r, "a") == "Pending" and "clock" in r.latest)
    assert socket.replica.hello["user"] == "guest"
    assert socket.replica.hello["can"] == {"write": True, "faults": True, "share": False}
    assert socket.replica.latest["clock"]["speed"] == 10.0
    await put("demo", "core/pods/ns/a", "Pod", pod("Running"))
    await socket.until(lambda r: phase_of(r, "a") == "Running")
    await socket.wire.disconnect()


async def test_reconnecting_browser_resumes() -> None:
    await make_cluster()
    await put("demo", "core/pods/ns/a", "Pod", pod("Pending"))
    socket = Socket()
    await socket.open({"t": "start"})
    await socket.until(lambda r: phase_of(r, "a") == "Pending")
    await socket.wire.disconnect()
    await put("demo", "core/pods/ns/b", "Pod", pod("Running"))
    again = Socket()
    again.replica = socket.replica
    again.replica.connected()
    del again.replica.latest["snapshot"]
    await again.open({"t": "resume", "rev": socket.replica.rev, "epoch": socket.replica.epoch})
    await again.until(lambda r: phase_of(r, "b") == "Running")
    assert "snapshot" not in again.replica.latest
    await again.wire.disconnect()


async def test_unknown_and_foreign_clusters_look_the_same() -> None:
    ann = await sync_to_async(User.objects.create_user)("ann")
    await make_cluster("hers", ann)
    for name in ("hers", "none"):
        socket = Socket(name)
        assert await socket.open()
        assert await socket.close_code() == 4404
        assert socket.replica.errors[0]["code"] == "not-found"


@pytest.mark.parametrize(
    ("headers", "let_in"),
    [
        ((HOST, ORIGIN), True),
        ((HOST,), True),
        ((HOST, (b"origin", b"http://evil.example")), False),
        ((HOST, (b"origin", b"http://testserver:9999")), False),
        ((HOST, (b"origin", b"null")), False),
        (((b"host", b"rebound.example"), (b"origin", b"http://rebound.example")), False),
    ],
)
async def test_only_our_own_pages_may_connect(headers: tuple[tuple[bytes, bytes], ...], let_in: bool) -> None:
    await make_cluster()
    socket = Socket("demo", *headers)
    assert await socket.open() is let_in
    await socket.wire.disconnect()


async def test_session_cookie_and_api_token_say_who_connects() -> None:
    ann = await sync_to_async(User.objects.create_user)("ann")
    await make_cluster("hers", ann)
    client = Client()
    await sync_to_async(client.force_login)(ann)
    cookie = (b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode())
    token = await sync_to_async(access.issue_api_token)(ann, "t")
    for header in (cookie, (b"authorization", f"Bearer {token}".encode())):
        socket = Socket("hers", HOST, ORIGIN, header)
        assert await socket.open({"t": "start"})
        await socket.until(lambda r: "snapshot" in r.latest)
        assert socket.replica.hello["user"] == "ann"
        await socket.wire.disconnect()


async def test_viewer_is_told_that_they_may_not_write() -> None:
    ann, bob = [await sync_to_async(User.objects.create_user)(n) for n in ("ann", "bob")]
    cluster = await make_cluster("hers", ann)
    await sync_to_async(Membership.objects.create)(cluster=cluster, user=bob, role="viewer")
    token = await sync_to_async(access.issue_api_token)(bob, "t")
    socket = Socket("hers", HOST, (b"authorization", f"Bearer {token}".encode()))
    await socket.open({"t": "start"})
    await socket.until(lambda r: "snapshot" in r.latest)
    assert socket.replica.hello["can"] == {"write": False, "faults": False, "share": False}
    await socket.wire.disconnect()


@pytest.mark.parametrize("text", ["nonsense", '{"t":"ack","seq":77}', '{"t":"presence","cursor":"x"}'])
async def test_nonsense_closes_the_socket_with_a_reason(text: str) -> None:
    await make_cluster()
    socket = Socket()
    await socket.open({"t": "start"})
    await socket.wire.send_to(text_data=text)
    assert await socket.close_code() == 4400
    assert socket.replica.errors


async def test_binary_messages_are_refused() -> None:
    await make_cluster()
    socket = Socket()
    await socket.open({"t": "start"})
    await socket.wire.send_to(bytes_data=b"\x00\x01")
    assert await socket.close_code() == 4400


async def test_deleted_cluster_says_goodbye() -> None:
    cluster = await make_cluster()
    socket = Socket()
    await socket.open({"t": "start"})
    await socket.until(lambda r: "snapshot" in r.latest)
    await sync_to_async(cluster.delete)()
    live = await source.live_clusters().get("demo")
    await live.check()
    assert await socket.close_code() == 4404
    assert socket.replica.bye == "the cluster was deleted"


async def test_cluster_that_cannot_be_opened_now_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    await make_cluster()

    def fail(self: Any, name: str) -> None:
        raise OSError("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(source.RuntimeSource, "open", fail)
        socket = Socket()
        await socket.open({"t": "start"})
        assert await socket.close_code() == 4503
        assert "database" not in socket.replica.errors[0]["message"]
    again = Socket()
    await again.open({"t": "start"})
    await again.until(lambda r: "snapshot" in r.latest)
    await again.wire.disconnect()


async def test_other_websocket_paths_are_refused() -> None:
    wire = WebsocketCommunicator(application, "/ws/elsewhere", headers=[HOST, ORIGIN])
    connected, _ = await wire.connect()
    assert not connected


async def test_two_browsers_see_each_other() -> None:
    await make_cluster()
    first, second = Socket(), Socket()
    await first.open({"t": "start"})
    await second.open({"t": "start"}, {"t": "presence", "cursor": [3, 4], "selection": "uid-a"})
    await first.until(lambda r: any(p["selection"] == "uid-a" for p in r.latest.get("presence", {}).get("peers", ())))
    await first.wire.disconnect()
    await second.wire.disconnect()
