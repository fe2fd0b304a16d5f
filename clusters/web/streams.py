"""Simulated containers at the other end of exec, attach and port-forward: what `apiserver.channels` and
`apiserver.forward` carry.

A session works in a pool thread, for it reads the cluster's objects, and in small pieces. One that waits for its
virtual time is asked again when that has come. Files that are written in a container live in this process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from clusters.apiserver import render
from clusters.apiserver.asgi import Receive, Scope, Send, refuse_websocket, send_response, shared_pool
from clusters.apiserver.channels import ChannelUpgrades, Exit, Terminal
from clusters.apiserver.context import ClusterContext, Ports, ServerSettings
from clusters.apiserver.http import Upgrade
from clusters.client.inprocess import InProcessClient
from clusters.components.kubelet.console import attach
from clusters.components.kubelet.console.container import Container
from clusters.components.kubelet.console.network import ClusterNetwork, Refused
from clusters.components.kubelet.console.playback import Playback
from clusters.components.kubelet.console.servers import Connection
from clusters.components.kubelet.console.session import STDERR, NotStarted, Session
from clusters.kernel.clock import SECOND, ClockSpec
from clusters.machinery.errors import ApiError, NotFound, TooManyRequests
from clusters.machinery.types import Obj

logger = logging.getLogger(__name__)

IDLE_SECONDS = 4 * 3600.0
"""After so long without a byte either way a session ends, as a kubelet's does."""
LOOK_SECONDS = 0.5
"""How often a waiting session looks whether its container still runs."""
BUSY_SECONDS = 0.02
"""The pause of a session that always has something to do."""
KILLED = 137

Issue = Callable[[Obj, Obj], str]
"""(pod, projected source) → a service account token."""


class Time(Protocol):
    """A cluster's clock, and what it follows."""

    def now(self) -> int: ...
    def spec(self) -> ClockSpec: ...


class Containers:
    """The running containers of one cluster, each with what was written in it."""

    def __init__(
        self,
        cluster: ClusterContext,
        time: Time,
        refresh: Callable[[], object],
        issue: Issue,
        playback: Playback | None = None,
    ) -> None:
        self.lookup = cluster.registry.lookup
        self._registry = cluster.registry
        self.rng = cluster.rng
        self.time = time
        self._refresh = refresh
        self._issue = issue
        self.playback = playback if playback is not None else Playback(self.lookup)
        self.network = ClusterNetwork(self.lookup, self.playback.disks, self.playback.settle)

    def find(self, namespace: str, pod: str, name: str) -> Container | None:
        """The container as it is now; None if it is not running."""
        found = self.pod(namespace, pod)
        if found is None:
            return None
        container = Container(found, name, self.lookup, self._issue, disks=self.playback.disks)
        if not container.running:
            return None
        container.layer = self.playback.disks.layer(container.id)
        return container

    def settle(self, pod: Obj) -> None:
        """Have done what the Pod's own scripts do to its files."""
        self.playback.settle(pod)

    def ended(self, namespace: str, pod: str, name: str, container_id: str, code: int) -> None:
        """The container's own process has ended: what its kubelet would tell of it."""
        container = self.find(namespace, pod, name)
        if container is None or container.id != container_id:
            return
        client = InProcessClient(self._registry, attach.kubelet_of(container), "kubelet")
        try:
            client.update_status("pods", attach.ended(container, code, self.time.now()))
        except ApiError as error:
            logger.info("the end of %s in %s/%s could not be told: %s", name, namespace, pod, error)

    def pod(self, namespace: str, name: str) -> Obj | None:
        self._refresh()
        return self.lookup.get("pods", namespace, name)

    def now(self, due: int | None = None) -> int:
        """The cluster's time. At full speed the clock moves only for the cluster's own work: there a session's
        waiting is over at once."""
        now = self.time.now()
        return max(now, due) if due is not None and due > 0 and self.time.spec().is_max else now

    def pause(self, due: int | None) -> float:
        """Wall seconds until a session that is due then wants to go on."""
        spec = self.time.spec()
        if due is None or (spec.paused and due > 0):
            return LOOK_SECONDS
        if due < 0 or spec.is_max:
            return BUSY_SECONDS
        return min(max((due - self.time.now()) / SECOND / spec.speed, 0.005), LOOK_SECONDS)


