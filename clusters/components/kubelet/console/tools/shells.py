"""sh and bash as programs: `-c`, a script's file, standard input; and what starts other programs."""

from __future__ import annotations

from clusters.components.kubelet.console.machine import Shell, Streams, interactive
from clusters.components.kubelet.console.process import Command, Input, Process, Running
from clusters.kernel.clock import SECOND


def sh(p: Process) -> Running:
    shell = Shell(p.system, p.env, p.cwd, name=p.name.lstrip("-"), depth=p.depth + 1)
    streams = Streams(p.stdin, p.out, p.err)
    rest = p.args[1:]
    script: str | None = None
    asked = False
    while rest and rest[0].startswith("-") and rest[0] != "-":
        option = rest.pop(0)
        if option.startswith("--"):
            continue
        shell.errexit = shell.errexit or "e" in option
        shell.trace = shell.trace or "x" in option
        asked = asked or "i" in option
        if "c" in option:
            if not rest:
                p.say("-c requires an argument")
                return 2
            script = rest.pop(0)
    if script is not None:
        if rest:
            shell.name, shell.args = rest[0], rest[1:]
        return (yield from shell.run(script, streams))
    if rest:
        name = rest[0]
        data = p.read_file(name)
        if data is None:
            return 2
        shell.name, shell.args = name, rest[1:]
        return (yield from shell.run(data.decode(errors="replace"), streams))
    return (yield from interactive(shell, streams, _prompt(p) if p.system.tty or asked else ""))


def _prompt(p: Process) -> str:
    if "PS1" in p.env:
        return p.env["PS1"]
    if p.name == "bash":
        return "\\u@\\h:\\w\\$ "
    return "\\$ " if p.system.container.picture.bash else "\\w \\$ "


def script(p: Process) -> Running:
    """A file that is executed: a script, whatever its first line says."""
    data = p.read_file(p.args[0])
    if data is None or data.startswith(b"\x7fELF"):
        return 126
    shell = Shell(p.system, p.env, p.cwd, name=p.args[0], args=p.args[1:], depth=p.depth + 1)
    return (yield from shell.run(data.decode(errors="replace"), Streams(p.stdin, p.out, p.err)))


def _start(p: Process, words: list[str], stdin: Input | None = None) -> Running:
    from clusters.components.kubelet.console import tools

    tool = tools.find(words[0], p.system, p.cwd)
    if isinstance(tool, str):
        p.say(f"can't execute '{words[0]}': {tool.replace('not found', 'No such file or directory')}")
        return 127
    below = Process(words, p.env, p.cwd, p.stdin if stdin is None else stdin, p.out, p.err, p.system, p.depth + 1)
    return (yield from tools.run(tool, below))


def busybox(p: Process) -> Running:
    if len(p.args) < 2:
        p.print("BusyBox v1.37.0 multi-call binary.")
        return 0
    return (yield from _start(p, p.args[1:]))


def timeout(p: Process) -> Running:
    from clusters.components.kubelet.timing import duration

    rest = p.args[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in ("-s", "-k") else rest[1:]
    limit = duration(rest[0]) if rest else None
    if limit is None or len(rest) < 2:
        p.say("usage: timeout SECS PROG ARGS")
        return 1
    end = p.now + limit
    running = _start(p, rest[1:])
    try:
        waits = next(running)
        while True:
            if p.now >= end:
                running.close()
                return 143
            yield min(waits, end) if waits > 0 else (end if waits == -1 and not p.stdin.data else waits)
            waits = next(running)
    except StopIteration as done:
        return int(done.value)


def chroot(p: Process) -> Running:
    """The directory's own tools are not told from the container's."""
    if len(p.args) < 2:
        p.say("usage: chroot NEWROOT [PROG ARGS]")
        return 1
    if not p.files.is_folder(p.path(p.args[1])):
        p.say(f"can't change root directory to '{p.args[1]}': No such file or directory")
        return 1
    return (yield from _start(p, p.args[2:] or ["sh"]))


def xargs(p: Process) -> Running:
    words = p.args[1:] or ["echo"]
    if words[0].startswith("-"):
        p.say("options are not supported by this one")
        return 1
    data = yield from p.stdin.rest()
    return (yield from _start(p, [*words, *data.decode(errors="replace").split()[:2000]], Input()))


def watch(p: Process) -> Running:
    rest, every = p.args[1:], 2.0
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "-n" and rest and rest[0].replace(".", "", 1).isdigit():
            every = max(float(rest.pop(0)[:8]), 0.5)
    if not rest:
        p.say("usage: watch [-n SEC] PROG ARGS")
        return 1
    while True:
        p.out(f"\x1b[H\x1b[2JEvery {every:.1f}s: {' '.join(rest)}\n\n".encode())
        yield from _start(p, ["sh", "-c", " ".join(rest)], Input())
        yield p.now + int(every * SECOND)


COMMANDS: dict[str, Command] = {
    "sh": sh, "bash": sh, "ash": sh, "busybox": busybox, "timeout": timeout, "xargs": xargs, "watch": watch,
    "chroot": chroot,
    "nohup": lambda p: _start(p, p.args[1:] or ["true"]),
}  # fmt: skip
