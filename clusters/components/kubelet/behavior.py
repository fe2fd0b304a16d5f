"""How a simulated container behaves: annotations first, then its command, then its image, then "it just runs".

`behavior.playground.dev/WHAT` says it for all containers of a Pod, `behavior.playground.dev/CONTAINER.WHAT` for
one. WHAT is one of:

    start         time from "image is there" to "started" (0.1-0.4 s)
    stop          time from SIGTERM to the end; `never` ignores SIGTERM
    exit-after    the container ends by itself after that time
    exit-code     with this code (0)
    oom-after     the container is killed for want of memory after that time
    started-after startup probes succeed from then on
    ready-after   readiness probes succeed from then on; `never`
    ready-until   ... and fail again from then on
    live-until    liveness probes fail from then on
    image         `missing`: the image cannot be pulled; `present`: it can (see `registries` for what goes without)
    user          `root`: the image's own user is root, which `runAsNonRoot` does not let it be
    pull          time that pulling the image takes
    log           lines printed at the start
    log-every     repeats the lines of `log` at that interval
    cpu, memory   and what else a container takes: see `resources.metrics.load`; past its memory limit it is killed

Times are `1m30s`, `250ms`, `never`, or a moment of the cluster's clock (`@2026-01-01T00:00:00Z`), which for a container
that starts later is its start. What cannot be read counts as not given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from clusters.components.kubelet import catalogue, commands, registries, shell
from clusters.components.kubelet.shell import Loop, Program
from clusters.components.kubelet.timing import NEVER, duration
from clusters.kernel.clock import MILLISECOND, SECOND, parse_rfc3339
from clusters.machinery.types import Obj
from clusters.resources.metrics import load

PREFIX = "behavior.playground.dev/"
Reach = Callable[[str, str], int | None]
"""(host, namespace) -> since when it can be reached (virtual microseconds); None: it cannot."""
_LOOKS = 5
"""How many hosts, one after the other, a program may wait for."""
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][\w.-]*)\)")


@dataclass(frozen=True, slots=True)
class Behavior:
    """One container's. Times are microseconds, offsets from its start."""

    program: Program
    stop: int
    stop_code: int
    stop_lines: tuple[str, ...]
    start: int | None
    pull: int | None
    image_problem: str
    """Why the image cannot be pulled; ""."""
    start_error: str
    """Why the process cannot be started at all; ""."""
    ends: tuple[int, int, str] | None
    """(offset, exit code, reason) of the end it comes to by itself."""
    started_after: int
    ready_after: int
    ready_until: int
    live_until: int


def of(pod: Obj, container: Obj, *, reach: Reach | None = None, began: int | None = None) -> Behavior:
    """The behaviour of a container of that Pod. What it does when it asks for other hosts depends on `reach`, and on
    when it started; without them nobody can be reached."""
    annotations: Mapping[str, str] = pod["metadata"].get("annotations") or {}
    said = {k[len(PREFIX) :]: v for k, v in annotations.items() if k.startswith(PREFIX)}
    name = container["name"]
    profile = catalogue.profile(container.get("image", ""))
    program = _program(pod, container, profile, reach, began)
    if (program.stuck or not program.known) and program.end is None and _comes_first(pod, container):
        last = max((at for at, _ in program.lines), default=0)
        program = replace(program, end=(last + SECOND, 0))

    def text(what: str) -> str | None:
        return said.get(f"{name}.{what}", said.get(what))

    def time(what: str, default: int) -> int:
        value = text(what)
        parsed = None if value is None else _moment(value, began) if value.startswith("@") else duration(value)
        return default if parsed is None else parsed

    outgrown = _outgrown(pod, container, said=bool(said))
    if not said and outgrown is None:
        return _plain(program, profile, container)
    program = _logging(program, text("log"), time("log-every", 0))
    ends = (program.end[0], program.end[1], "") if program.end else None
    code = _integer(text("exit-code"))
    if text("exit-after") is not None or (code is not None and ends is None):
        ends = (time("exit-after", 0), code or 0, "")
    elif code is not None and ends is not None:
        ends = (ends[0], code, "")
    oom = min(time("oom-after", NEVER), NEVER if outgrown is None else outgrown)
    if oom < (ends[0] if ends else NEVER):
        ends = (oom, 137, "OOMKilled")
    if ends is not None and ends[0] >= NEVER:
        ends = None
    return Behavior(
        program=program,
        stop=time("stop", NEVER if program.shell else profile.stop),
        stop_code=profile.stop_code,
        stop_lines=profile.stop_lines,
        start=duration(text("start") or "x"),
        pull=duration(text("pull") or "x"),
        image_problem=_image_problem(container.get("image", ""), text("image")),
        start_error=_start_error(container),
        ends=ends,
        started_after=time("started-after", 0),
        ready_after=time("ready-after", 0),
        ready_until=time("ready-until", NEVER),
        live_until=time("live-until", profile.lives(container)),
    )


