"""One browser's connection as a state machine: no sockets, no clock, no tasks.

Inputs are the browser's messages, the feed's flushes and the passing of time; the output is frames to send.
A session is one more informer: it knows the revision its browser will have reached once all sent frames are
applied, and pulls from the feed what lies between that and now, as far as the browser keeps acknowledging.
A browser that stops reading costs a bounded amount of memory, and catches up coalesced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from clusters.realtime.feed import Feed, Transfer
from clusters.realtime.messages import (
    FRAME_LIMIT,
    MESSAGE_LIMIT,
    PROTOCOL,
    BadMessage,
    Can,
    PresenceMessage,
    dump,
    parse,
)

SECOND = 1_000_000

CLOSE_PROTOCOL = 4400
CLOSE_SLOW = 4408
CLOSE_RATE = 4429


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a browser may leave unanswered and may send. Times are microseconds."""

    unacked_frames: int = 64
    unacked_bytes: int = 2_000_000
    ack_timeout: int = 30 * SECOND
    start_timeout: int = 10 * SECOND
    messages_a_second: int = 60
    burst: int = 240
    message: int = MESSAGE_LIMIT
    frame: int = FRAME_LIMIT


class Session:
    """`now` is always wall microseconds of one clock. Frames come out as JSON text, in the order to send."""

    def __init__(
        self,
        feed: Feed,
        *,
        session_id: str,
        cluster: str,
        user: str,
        can: Can,
        now: int,
        limits: Limits | None = None,
        on_presence: Callable[[PresenceMessage], None] | None = None,
    ) -> None:
        self.feed = feed
        self.id = session_id
        self.limits = limits or Limits()
        self.closed: tuple[int, str] | None = None
        """(close code, reason) once the session is over: send what `drain` still gives, then close."""
        self.rev: int | None = None
        self._on_presence = on_presence
        self._started = False
        self._greet = False
        self._seq = 0
        self._outbox: deque[str] = deque()
        self._reaches: Transfer | None = None
        self._unacked: deque[tuple[int, int]] = deque()
        self._unacked_bytes = 0
        self._acked_at = now
        self._opened_at = now
        self._tokens = float(self.limits.burst)
        self._tokens_at = now
        self._mail: dict[str, str] = {}
        self._frames: list[str] = [
            dump(
                {
                    "t": "hello",
                    "protocol": PROTOCOL,
                    "cluster": cluster,
                    "session": session_id,
                    "user": user,
                    "can": can,
                    "limits": {"frame": self.limits.frame},
                    "epoch": feed.epoch,
                }
            )
        ]

    # inputs

    def receive(self, text: str, now: int) -> None:
        """A message of the browser."""
        if self.closed is not None:
            return
        if not self._allowed(now):
            self._close(CLOSE_RATE, "rate", f"more than {self.limits.messages_a_second} messages a second")
            return
        try:
            message = parse(text)
        except BadMessage as error:
            self._close(CLOSE_PROTOCOL, "bad-message", str(error))
            return
        if message["t"] == "ack":
            self._ack(message["seq"], now)
        elif message["t"] == "presence":
            if self._on_presence is not None:
                self._on_presence(message)
        elif self._started:
            self._close(CLOSE_PROTOCOL, "bad-message", f"{message['t']} comes first, and once")
        else:
            self._started = True
            self._acked_at = now
            if message["t"] == "resume":
                epoch = message.get("epoch", self.feed.epoch)
                if epoch == self.feed.epoch and self.feed.covers(message["rev"]):
                    self.rev = message["rev"]
                    # The browser waits for a state frame to know that it is live again, even if nothing changed.
                    self._greet = True

    def post(self, kind: str, frame: str) -> None:
        """A frame of which only the latest of its kind matters (clock, presence)."""
        self._mail[kind] = frame

    def leave(self, code: int, reason: str) -> None:
        """The server ends the session (the cluster is gone, access was taken, shutdown)."""
        if self.closed is None:
            self._frames.append(dump({"t": "bye", "reason": reason}))
            self.closed = (code, reason)

    # outputs

    def drain(self, now: int) -> list[str]:
        """All frames that may be sent now."""
        if self.closed is None:
            self._fill(now)
        frames, self._frames = self._frames, []
        return frames

    def expires(self) -> int | None:
        """When `drain` must be called next if nothing else happens: the deadline for the browser's answer."""
        if self.closed is not None:
            return None
        if not self._started:
            return self._opened_at + self.limits.start_timeout
        return self._acked_at + self.limits.ack_timeout if self._unacked else None

    # inside

    def _allowed(self, now: int) -> bool:
        gained = (now - self._tokens_at) * self.limits.messages_a_second / SECOND
        self._tokens = min(float(self.limits.burst), self._tokens + max(0.0, gained)) - 1.0
        self._tokens_at = now
        return self._tokens >= 0.0

    def _ack(self, seq: int, now: int) -> None:
        if seq > self._seq:
            self._close(CLOSE_PROTOCOL, "bad-message", f"ack of {seq}, but {self._seq} is the last frame")
            return
        while self._unacked and self._unacked[0][0] <= seq:
            self._unacked_bytes -= self._unacked.popleft()[1]
            self._acked_at = now

    def _close(self, code: int, kind: str, message: str) -> None:
        self._frames.append(dump({"t": "error", "code": kind, "message": message}))
        self.leave(code, message)

    def _open(self) -> bool:
        return len(self._unacked) < self.limits.unacked_frames and self._unacked_bytes < self.limits.unacked_bytes

    def _fill(self, now: int) -> None:
        deadline = self.expires()
        if deadline is not None and now >= deadline:
            if self._started:
                self._close(CLOSE_SLOW, "slow", "no acknowledgement for too long")
            else:
                self._close(CLOSE_SLOW, "slow", "neither start nor resume came")
            return
        if not self._started:
            return
        while self._open() and (self._outbox or self._fetch()):
            assert self._reaches is not None
            self._seq += 1
            frame = f'{{"t":"{self._reaches.kind}","seq":{self._seq},{self._outbox.popleft()}'
            if not self._unacked:
                self._acked_at = now
            self._unacked.append((self._seq, len(frame)))
            self._unacked_bytes += len(frame)
            self._frames.append(frame)
            if not self._outbox:
                self.rev = self._reaches.rev
        if self._mail and self._open():
            self._frames.extend(self._mail.values())
            self._mail.clear()

    def _fetch(self) -> bool:
        """Load the outbox with what brings the browser up to date; False if it is."""
        feed = self.feed
        if self.rev is not None and self.rev >= feed.rev and not self._greet:
            return False
        transfer = feed.delta(self.rev) if self.rev is not None else None
        if transfer is None:
            transfer = feed.snapshot()
        if not transfer.bodies and self._greet:
            transfer = Transfer("delta", transfer.rev, (f'"rev":{transfer.rev},"rm":{{}},"up":{{}},"notes":[]}}',))
        self._greet = False
        if not transfer.bodies:
            self.rev = transfer.rev
            return False
        self._reaches = transfer
        self._outbox.extend(transfer.bodies)
        return True
