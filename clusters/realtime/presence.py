"""Who else is looking: cursors and selections, best effort, gone when the tab is. Pure.

Nothing depends on it, so it is never stored; each process tells the others what its own sessions do, and
forgets what it heard after a while.
"""

from __future__ import annotations

from zlib import crc32

from clusters.realtime.messages import Peer, PresenceFrame, PresenceMessage

COLORS = ("#2f6fde", "#b3539b", "#b0651a", "#0e8a7d", "#7a5cd6", "#c2453a", "#4d7c1d", "#8a6d00")
PEERS_SHOWN = 50
INTERVAL = 100_000
"""Microseconds between presence frames: 10 Hz."""
REMOTE_TTL = 15_000_000


def color_of(session: str) -> str:
    return COLORS[crc32(session.encode()) % len(COLORS)]


class Roster:
    """The peers of one cluster: this process's sessions, and those of others as last heard."""

    def __init__(self) -> None:
        self._local: dict[str, Peer] = {}
        self._remote: dict[str, tuple[int, list[Peer]]] = {}

    def join(self, session: str, user: str) -> None:
        self._local[session] = {
            "session": session,
            "user": user,
            "color": color_of(session),
            "cursor": None,
            "selection": None,
        }

    def leave(self, session: str) -> None:
        self._local.pop(session, None)

    def move(self, session: str, message: PresenceMessage) -> bool:
        """Where a local session points now. False if nothing changed."""
        peer = self._local.get(session)
        if peer is None:
            return False
        if peer["cursor"] == message["cursor"] and peer["selection"] == message["selection"]:
            return False
        peer["cursor"], peer["selection"] = message["cursor"], message["selection"]
        return True

    def hear(self, process: str, peers: list[Peer], now: int) -> None:
        """What another process says of its sessions."""
        if peers:
            self._remote[process] = (now, peers)
        else:
            self._remote.pop(process, None)

    def expire(self, now: int) -> bool:
        """Forget processes that have been silent. True if any was forgotten."""
        silent = [p for p, (heard, _) in self._remote.items() if now - heard > REMOTE_TTL]
        for process in silent:
            del self._remote[process]
        return bool(silent)

    def local(self) -> list[Peer]:
        return [dict(p) for p in self._local.values()]  # type: ignore[misc]

    def frame(self) -> PresenceFrame:
        """Those that point at something come first; at most `PEERS_SHOWN`."""
        peers = [*self._local.values(), *(p for _, remote in self._remote.values() for p in remote)]
        peers.sort(key=lambda p: (p["cursor"] is None and p["selection"] is None, p["session"]))
        return {"t": "presence", "peers": peers[:PEERS_SHOWN]}

    def __len__(self) -> int:
        return len(self._local)