def annotation(pod: Obj, container: Obj, what: str) -> str | None:
    """What is said of one container, or of all."""
    said: Mapping[str, str] = pod["metadata"].get("annotations") or {}
    return said.get(f"{PREFIX}{container['name']}.{what}", said.get(PREFIX + what))


def _moment(text: str, began: int | None) -> int | None:
    """The offset of a moment from a container's start."""
    try:
        return max(parse_rfc3339(text[1:]) - began, 0) if began is not None else 0
    except ValueError:
        return None


def _outgrown(pod: Obj, container: Obj, *, said: bool) -> int | None:
    """When a container passes its memory limit, if anything but habit says how much it takes."""
    if "limits" not in (container.get("resources") or ()) or not (
        said or container.get("args") or container.get("command")
    ):
        return None
    late = load.outgrows_at(load.of(pod, container), container)
    return None if late is None else late * MILLISECOND


def _image_problem(image: str, told: str | None) -> str:
    if told == "missing":
        return registries.absent(image)
    return "" if told == "present" else registries.problem(image)


def _start_error(container: Obj) -> str:
    command = container.get("command")
    return commands.start_error(str(command[0])) if command else ""


def _plain(program: Program, profile: catalogue.Profile, container: Obj) -> Behavior:
    return Behavior(
        program=program,
        stop=NEVER if program.shell else profile.stop,
        stop_code=profile.stop_code,
        stop_lines=profile.stop_lines,
        start=None,
        pull=None,
        image_problem=registries.problem(container.get("image", "")),
        start_error=_start_error(container),
        ends=(program.end[0], program.end[1], "") if program.end else None,
        started_after=0,
        ready_after=0,
        ready_until=NEVER,
        live_until=profile.lives(container),
    )


def _program(pod: Obj, container: Obj, profile: catalogue.Profile, reach: Reach | None, began: int | None) -> Program:
    line = command_line(container, profile)
    if not line and catalogue.is_unknown(profile) and container.get("stdin") and container.get("tty"):
        # Whoever asks for a terminal in an image that nobody knows wants its shell.
        return _WAITS
    if not line:
        return profile.program
    if container.get("stdin") and reads_commands([str(part) for part in line]):
        return _WAITS
    env = _environment(pod, container)
    words = tuple(_referenced(str(part), env) for part in line)
    pairs = tuple(env.items())
    program = shell.compile_command(words, pairs)
    if not program.hosts or reach is None or began is None:
        return program
    return _networked(words, pairs, program, lambda host: _offset(reach, host, pod, began))


def command_line(container: Obj, profile: catalogue.Profile) -> tuple[str, ...]:
    """What runs; () for the image's own program."""
    command, args = container.get("command") or (), container.get("args") or ()
    if command:
        return (*command, *args)
    if args:
        if profile.entrypoint:
            return tuple(args) if args[0] in _PROGRAMS else (*profile.entrypoint, *args)
        # Arguments to an entrypoint: the image's own program goes on.
        return tuple(args) if _is_program(args[0], profile) else ()
    return profile.default_command


