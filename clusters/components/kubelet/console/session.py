"""One `kubectl exec`: a command in a container, fed with input and time, giving output and an exit code.

Whoever carries it calls `feed`, `end_input`, `resize` and `advance(now)`, takes what `output` holds, and comes
back when `due` says so. Nothing happens between calls.
"""

from __future__ import annotations

from clusters.components.kubelet.console import tools
from clusters.components.kubelet.console.container import Container
from clusters.components.kubelet.console.machine import Exit
from clusters.components.kubelet.console.network import Network
from clusters.components.kubelet.console.process import (
    INPUT,
    TICK,
    BrokenPipe,
    Input,
    Interrupted,
    Process,
    Running,
    System,
)
from clusters.components.kubelet.console.terminal import Terminal
from clusters.components.kubelet.script import limits

STDOUT, STDERR = 1, 2
KILLED, INTERRUPTED = 137, 130
OUTPUT = 256 * 1024
"""Bytes that may wait to be taken before the command has to wait too."""


class NotStarted(Exception):
    """The command could not be started, in the container runtime's words."""


class Session:
    """`due` is when it wants to go on: a virtual time, None while it waits for input, and -1: at once."""

    def __init__(
        self, container: Container, network: Network, command: list[str], *, now: int, stdin: bool, tty: bool
    ) -> None:
        """Raises NotStarted."""
        self._now = now
        self.output: list[tuple[int, bytes]] = []
        self._waiting = 0
        self.code: int | None = None
        self.due: int | None = -1
        self._input = Input(ended=not stdin)
        self._system = System(container, network, lambda: self._now, tty, started=now)
        self._terminal = (
            Terminal(self._input.feed, self._end, self._interrupt, lambda data: self._show(STDOUT, data))
            if tty
            else None
        )
        self._interrupted = False
        self._command = command
        self._running = self._start(command)

    def _start(self, command: list[str]) -> Running:
        if not command or not command[0]:
            raise NotStarted('exec: "": executable file not found in $PATH')
        if sum(map(len, command)) > limits.SCRIPT or len(command) > limits.WORDS:
            raise NotStarted(f"exec {command[0][:200]}: argument list too long")
        container = self._system.container
        tool = tools.find(command[0], self._system, "/")
        if isinstance(tool, str):
            name = command[0]
            if "/" not in name:
                raise NotStarted(f'exec: "{name}": executable file not found in $PATH')
            if "not found" in tool:
                raise NotStarted(f'exec: "{name}": stat {name}: no such file or directory')
            raise NotStarted(f'exec: "{name}": permission denied')
        environment = container.environment(tty=self._system.tty)
        cwd = container.spec.get("workingDir") or "/"
        process = Process(
            list(command), environment, cwd if self._system.files.is_folder(cwd) else "/", self._input,
            lambda data: self._show(STDOUT, data), lambda data: self._show(STDERR, data), self._system,
        )  # fmt: skip
        return tools.run(tool, process)

    @property
    def stopped(self) -> int | None:
        """The code with which the container itself ends, if the command made it."""
        return self._system.stopped

    # what comes in

    def feed(self, data: bytes) -> None:
        """Standard input, or keys."""
        if self.code is not None:
            return
        if self._terminal is not None:
            self._terminal.type(data)
        else:
            self._input.feed(data)
        if self.due is None:
            self.due = -1

    def end_input(self) -> None:
        self._end()

    def _end(self) -> None:
        self._input.ended = True
        if self.due is None:
            self.due = -1

    def _interrupt(self) -> None:
        self._interrupted = True
        self.due = -1

    def resize(self, width: int, height: int) -> None:
        """A terminal without a size keeps the usual one."""
        if width > 0 and height > 0:
            self._system.width, self._system.height = min(width, 1000), min(height, 1000)

    def kill(self, code: int = KILLED) -> None:
        """The container has ended, or the client has gone."""
        if self.code is None:
            self._running.close()
            self.code = code

    # what goes out

    def _show(self, channel: int, data: bytes) -> None:
        if not data:
            return
        if self._terminal is not None:
            channel, data = STDOUT, data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        self._waiting += len(data)
        self.output.append((channel, data))

    def take(self) -> list[tuple[int, bytes]]:
        """The output so far, neighbours of one channel joined."""
        out: list[tuple[int, bytes]] = []
        for channel, data in self.output:
            if out and out[-1][0] == channel and len(out[-1][1]) < 32 * 1024:
                out[-1] = (channel, out[-1][1] + data)
            else:
                out.append((channel, data))
        self.output, self._waiting = [], 0
        return out

    # work

    def advance(self, now: int, steps: int = 400) -> None:
        """Work until it has to wait, has done so many steps, or ends."""
        self._now = max(self._now, now)
        if self._interrupted:
            self._stop_foreground()
        for _ in range(steps):
            if self.code is not None:
                return
            if self._waiting > OUTPUT:
                self.due = -1
                return
            try:
                wanted = next(self._running)
            except StopIteration as done:
                self.code = int(done.value or 0) & 255
                return
            except Exit as end:
                self.code = end.code & 255
                return
            except (BrokenPipe, RecursionError):
                self.code = 141
                return
            if wanted == TICK:
                continue
            if wanted == INPUT:
                if not self._input.data and not self._input.ended:
                    self.due = None
                    return
                continue
            if wanted > self._now:
                self.due = wanted
                return
        self.due = -1

    def _stop_foreground(self) -> None:
        """Ctrl-C: an interactive shell takes it, anything else ends."""
        self._interrupted = False
        shell = self._command[0].rpartition("/")[2] in ("sh", "bash", "ash") and len(self._command) == 1
        if not shell:
            self.kill(INTERRUPTED)
            return
        try:
            self._running.throw(Interrupted)
        except StopIteration as done:
            self.code = int(done.value or 0) & 255
        except (Interrupted, Exit, BrokenPipe):
            self.code = INTERRUPTED
