"""Connections that send what was written at the end of the event loop's turn, instead of asking the selector first.

Twisted registers a socket for writing, waits for the next turn to hear that it may, sends, and takes the
registration back: two system calls and a good deal of Python around each `send`, which a thousand watchers pay
twenty times a second. A socket with room takes the bytes at once; only one without is waited for, Twisted's way.
Models: nothing; `Port.transport` is the seam that Twisted has for it.
"""

from __future__ import annotations

import asyncio

from twisted.internet import tcp


class PromptServer(tcp.Server):
    """One accepted connection, below HTTP, WebSocket and TLS alike."""

    _told = False
    """Whether it waits for the end of the turn."""

    def startWriting(self) -> None:
        """Called whenever there is something to send, or to close."""
        if not self._told:
            self._told = True
            _END_OF_TURN.add(self)

    def flush(self) -> None:
        """Send what the socket takes; the reactor sees to what it does not, to errors and to the end."""
        self._told = False
        if not self.connected:
            return
        try:
            done = self.doWrite() is None and not self.dataBuffer and not self._tempDataLen  # type: ignore[no-untyped-call]
        except Exception:
            # The others of this turn must get theirs; the reactor meets the same, tells of it and closes this one.
            done = False
        if not done:
            super().startWriting()  # type: ignore[no-untyped-call]


class _EndOfTurn:
    """The connections that were written to in this turn of the loop."""

    def __init__(self) -> None:
        self._waiting: list[PromptServer] = []

    def add(self, transport: PromptServer) -> None:
        self._waiting.append(transport)
        if len(self._waiting) == 1:
            asyncio.get_event_loop().call_soon(self._flush)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for transport in waiting:
            transport.flush()


_END_OF_TURN = _EndOfTurn()


def install() -> None:
    """Use it for every port that is opened from now on."""
    tcp.Port.transport = PromptServer
