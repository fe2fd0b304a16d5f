"""The closed form of a program: what it prints, makes and comes to, by offsets from its start."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.kernel.clock import MILLISECOND

DATE, HOSTNAME, COUNT = "\x00D", "\x00H", "\x00C"
"""In a line: the time it is printed at; the pod's host name; a number that grows with each round of a loop."""
STEP = 10 * MILLISECOND
"""What a quick command takes."""

Line = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Loop:
    """What repeats for ever: from `start`, every `period`, these lines (offsets in the round)."""

    start: int
    period: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Offsets are microseconds since the start. `end` is (offset, exit code), None for one that runs on."""

    lines: tuple[Line, ...] = ()
    loop: Loop | None = None
    end: tuple[int, int] | None = None
    files: tuple[tuple[int, str, bool], ...] = ()
    """(offset, path, whether it is there from then on)."""
    written: tuple[tuple[int, str, str], ...] = ()
    """(offset, path, what was written there)."""
    known: bool = True
    """False: nothing is known of it but that it runs on."""
    shell: bool = False
    """Runs as a shell or `sleep` that does not handle SIGTERM as process 1."""
    hosts: tuple[str, ...] = ()
    """What it tried to reach: the program may go on differently once it can."""
    stuck: bool = False
    """It runs on with a command that nobody here knows."""

    def has_file(self, path: str, at: int) -> bool:
        present = False
        for offset, name, there in self.files:
            if offset > at:
                break
            if name == path:
                present = there
        return present

    def content(self, path: str, at: int) -> str:
        """What was last written to a file; "" for one that nothing was."""
        found = ""
        for offset, name, text in self.written:
            if offset <= at and name == path:
                found = text
        return found


RUNS_ON = Program(known=False)
