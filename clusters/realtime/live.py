"""The live clusters of this process: one feed for each cluster that somebody watches, on the event loop.

The watch cache tells of changes on whichever thread applied them; they are handed to the loop in order, taken
in by the feed, and flushed at 20 Hz to all sessions. A cluster nobody watches costs nothing; a feed outlives
its last session by a little, so that a page reload finds it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from asgiref.sync import sync_to_async

from clusters.kernel.clock import wall_now
from clusters.realtime.board import visible_items
from clusters.realtime.feed import Feed
from clusters.realtime.messages import ClockFrame, Peer, PresenceMessage, dump
from clusters.realtime.presence import INTERVAL, Roster
from clusters.registry.cache import Change, WatchCache

logger = logging.getLogger(__name__)

LINGER = 30.0
TICK = 1.0
MAX_MEMBERS = 2_000


@dataclass(frozen=True, slots=True)
class ClusterState:
    """What a browser must know of a cluster besides its objects."""

    epoch: str
    clock: ClockFrame


class Source(Protocol):
    """A cluster as the runtime gives it. Both methods block; they are called in a thread."""

    def open(self, name: str) -> WatchCache:
        """The cluster's watch cache, kept fresh as long as it is subscribed to. Raises LookupError."""

    def state(self, name: str) -> ClusterState | None:
        """None: the cluster is gone."""


class Member(Protocol):
    """A session's side of a live cluster."""

    def wake(self) -> None:
        """There may be something to send."""

    def post(self, kind: str, frame: str) -> None: ...

    def leave(self, code: int, reason: str) -> None: ...

    async def allowed(self) -> bool:
        """Whether the user may still reach the cluster."""


class Gossip(Protocol):
    """How processes tell each other who is looking."""

    def attach(self, live: LiveCluster) -> None: ...

    def detach(self, live: LiveCluster) -> None: ...

    def changed(self, live: LiveCluster) -> None:
        """The roster's local part changed."""


class LiveCluster:
    """Lives on one event loop; only `_on_changes` is called from elsewhere."""

    def __init__(
        self, name: str, source: Source, loop: asyncio.AbstractEventLoop, gossip: Gossip | None = None
    ) -> None:
        self.name = name
        self._gossip = gossip
        self._checks: set[asyncio.Task[None]] = set()
        self.roster = Roster()
        self.members: set[Member] = set()
        self.state: ClusterState
        self.feed: Feed
        self._source = source
        self.loop = loop
        self._early: list[Change] | None = []
        self._unsubscribe: Callable[[], None] = lambda: None
        self._flush_timer: asyncio.TimerHandle | None = None
        self._presence_timer: asyncio.TimerHandle | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._local_moved = False
        self.closed = False

    async def start(self) -> None:
        """Build the feed. Raises LookupError if there is no such cluster."""
        state, feed = await sync_to_async(self._build, thread_sensitive=False)()
        self.state, self.feed = state, feed
        early, self._early = self._early, None
        if early:
            self._take(early)
        self._ticker = self.loop.create_task(self._tick())
        if self._gossip is not None:
            self._gossip.attach(self)

    def _build(self) -> tuple[ClusterState, Feed]:
        state = self._source.state(self.name)
        if state is None:
            raise LookupError(self.name)
        cache = self._source.open(self.name)
        with cache.lock:
            items = [i for p in cache.prefixes() for i in visible_items(cache.bucket(p).items.values())]
            rev = cache.rev
            self._unsubscribe = cache.subscribe(self._on_changes)
            vtime = cache.vtime
        return state, Feed(items, rev, epoch=state.epoch, vtime=vtime)

    def close(self) -> None:
        self.closed = True
        self._unsubscribe()
        if self._gossip is not None:
            self._gossip.detach(self)
        for timer in (self._flush_timer, self._presence_timer):
            if timer is not None:
                timer.cancel()
        if self._ticker is not None:
            self._ticker.cancel()

    def now(self) -> int:
        """Microseconds, monotonic: what sessions and feed are timed with."""
        return int(self.loop.time() * 1_000_000)

    # members

    def join(self, member: Member, session: str, user: str) -> None:
        self.members.add(member)
        self.roster.join(session, user)
        self._moved()

    def part(self, member: Member, session: str) -> None:
        self.members.discard(member)
        self.roster.leave(session)
        self._moved()

    def point(self, session: str, message: PresenceMessage) -> None:
        if self.roster.move(session, message):
            self._moved()

    def hear(self, process: str, peers: list[Peer]) -> None:
        """Where the browsers of another process point."""
        self.roster.hear(process, peers, self.now())
        self.presence_changed()

    def _moved(self) -> None:
        self._local_moved = True
        self.presence_changed()

    def presence_changed(self) -> None:
        if self._presence_timer is None and not self.closed:
            self._presence_timer = self.loop.call_later(INTERVAL / 1e6, self._send_presence)

    def _send_presence(self) -> None:
        self._presence_timer = None
        self._post("presence", dump(self.roster.frame()))
        if self._local_moved and self._gossip is not None:
            self._local_moved = False
            self._gossip.changed(self)

    def _post(self, kind: str, frame: str) -> None:
        for member in tuple(self.members):
            member.post(kind, frame)
            member.wake()

    # changes

    def _on_changes(self, changes: Sequence[Change]) -> None:
        """Called by the cache, on any thread, under its lock."""
        try:
            self.loop.call_soon_threadsafe(self._take, changes)
        except RuntimeError:  # the loop is closed: this process is on its way out
            self._unsubscribe()

    def _take(self, changes: Sequence[Change]) -> None:
        if self._early is not None:
            self._early.extend(changes)
            return
        if self.closed:
            return
        self.feed.apply(changes)
        self._schedule_flush()

    def _schedule_flush(self) -> None:
        due = self.feed.due()
        if due is None:
            self.feed.flush(self.now())
        elif self._flush_timer is None:
            self._flush_timer = self.loop.call_later(max(0, due - self.now()) / 1e6, self._flush)

    def _flush(self) -> None:
        self._flush_timer = None
        if self.feed.flush(self.now()):
            if self.state.clock["speed"] == "max":
                # At speed max the log is the clock; the browser cannot extrapolate.
                self._post("clock", dump({**self.state.clock, "now": self.feed.vtime, "wall": wall_now()}))
            for member in tuple(self.members):
                member.wake()
        if self.feed.due() is not None:
            self._schedule_flush()

    # time

    async def _tick(self) -> None:
        rounds = 0
        while True:
            await asyncio.sleep(TICK)
            rounds += 1
            try:
                await self.check(access=rounds % 10 == 0)
            except Exception:  # a database that is away for a moment must not end the live view
                logger.exception("live cluster %s: tick failed", self.name)

    def check_soon(self) -> None:
        """`check` in a task of its own."""
        task = self.loop.create_task(self.check())
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    async def check(self, *, access: bool = False) -> None:
        """Notice what the log does not tell: the clock, the cluster's end, access that was taken away."""
        if self.roster.expire(self.now()):
            self.presence_changed()
        state = await sync_to_async(self._source.state, thread_sensitive=False)(self.name)
        if state is None or state.epoch != self.state.epoch:
            self.closed = True
            for member in tuple(self.members):
                member.leave(4404, "the cluster was deleted")
                member.wake()
            return
        if _told(state.clock) != _told(self.state.clock):
            self._post("clock", dump(state.clock))
        self.state = state
        if access:
            for member in tuple(self.members):
                if not await member.allowed():
                    member.leave(4403, "access to this cluster was taken away")
                    member.wake()


