"""What flows between commands, and what they wait for."""

from __future__ import annotations

from collections.abc import Callable, Generator

from clusters.components.kubelet.script import limits

INPUT, TICK = -1, -2
"""What a command may yield beside the virtual time at which it goes on."""

Running = Generator[int, None, int]


class BrokenPipe(Exception):
    """Whoever reads has had enough, or the pipe's limit is reached."""


class Interrupted(Exception):
    """Ctrl-C."""


class Input:
    """Bytes on their way to a command."""

    def __init__(self, data: bytes = b"", *, ended: bool = True) -> None:
        self.data = bytearray(data)
        self.ended = ended

    def feed(self, data: bytes) -> None:
        self.data += data[: max(limits.INPUT - len(self.data), 0)]

    def take(self) -> bytes:
        out = bytes(self.data)
        self.data.clear()
        return out

    def line(self) -> Generator[int, None, bytes | None]:
        """The next line with its end; None at the end of input."""
        while (end := self.data.find(b"\n")) < 0:
            if self.ended:
                return self.take() or None
            if len(self.data) > limits.VALUE:
                break
            yield INPUT
        size = end + 1 if end >= 0 else len(self.data)
        out = bytes(self.data[:size])
        del self.data[:size]
        return out

    def rest(self) -> Generator[int, None, bytes]:
        """Everything up to the end of input."""
        while not self.ended:
            if len(self.data) >= limits.INPUT:
                break
            yield INPUT
        return self.take()


Sink = Callable[[bytes], None]


class Streams:
    """Where a command reads and writes."""

    __slots__ = ("err", "out", "stdin")

    def __init__(self, stdin: Input, out: Sink, err: Sink) -> None:
        self.stdin = stdin
        self.out = out
        self.err = err
