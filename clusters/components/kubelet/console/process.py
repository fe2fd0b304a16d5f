"""What a command sees: arguments, environment, working directory, streams, files, network and time.

A command is a function of its `Process` and gives its exit code. One that has to wait is a generator: it yields
what it waits for (`INPUT`, a virtual time, or `TICK` between two pieces of work) and is continued then.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clusters.components.kubelet.console.files import FileProblem, Files, resolve
from clusters.components.kubelet.script.streams import INPUT, TICK, BrokenPipe, Input, Interrupted, Running, Sink

if TYPE_CHECKING:
    from clusters.components.kubelet.console.container import Container
    from clusters.components.kubelet.console.network import Network


@dataclass(slots=True)
class System:
    """What all processes of a session share."""

    container: Container
    network: Network
    now: Callable[[], int]
    tty: bool = False
    width: int = 80
    height: int = 24
    files_at: int = -1
    _files: Files | None = None
    started: int = 0
    stopped: int | None = None
    """The code with which process 1 of the container ends, once it was told to."""

    @property
    def files(self) -> Files:
        """As they are now."""
        now = self.now()
        if self._files is None or now != self.files_at:
            self._files = self.container.files(now)
            self.files_at = now
        return self._files


@dataclass(slots=True)
class Process:
    args: list[str]
    env: dict[str, str]
    cwd: str
    stdin: Input
    out: Sink
    err: Sink
    system: System
    depth: int = 0
    cwd_after: str = field(default="")

    @property
    def name(self) -> str:
        return self.args[0].rpartition("/")[2]

    @property
    def now(self) -> int:
        return self.system.now()

    @property
    def files(self) -> Files:
        return self.system.files

    def path(self, text: str) -> str:
        return resolve(self.cwd, text)

    def print(self, text: str) -> None:
        self.out(f"{text}\n".encode())

    def say(self, text: str) -> None:
        """To standard error, with the command's name."""
        self.err(f"{self.name}: {text}\n".encode())

    def options(self, known: str, valued: str = "") -> tuple[dict[str, str], list[str]] | None:
        """(options, operands); None after complaining. Letters in `valued` take a value."""
        found: dict[str, str] = {}
        operands: list[str] = []
        rest = self.args[1:]
        while rest:
            arg = rest.pop(0)
            if arg == "--":
                operands += rest
                break
            if len(arg) < 2 or not arg.startswith("-") or arg.startswith("--"):
                if arg.startswith("--"):
                    self.say(f"unrecognized option: {arg[2:]}")
                    return None
                operands.append(arg)
                continue
            letters = arg[1:]
            while letters:
                letter, letters = letters[0], letters[1:]
                if letter in valued:
                    if not letters and not rest:
                        self.say(f"option requires an argument -- '{letter}'")
                        return None
                    found[letter] = letters or rest.pop(0)
                    letters = ""
                elif letter in known:
                    found[letter] = ""
                else:
                    self.say(f"invalid option -- '{letter}'")
                    return None
        return found, operands

    def read_file(self, name: str) -> bytes | None:
        """None after complaining."""
        try:
            data = self.files.read(self.path(name))
        except FileProblem as problem:
            verb = "can't open" if self.system.container.picture.family in ("busybox", "alpine") else ""
            self.say(f"{verb} '{name}': {problem}" if verb else f"{name}: {problem}")
            return None
        return data

    def inputs(self, names: list[str]) -> Generator[int, None, tuple[list[tuple[str, bytes]], int]]:
        """The named files' contents, or standard input; and the exit code of what could not be read."""
        out: list[tuple[str, bytes]] = []
        code = 0
        for name in names or ["-"]:
            data = (yield from self.stdin.rest()) if name == "-" else self.read_file(name)
            if data is None:
                code = 1
            else:
                out.append((name, data))
        return out, code


Command = Callable[[Process], "int | Running"]

__all__ = [
    "INPUT",
    "TICK",
    "BrokenPipe",
    "Command",
    "Input",
    "Interrupted",
    "Process",
    "Running",
    "Sink",
    "System",
]
