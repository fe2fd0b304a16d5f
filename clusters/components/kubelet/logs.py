"""What a container has printed, as a function of its Pod, its behaviour and the time.

Nothing is recorded: the lines follow from when the container started and what its program does. Of a container
that runs for long only the last lines are there, as with a runtime that rotates its logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from clusters.components.kubelet import behavior, catalogue, shell
from clusters.components.kubelet.timing import when
from clusters.kernel.clock import SECOND, rfc3339, rfc3339_micro
from clusters.machinery.types import Obj

KEPT = 10_000
"""Lines of a repeating program that are still there."""


class Replay(Protocol):
    """Who knows more than the plan: what the scripts really printed, and whom they can reach."""

    def __call__(self, pod: Obj, spec: Obj, program: shell.Program, began: int) -> shell.Program:
        """The container's program with the lines that it really printed."""

    def reach(self, host: str, namespace: str) -> int | None:
        """As `behavior.Reach`."""


class LogLine(NamedTuple):
    """`time` is virtual microseconds."""

    time: int
    text: str


def container_logs(
    pod: Obj,
    container: str,
    now: int,
    *,
    previous: bool = False,
    tail_lines: int | None = None,
    since: int | None = None,
    limit_bytes: int | None = None,
    timestamps: bool = False,
) -> list[str]:
    """The lines of a container's current (or previous) run, as `kubectl logs` prints them. `since` is a virtual
    time. Empty for a container that never started, or that the Pod does not have."""
    found = [line for line in log_lines(pod, container, now, previous=previous) if since is None or line.time >= since]
    if tail_lines is not None:
        found = found[-tail_lines:] if tail_lines else []
    out = [f"{_nanoseconds(line.time)} {line.text}" if timestamps else line.text for line in found]
    return out if limit_bytes is None else _cut(out, limit_bytes)


def log_lines(
    pod: Obj, container: str, now: int, *, previous: bool = False, replay: Replay | None = None
) -> list[LogLine]:
    """Every line with its time, in order."""
    spec = _container(pod, container)
    run = _run(pod, container, previous=previous)
    if spec is None or run is None:
        return []
    began, ended, _ = run
    known = _behavior(pod, spec, run, replay)
    program = known.program if replay is None else replay(pod, spec, known.program, began)
    until = now if ended is None else min(ended, now)
    lines = [LogLine(began + at, text) for at, text in program.lines if began + at <= until]
    lines += _repeated(program.loop, began, until)
    if ended is not None and ended <= now and known.ends is None and "deletionTimestamp" in pod["metadata"]:
        lines += [LogLine(ended, text) for text in known.stop_lines]
    host = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return [LogLine(line.time, _filled(line.text, line.time, host)) for line in lines]


def _behavior(pod: Obj, spec: Obj, run: _Span, replay: Replay | None) -> behavior.Behavior:
    """How it behaved: a run that asked for other hosts and ended could reach them from the start, or from its last
    second on, or never, whichever explains its end."""
    began, ended, code = run
    known = behavior.of(pod, spec)
    if not known.program.hosts:
        return known
    if ended is None:
        return known if replay is None else behavior.of(pod, spec, reach=replay.reach, began=began)
    tried = [
        behavior.of(pod, spec, reach=lambda host, namespace, since=since: since, began=began)  # type: ignore[misc]
        for since in (began, ended - SECOND + 1)
    ]
    return min((t for t in tried if t.ends is not None and t.ends[1] == code), key=_distance(run), default=known)


def _distance(run: _Span) -> Callable[[behavior.Behavior], int]:
    """How far an end that is told of is from one that was seen; within a second all are alike."""

    def distance(known: behavior.Behavior) -> int:
        planned = run.began + (known.ends[0] if known.ends is not None else 0)
        return abs((run.ended or 0) - planned) // (2 * SECOND)

    return distance


def next_line_at(pod: Obj, container: str, now: int, replay: Replay | None = None) -> int | None:
    """When the container prints next, for a client that follows its log; None if it will not by itself."""
    spec, run = _container(pod, container), _run(pod, container, previous=False)
    if spec is None or run is None or run.ended is not None:
        return None
    began, program = run.began, _behavior(pod, spec, run, replay).program
    if replay is not None:
        program = replay(pod, spec, program, began)
    times = [began + at for at, _ in program.lines if began + at > now]
    loop = program.loop
    if loop is not None and loop.lines and loop.period > 0:
        start = began + loop.start
        turn = max((now - start) // loop.period, 0)
        times += [start + r * loop.period + at for r in (turn, turn + 1) for at, _ in loop.lines]
    return min((t for t in times if t > now), default=None)


def _container(pod: Obj, name: str) -> Obj | None:
    spec = pod["spec"]
    for key in ("containers", "initContainers", "ephemeralContainers"):
        for each in spec.get(key) or ():
            if each["name"] == name:
                found: Obj = each
                return found
    return None


class _Span(NamedTuple):
    """A container's run: `ended` None for one that goes on."""

    began: int
    ended: int | None = None
    code: int = 0


def _run(pod: Obj, name: str, *, previous: bool) -> _Span | None:
    """None if there was none."""
    status = pod.get("status") or {}
    for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for each in status.get(key) or ():
            if each["name"] != name:
                continue
            state, last = each.get("state") or {}, each.get("lastState") or {}
            ended = last.get("terminated") if previous else state.get("terminated") or None
            if not previous and "running" in state:
                return _Span(when(state["running"]["startedAt"]))
            if not previous and "waiting" in state:
                ended = last.get("terminated")
            if ended and ended.get("startedAt"):
                end = when(ended["finishedAt"]) + SECOND - 1
                return _Span(when(ended["startedAt"]), end, int(ended.get("exitCode", 0)))
    return None


def _repeated(loop: shell.Loop | None, began: int, until: int) -> Iterator[LogLine]:
    if loop is None or not loop.lines or loop.period <= 0:
        return
    start = began + loop.start
    rounds = max((until - start) // loop.period + 1, 0)
    first = max(rounds - KEPT // len(loop.lines) - 1, 0)
    for turn in range(first, rounds):
        at = start + turn * loop.period
        for offset, text in loop.lines:
            if at + offset <= until:
                yield LogLine(at + offset, shell.filled(text, turn))


def _filled(text: str, at: int, host: str) -> str:
    if "\x00" not in text:
        return text
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    stamp = rfc3339(at)
    return (
        text.replace(shell.DATE, moment.strftime("%a %b %e %H:%M:%S UTC %Y"))
        .replace(shell.HOSTNAME, host)
        .replace(catalogue.ISO, rfc3339_micro(at))
        .replace(catalogue.SLASHED, moment.strftime("%Y/%m/%d %H:%M:%S"))
        .replace(catalogue.SPACED, f"{stamp[:10]} {stamp[11:19]}.{at % SECOND // 1000:03d} UTC")
        .replace(catalogue.APACHE, moment.strftime("%a %b %d %H:%M:%S") + f".{at % SECOND:06d} {moment.year}")
    )


def _nanoseconds(at: int) -> str:
    return f"{rfc3339_micro(at)[:-1]}000Z"


def _cut(lines: list[str], limit: int) -> list[str]:
    """At most `limit` bytes, counting line ends; the last line may be cut."""
    out: list[str] = []
    for line in lines:
        size = len(line.encode()) + 1
        if size > limit:
            if limit > 0:
                out.append(line.encode()[:limit].decode(errors="ignore"))
            break
        out.append(line)
        limit -= size
    return out
