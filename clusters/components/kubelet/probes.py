"""What a container's probes find, in closed form.

A probe's result changes only at a few moments of a container's life (it becomes ready, a file goes away), so
its whole future is worked out from the start time: no timer runs while nothing changes. The kubelet wakes when
something flips, and for the first failures of a row, which make Events.

Models: kubelet, prober/worker.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from clusters.components.kubelet import shell
from clusters.components.kubelet.behavior import Behavior
from clusters.components.kubelet.timing import NEVER, on_grid
from clusters.kernel.clock import SECOND
from clusters.machinery.types import Obj

SETTLE = SECOND
"""From a start to the first look, at the least."""

ADDRESS = "\x00address"
"""In a message: the address of the Pod."""
HOOK_FAILED = "FailedPostStartHook"
"""The reason for killing a container whose postStart hook failed."""

_FILE_PROBES = ("cat", "ls", "test", "[", "stat")


@dataclass(frozen=True, slots=True)
class Health:
    """All times are absolute virtual microseconds."""

    started_at: int
    """When the startup probe (if any) succeeds; NEVER if it does not."""
    ready: tuple[tuple[int, bool], ...]
    """Flips of readiness, in order; not ready before the first."""
    kill_at: int
    kill_message: str
    failures: tuple[tuple[int, str], ...]
    """(time, message) of the failures that are worth an Event."""

    def is_ready(self, now: int) -> bool:
        ready = False
        for at, value in self.ready:
            if at > now:
                break
            ready = value
        return ready

    def next_change(self, now: int) -> int:
        times = [self.started_at, self.kill_at, *(t for t, _ in self.ready), *(t for t, _ in self.failures)]
        return min((t for t in times if t > now), default=NEVER)


def health(container: Obj, behavior: Behavior, began: int) -> Health:
    """The health of a container that started at `began`."""
    startup, readiness, liveness = (container.get(f"{kind}Probe") for kind in ("startup", "readiness", "liveness"))
    failures: list[tuple[int, str]] = []
    started_at, kill_at, message = began, NEVER, ""
    name, ports = container["name"], container.get("ports") or ()
    if startup is not None:
        run = _run(startup, "Startup", behavior, began, began, ports, passing=False)
        failures += run.failures
        started_at = next((t for t, value in run.flips if value), NEVER)
        if run.failed_at < started_at:
            started_at = NEVER
            kill_at, message = run.failed_at, f"Container {name} failed startup probe, will be restarted"
    ready: tuple[tuple[int, bool], ...] = ((started_at, True),) if started_at < NEVER else ()
    if started_at < NEVER:
        if readiness is not None:
            run = _run(readiness, "Readiness", behavior, began, started_at, ports, passing=False)
            ready, failures = tuple(run.flips), failures + run.failures
        if liveness is not None:
            run = _run(liveness, "Liveness", behavior, began, started_at, ports, passing=True)
            failures += run.failures
            if run.failed_at < kill_at:
                kill_at, message = run.failed_at, f"Container {name} failed liveness probe, will be restarted"
    hook = _hook_fails_at(container, began)
    if hook < kill_at:
        kill_at, message = hook, HOOK_FAILED
    return Health(started_at, ready, kill_at, message, tuple(sorted(f for f in failures if f[0] <= kill_at)))


@dataclass(slots=True)
class _ProbeRun:
    flips: list[tuple[int, bool]]
    failed_at: int
    """When the failure threshold was first reached."""
    failures: list[tuple[int, str]]


def _run(
    probe: Obj, kind: str, behavior: Behavior, began: int, since: int, ports: _Ports, *, passing: bool
) -> _ProbeRun:
    """Follow the probe from `since` on: its ticks are counted from the container's start."""
    period = max(int(probe.get("periodSeconds", 10)), 1) * SECOND
    first = began + max(int(probe.get("initialDelaySeconds", 0)) * SECOND, SETTLE)
    if first < since:
        first += -(-(since - first) // period) * period
    needed = {
        True: max(int(probe.get("successThreshold", 1)), 1),
        False: max(int(probe.get("failureThreshold", 3)), 1),
    }
    out = _ProbeRun([], NEVER, [])
    tick, value = first, passing
    for end, result in _segments(probe, kind, behavior, began):
        if end <= tick:
            continue
        ticks = NEVER if end >= NEVER else -(-(end - tick) // period)
        if not result:
            text = f"{kind} probe failed: {_complaint(probe, ports)}"
            shown = min(ticks, needed[False])
            out.failures += [(on_grid(tick + i * period), text) for i in range(shown)]
        if ticks >= needed[result]:
            at = on_grid(tick + (needed[result] - 1) * period)
            if not result:
                out.failed_at = min(out.failed_at, at)
            if result != value:
                out.flips.append((at, result))
                value = result
        if end >= NEVER:
            break
        tick += ticks * period
    return out


def _segments(probe: Obj, kind: str, behavior: Behavior, began: int) -> list[tuple[int, bool]]:
    """(until, result) pieces of the probe's result over the container's life, the last until NEVER."""
    edges = {0, NEVER}
    if kind == "Startup":
        edges.add(behavior.started_after)
    elif kind == "Readiness":
        edges |= {behavior.ready_after, behavior.ready_until}
    else:
        edges.add(behavior.live_until)
    words = tuple((probe.get("exec") or {}).get("command") or ())
    edges |= {offset for offset, _, _ in behavior.program.files} if words else set()
    ordered = sorted(e for e in edges if e <= NEVER)
    pieces: list[tuple[int, bool]] = []
    for start, end in pairwise(ordered):
        result = _passes(kind, behavior, start, words)
        until = NEVER if end >= NEVER else began + end
        if pieces and pieces[-1][1] == result:
            pieces[-1] = (until, result)
        else:
            pieces.append((until, result))
    return pieces


def _passes(kind: str, behavior: Behavior, at: int, words: tuple[str, ...]) -> bool:
    if kind == "Startup" and at < behavior.started_after:
        return False
    if kind == "Readiness" and not behavior.ready_after <= at < behavior.ready_until:
        return False
    if kind == "Liveness" and at >= behavior.live_until:
        return False
    if not words:
        return True
    path = words[-1] if words[-1] != "]" else words[-2]
    if words[0].rpartition("/")[2] in _FILE_PROBES and path.startswith("/"):
        touched = any(name == path for _, name, _ in behavior.program.files)
        return behavior.program.has_file(path, at) if touched else not behavior.program.known
    ends = shell.compile_command(words).end
    return ends is None or ends[1] == 0


_Ports = Sequence[dict[str, Any]]


def _hook_fails_at(container: Obj, began: int) -> int:
    """When the postStart hook has failed; NEVER if it does not."""
    words = (((container.get("lifecycle") or {}).get("postStart") or {}).get("exec") or {}).get("command")
    if not words:
        return NEVER
    ends = shell.compile_command(tuple(words)).end
    return NEVER if ends is None or ends[1] == 0 else on_grid(began + max(ends[0], SETTLE))


def _port(probe: dict[str, Any], ports: _Ports) -> int | str:
    """The number of the port that is asked."""
    wanted: int | str = (probe.get("tcpSocket") or {}).get("port", 0)
    return next((p["containerPort"] for p in ports if p.get("name") == wanted), wanted)


def _complaint(probe: dict[str, Any], ports: _Ports) -> str:
    if "exec" in probe:
        words = (probe["exec"] or {}).get("command") or []
        if words and words[0].rpartition("/")[2] == "cat":
            return f"cat: can't open '{words[-1]}': No such file or directory\n"
        return ""
    if "httpGet" in probe:
        return "HTTP probe failed with statuscode: 503"
    if "grpc" in probe:
        return 'service unhealthy (responded with "NOT_SERVING")'
    return f"dial tcp {ADDRESS}:{_port(probe, ports)}: connect: connection refused"
