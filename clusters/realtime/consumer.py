"""The websocket `/ws/clusters/NAME`: a thin consumer that moves frames between a `Session` and the socket.

It decides nothing about state: it checks where the browser comes from and what its user may reach, then pumps.
One writer task a socket sends what the session drains, so a slow socket holds up nobody else.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any

from asgiref.sync import sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from clusters.models import Cluster
from clusters.models.access import Reach, policy
from clusters.realtime.live import MAX_MEMBERS, LiveCluster
from clusters.realtime.messages import Bye, Can, ErrorFrame, PresenceMessage, dump
from clusters.realtime.origin import same_origin
from clusters.realtime.session import Session
from clusters.realtime.source import live_clusters

logger = logging.getLogger(__name__)

CLOSE_FORBIDDEN = 4403
CLOSE_NOT_FOUND = 4404
CLOSE_BUSY = 4503


class ClusterConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One browser on one cluster."""

    # No channel layer: state does not travel through it, and a receive loop a socket is not free.
    channel_layer_alias = "none"

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Straight to the handler: nothing here holds a database connection between messages."""
        kind = message["type"]
        if kind == "websocket.receive":
            self._received(message)
        elif kind == "websocket.connect":
            await self._connected()
        elif kind == "websocket.disconnect":
            await self._disconnected()
            raise StopConsumer

    # a member of the live cluster

    def wake(self) -> None:
        self._wakeup.set()

    def post(self, kind: str, frame: str) -> None:
        self.session.post(kind, frame)

    def leave(self, code: int, reason: str) -> None:
        self.session.leave(code, reason)

    async def allowed(self) -> bool:
        return await _reach(self.user, self.name) is not None

    # handlers

    async def _connected(self) -> None:
        self.live: LiveCluster | None = None
        self.writer: asyncio.Task[None] | None = None
        self.name: str = self.scope["url_route"]["kwargs"]["name"]
        self.user = self.scope.get("user")
        if not same_origin(self.scope.get("headers", ())):
            # Refused before the handshake: another site's page learns nothing.
            await self.close(403)
            return
        await self.accept()
        found = await _reach(self.user, self.name)
        if found is None:
            await self._refuse(CLOSE_NOT_FOUND, "not-found", f"there is no cluster {self.name!r} that you may see")
            return
        try:
            live = await live_clusters().get(self.name)
        except LookupError:
            await self._refuse(CLOSE_NOT_FOUND, "not-found", f"cluster {self.name!r} is gone")
            return
        except Exception:
            logger.exception("cluster %s could not be opened", self.name)
            await self._refuse(CLOSE_BUSY, "busy", "the cluster could not be opened: try again in a moment")
            return
        if len(live.members) >= MAX_MEMBERS:
            await self._refuse(CLOSE_BUSY, "busy", "too many browsers watch this cluster")
            live_clusters().release(live)
            return
        self._begin(live, found)

    def _begin(self, live: LiveCluster, reach: Reach) -> None:
        self._wakeup = asyncio.Event()
        self.live = live
        can: Can = {"write": reach.write, "faults": reach.write, "share": reach.owner}
        self.session = Session(
            live.feed,
            session_id=secrets.token_hex(4),
            cluster=self.name,
            user=reach.identity.name,
            can=can,
            now=live.now(),
            on_presence=self._pointed,
        )
        self.session.post("clock", dump(live.state.clock))
        live.join(self, self.session.id, reach.identity.name)
        self.writer = asyncio.get_running_loop().create_task(self._write(live))
        self.wake()

    def _received(self, message: dict[str, Any]) -> None:
        if self.live is None:
            return
        text = message.get("text")
        self.session.receive(text if text is not None else "", self.live.now())
        self.wake()

    def _pointed(self, message: PresenceMessage) -> None:
        if self.live is not None:
            self.live.point(self.session.id, message)

    async def _disconnected(self) -> None:
        if self.live is not None:
            live, self.live = self.live, None
            live.part(self, self.session.id)
            live_clusters().release(live)
        if self.writer is not None:
            self.writer.cancel()

    async def _write(self, live: LiveCluster) -> None:
        session = self.session
        while True:
            expires = session.expires()
            try:
                timeout = None if expires is None else max(0.0, (expires - live.now()) / 1e6)
                async with asyncio.timeout(timeout):
                    await self._wakeup.wait()
            except TimeoutError:
                pass
            self._wakeup.clear()
            for frame in session.drain(live.now()):
                await self.base_send({"type": "websocket.send", "text": frame})
            if session.closed is not None:
                await self.base_send({"type": "websocket.close", "code": session.closed[0]})
                return

    async def _refuse(self, code: int, kind: str, message: str) -> None:
        error: ErrorFrame = {"t": "error", "code": kind, "message": message}
        bye: Bye = {"t": "bye", "reason": message}
        await self.send(text_data=dump(error))
        await self.send(text_data=dump(bye))
        await self.close(code)


@sync_to_async
def _reach(user: Any, name: str) -> Reach | None:
    cluster = Cluster.objects.filter(name=name).first()
    return policy().may_reach(user, cluster) if cluster is not None else None