class PlayedProcesses:
    """`apiserver.channels.Processes`."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    async def run(self, upgrade: Upgrade, terminal: Terminal) -> Exit:
        loop = asyncio.get_running_loop()
        try:
            run = await loop.run_in_executor(shared_pool(), self._start, upgrade)
        except NotStarted as problem:
            # The API server stands between client and kubelet, and reports the kubelet's error as one of its own.
            return Exit(message=f"Internal error occurred: {problem}")
        reading: asyncio.Task[bytes] | None = None
        ended = not upgrade.stdin
        quiet = loop.time()
        data = b""
        try:
            while True:
                output = await loop.run_in_executor(shared_pool(), run.work, data, ended, terminal.size)
                for channel, piece in output:
                    await terminal.write(piece, error=channel == STDERR)
                if run.exit is not None:
                    return run.exit
                if output or data:
                    quiet = loop.time()
                elif loop.time() - quiet > IDLE_SECONDS:
                    return Exit(message="Internal error occurred: stream idle for too long")
                if reading is None and not ended:
                    reading = asyncio.ensure_future(terminal.read())
                data = b""
                pause = self._containers.pause(run.due)
                if reading is None:
                    await asyncio.sleep(pause)
                    continue
                await asyncio.wait((reading,), timeout=pause)
                if reading.done():
                    data, reading = reading.result(), None
                    ended = not data
        finally:
            if reading is not None:
                reading.cancel()
            run.end()

    def _start(self, upgrade: Upgrade) -> _Run:
        """Raises NotStarted."""
        containers = self._containers
        container = containers.find(upgrade.namespace, upgrade.pod, upgrade.container)
        now = containers.now()
        if upgrade.kind == "attach" and (container is None or attach.is_over(container, now)):
            where = f"{upgrade.pod}_{upgrade.namespace}"
            raise NotStarted(f"unable to upgrade connection: container {upgrade.container} not found in pod {where}")
        if container is None:
            raise NotStarted(f'unable to upgrade connection: container not found ("{upgrade.container}")')
        containers.settle(container.pod)
        command: list[str] | None = upgrade.command
        if upgrade.kind == "attach":
            command = attach.own_shell(container)
            if command is None:
                attachment = attach.Attachment(
                    container,
                    lambda: containers.pod(upgrade.namespace, upgrade.pod),
                    now=now,
                    tty=upgrade.tty,
                    replay=containers.playback,
                )
                return _Run(containers, upgrade, container.id, attachment)
        try:
            session = Session(
                container, containers.network, command or [], now=now, stdin=upgrade.stdin, tty=upgrade.tty
            )
        except NotStarted as problem:
            exec_id = f"{containers.rng.bits('exec', container.id, now):032x}" * 2
            raise NotStarted(
                "Internal error occurred: error executing command in container: failed to exec in container: "
                f'failed to start exec "{exec_id}": OCI runtime exec failed: exec failed: unable to start container '
                f"process: {problem}"
            ) from None
        stays = upgrade.kind == "attach" and not container.spec.get("stdinOnce")
        return _Run(containers, upgrade, container.id, session, stays=stays)


class _Run:
    """One session with its container. All in pool threads, one at a time."""

    def __init__(
        self,
        containers: Containers,
        upgrade: Upgrade,
        container_id: str,
        played: Session | attach.Attachment,
        *,
        stays: bool = False,
    ) -> None:
        """`stays`: the process goes on when whoever is attached has no more to say."""
        self._containers = containers
        self._upgrade = upgrade
        self._id = container_id
        self._played = played
        self._ended = False
        self._size: tuple[int, int] | None = None
        self._stays = stays
        self.exit: Exit | None = None

    @property
    def due(self) -> int | None:
        return self._played.due

    def work(self, data: bytes, ended: bool, size: tuple[int, int] | None) -> list[tuple[int, bytes]]:
        """Take what the client sent, go on, and give what there is to show. Sets `exit`."""
        played = self._played
        if size is not None and size != self._size:
            self._size = size
            played.resize(*size)
        if data:
            played.feed(data)
        if ended and not self._ended:
            self._ended = True
            if self._stays:
                self.exit = Exit(0)
                return played.take()
            if not self._upgrade.tty:
                played.end_input()
        played.advance(self._containers.now(played.due))
        upgrade = self._upgrade
        if played.stopped is not None:
            self._containers.ended(upgrade.namespace, upgrade.pod, upgrade.container, self._id, played.stopped)
        if played.code is not None:
            if upgrade.kind == "attach":
                # Who is attached is not told how the process ended; the Pod's status says it.
                self._containers.ended(upgrade.namespace, upgrade.pod, upgrade.container, self._id, played.code)
            self.exit = Exit(0 if upgrade.kind == "attach" else played.code)
        else:
            container = self._containers.find(upgrade.namespace, upgrade.pod, upgrade.container)
            if container is None or container.id != self._id:
                played.kill()
                self.exit = Exit(0 if upgrade.kind == "attach" else KILLED)
        return played.take()

    def end(self) -> None:
        """The client has gone, or it is over."""
        self._played.kill()


class PlayedPorts:
    """`apiserver.context.Ports`."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    def connect(self, namespace: str, pod: str, port: int) -> BoundConnection:
        """Raises ConnectionRefusedError, NotFound."""
        found = self._containers.pod(namespace, pod)
        if found is None:
            raise NotFound.of("", "pods", pod)
        try:
            target = self._containers.network.inside(found, port)
        except Refused:
            raise ConnectionRefusedError from None
        return BoundConnection(Connection(target.container, target.port), self._containers.now)


class BoundConnection:
    """A connection that knows what time it is."""

    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._connection = connection
        self._now = now

    @property
    def closed(self) -> bool:
        return self._connection.closed

    def feed(self, data: bytes) -> bytes:
        return self._connection.feed(data, self._now())


class Streams:
    """The `UpgradeHandler` of one cluster; only so many connections stand at a time."""

    def __init__(self, containers: Containers, ports: Ports, settings: ServerSettings) -> None:
        self._upgrades = ChannelUpgrades(PlayedProcesses(containers), ports)
        self._settings = settings
        self._open: dict[str, int] = {}

    async def __call__(self, upgrade: Upgrade, scope: Scope, receive: Receive, send: Send) -> None:
        user = upgrade.user.name if upgrade.user is not None else ""
        settings = self._settings
        mine = self._open.get(user, 0)
        if self.open >= settings.max_streams or mine >= settings.max_streams_per_user:
            error = TooManyRequests("Too many streams are open, please try again later.", retry_after=5)
            answer = render.error(None, error)
            if scope["type"] == "websocket":
                await refuse_websocket(answer, receive, send)
            else:
                await send_response(answer, send)
            return
        self._open[user] = mine + 1
        try:
            await self._upgrades(upgrade, scope, receive, send)
        finally:
            self._open[user] -= 1
            if not self._open[user]:
                del self._open[user]

    @property
    def open(self) -> int:
        """Connections that stand now."""
        return sum(self._open.values())
