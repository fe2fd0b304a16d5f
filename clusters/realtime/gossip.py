"""Presence between processes: each says over Redis pub/sub where its own browsers point.

Best effort in every way: what is lost is said again within seconds, and without Redis people see those of
their own process only. One subscription a process, while it has browsers.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any, NamedTuple

import orjson
import redis.asyncio as redis
from redis.exceptions import RedisError

from clusters.realtime.live import LiveCluster
from clusters.realtime.messages import BadMessage, Peer
from clusters.realtime.presence import PEERS_SHOWN

logger = logging.getLogger(__name__)

CHANNEL = "playground:presence:"
REPEAT = 5.0
FIRST_RETRY, LAST_RETRY = 0.25, 5.0
MESSAGE_LIMIT = 64_000


class RedisGossip:
    """`live.Gossip` over Redis. Lives on the event loop of the live clusters."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._me = secrets.token_hex(6)
        self._lives: dict[str, LiveCluster] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed: set[str] = set()
        self._ask = False
        self._stirred = asyncio.Event()

    def attach(self, live: LiveCluster) -> None:
        self._lives[live.state.epoch] = live
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._stirred = asyncio.Event()
            self._tasks = {loop.create_task(self._run(work)) for work in (self._listen, self._speak)}

    def detach(self, live: LiveCluster) -> None:
        self._lives.pop(live.state.epoch, None)
        if not self._lives:
            for task in self._tasks:
                task.cancel()
            self._tasks = set()

    def changed(self, live: LiveCluster) -> None:
        """The browsers of this process moved."""
        self._stir(live.state.epoch)

    async def _run(self, work: Any) -> None:
        """`work` with a connection of its own, again and again."""
        delay = FIRST_RETRY
        while True:
            client = redis.Redis.from_url(self._url, socket_timeout=None, socket_connect_timeout=2)
            try:
                await work(client)
            except (RedisError, OSError) as error:
                logger.info("presence stays within this process while Redis is away: %s", error)
                await asyncio.sleep(delay)
                delay = min(2 * delay, LAST_RETRY)
            finally:
                await client.aclose()

    async def _listen(self, client: redis.Redis) -> None:
        async with client.pubsub() as pubsub:
            await pubsub.psubscribe(CHANNEL + "*")
            async for message in pubsub.listen():
                if message["type"] == "psubscribe":
                    # From now on we hear; who spoke before is asked to speak again.
                    self._ask = True
                    self._stir(*self._lives)
                elif message["type"] == "pmessage":
                    self._heard(message["channel"].decode().removeprefix(CHANNEL), message["data"])

    def _heard(self, epoch: str, data: bytes) -> None:
        live = self._lives.get(epoch)
        if live is None:
            return
        try:
            said = understand(data)
        except BadMessage as error:
            logger.debug("presence: %s", error)
            return
        if said.process == self._me:
            return
        live.hear(said.process, said.peers)
        if said.asks:
            self._stir(epoch)

    def _stir(self, *epochs: str) -> None:
        self._changed.update(epochs)
        self._stirred.set()

    async def _speak(self, client: redis.Redis) -> None:
        while True:
            try:
                async with asyncio.timeout(REPEAT):
                    await self._stirred.wait()
            except TimeoutError:
                self._changed.update(epoch for epoch, live in self._lives.items() if len(live.roster))
            self._stirred.clear()
            changed, self._changed = self._changed, set()
            asks, self._ask = self._ask, False
            for epoch in changed:
                live = self._lives.get(epoch)
                if live is not None:
                    said = Said(self._me, live.roster.local()[:PEERS_SHOWN], asks)
                    await client.publish(CHANNEL + epoch, orjson.dumps(said._asdict()))


class Said(NamedTuple):
    """A message: who is looking in `process`; `asks`: others shall say so too."""

    process: str
    peers: list[Peer]
    asks: bool


def understand(data: bytes) -> Said:
    """What another process said. Raises BadMessage."""
    if len(data) > MESSAGE_LIMIT:
        raise BadMessage(f"{len(data)} bytes of presence")
    try:
        said = orjson.loads(data)
        peers: list[Peer] = [
            {
                "session": str(p["session"]),
                "user": str(p["user"]),
                "color": str(p["color"]),
                "cursor": [float(v) for v in p["cursor"]] if p["cursor"] is not None else None,
                "selection": str(p["selection"]) if p["selection"] is not None else None,
            }
            for p in said["peers"]
        ]
        return Said(str(said["process"]), peers, bool(said["asks"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BadMessage(f"not presence: {error!r}") from None