def _told(clock: ClockFrame) -> tuple[object, ...]:
    """What of the clock a browser cannot extrapolate: speed, and where the line lies (to 50 ms)."""
    if clock["paused"]:
        return (clock["speed"], True, clock["now"])
    speed = clock["speed"]
    if isinstance(speed, str):
        return (speed, False, clock["now"])
    offset = clock["now"] - int(clock["wall"] * speed)
    return (speed, False, offset // 50_000, round(clock["lag"], 1))


class LiveClusters:
    """All live clusters of one process, by name."""

    def __init__(self, source: Source, gossip: Gossip | None = None) -> None:
        self.source = source
        self._gossip = gossip
        self._live: dict[str, asyncio.Task[LiveCluster]] = {}
        self._closing: dict[str, asyncio.TimerHandle] = {}

    async def get(self, name: str) -> LiveCluster:
        """The live cluster, made if need be. Raises LookupError."""
        closing = self._closing.pop(name, None)
        if closing is not None:
            closing.cancel()
        task = self._live.get(name)
        if task is not None and task.done():
            if task.exception() is not None:
                task = None
            elif task.result().closed:
                task.result().close()
                task = None
        if task is None:
            task = self._live[name] = asyncio.get_running_loop().create_task(self._start(name))
        try:
            return await asyncio.shield(task)
        except LookupError:
            self._live.pop(name, None)
            raise

    async def _start(self, name: str) -> LiveCluster:
        live = LiveCluster(name, self.source, asyncio.get_running_loop(), self._gossip)
        await live.start()
        return live

    def release(self, live: LiveCluster) -> None:
        """Call after the last use of a live cluster."""
        if live.members:
            return
        if live.closed:
            self._drop(live)
        elif live.name not in self._closing:
            loop = asyncio.get_running_loop()
            self._closing[live.name] = loop.call_later(LINGER, self._drop, live)

    def _drop(self, live: LiveCluster) -> None:
        self._closing.pop(live.name, None)
        if live.members:
            return
        live.close()
        task = self._live.get(live.name)
        if task is not None and task.done() and task.exception() is None and task.result() is live:
            del self._live[live.name]

    def nudge(self, name: str) -> None:
        """Something about a cluster changed that its log does not tell (its clock, its existence): look now
        instead of at the next tick. From any thread."""
        task = self._live.get(name)
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return
        live = task.result()
        with suppress(RuntimeError):  # the loop is closed
            live.loop.call_soon_threadsafe(live.check_soon)

    def counts(self) -> dict[str, int]:
        """Sessions by cluster, for metrics."""
        return {
            name: len(task.result().members)
            for name, task in self._live.items()
            if task.done() and not task.cancelled() and task.exception() is None
        }