def _comes_first(pod: Obj, container: Obj) -> bool:
    """An init container: whatever it does, it is made to end."""
    inits = pod["spec"].get("initContainers") or ()
    return container.get("restartPolicy") != "Always" and any(each["name"] == container["name"] for each in inits)


_WAITS = Program(shell=True)
"""A shell whose standard input is kept open runs on."""


def reads_commands(line: Sequence[str]) -> bool:
    """A shell without a script: it reads what is typed."""
    return line[0].rpartition("/")[2] in ("sh", "bash", "ash") and all(w in ("-i", "-l", "-il") for w in line[1:])


def _environment(pod: Obj, container: Obj) -> dict[str, str]:
    meta = pod["metadata"]
    known = {"metadata.name": meta["name"], "metadata.namespace": meta.get("namespace", "")}
    env = {shell.NAMESPACE: meta.get("namespace", "")}
    known |= {f"metadata.labels['{k}']": v for k, v in (meta.get("labels") or {}).items()}
    known |= {f"metadata.annotations['{k}']": v for k, v in (meta.get("annotations") or {}).items()}
    known["spec.nodeName"] = pod["spec"].get("nodeName", "")
    known["spec.serviceAccountName"] = pod["spec"].get("serviceAccountName", "")
    if any("hostname" in word.lower() for word in (*(container.get("command") or ()), *(container.get("args") or ()))):
        env["HOSTNAME"] = str(pod["spec"].get("hostname") or meta["name"])[:63]
    for entry in container.get("env") or ():
        if "value" in entry:
            env[entry["name"]] = str(entry["value"])
        else:
            path = ((entry.get("valueFrom") or {}).get("fieldRef") or {}).get("fieldPath", "")
            if path in known:
                env[entry["name"]] = known[path]
    return env


def _referenced(text: str, env: Mapping[str, str]) -> str:
    """`$(NAME)` of a known variable is filled in before the command runs, `$$` is a dollar."""
    if "$" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name is None:
            return found.group(0) if "$$(" not in text else "$"
        return env.get(name, found.group(0))

    return _REFERENCE.sub(value, text)


def _offset(reach: Reach, host: str, pod: Obj, began: int) -> int | None:
    since = reach(host, pod["metadata"].get("namespace", ""))
    return None if since is None else max(since - began, 0)


def _networked(
    words: Sequence[str], env: tuple[tuple[str, str], ...], program: Program, offset: Callable[[str], int | None]
) -> Program:
    """The program as it runs with what it can reach: each host that answers may lead it to the next."""
    asked: dict[str, int | None] = {}
    for _ in range(_LOOKS):
        new = [host for host in program.hosts if host not in asked]
        if not new:
            break
        asked.update((host, offset(host)) for host in new)
        reachable = tuple(sorted((h, at) for h, at in asked.items() if at is not None))
        program = shell.compile_command(tuple(words), env, reachable)
    return program


_PROGRAMS = frozenset((
    "sleep", "sh", "/bin/sh", "bash", "/bin/bash", "true", "false", "env", "printenv", "ls", "cat", "echo", "date",
    "id", "whoami", "hostname", "curl", "wget", "nslookup", "dig", "ping", "nc", "redis-cli", "psql", "mysql",
    "mysqladmin", "pg_isready", "mongosh", "mongo", "python", "python3", "perl", "node", "uname", "ps", "df", "printf",
))  # fmt: skip
"""What an image's entrypoint hands over to if it is the first argument."""


def _is_program(word: str, profile: catalogue.Profile) -> bool:
    """Images whose default command is a shell have no entrypoint: arguments replace the command."""
    return bool(profile.default_command) or word in _PROGRAMS


def _logging(program: Program, lines: str | None, every: int) -> Program:
    if lines is None:
        return program
    offset_lines = tuple((0, line) for line in lines.split("\n"))
    loop = Loop(0, every, offset_lines) if 0 < every < NEVER else None
    first = () if loop else offset_lines
    return Program(first, loop, program.end, program.files, program.written, True, program.shell)


def _integer(text: str | None) -> int | None:
    try:
        return int(text) & 255 if text is not None else None
    except ValueError:
        return None
