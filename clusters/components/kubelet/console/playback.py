"""What a container's script has printed, by running it: for `kubectl logs`.

`shell` works out ahead of time when a script prints and how it ends, but not what `env`, `ls` or `cat` find in a
container. Here its command is run in the shell that `kubectl exec` meets, in the container's own time; of a loop, one
round. Where both do not agree, or where what was printed hangs on whom the script could reach, the plan stands.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

from clusters.client.informer import Informers
from clusters.components.kubelet import behavior, catalogue, shell
from clusters.components.kubelet.console.container import Container, expand
from clusters.components.kubelet.console.files import Disks
from clusters.components.kubelet.console.network import ClusterNetwork
from clusters.components.kubelet.console.session import NotStarted, Session
from clusters.components.kubelet.reach import Reach
from clusters.components.kubelet.shell import Line, Program
from clusters.kernel.clock import MILLISECOND, SECOND
from clusters.machinery.types import Obj
from clusters.resources.base import Lookup

_TURNS, _STEPS = 200, 100
"""How often a script is continued, and how far each time."""
_LINES = 5000
_KEPT = 500
_LONG = 60 * SECOND
_SLACK = 200 * MILLISECOND
"""What the quick commands of a round may take in the plan, where they take no time here."""


class _View:
    """What `Reach` asks of an informer, from stored objects."""

    def __init__(self, lookup: Lookup, resource: str) -> None:
        self._lookup = lookup
        self._resource = resource
        self._keys: Callable[[Obj], Iterable[str]] = lambda obj: ()

    def get(self, namespace: str, name: str) -> Obj | None:
        return self._lookup.get(self._resource, namespace, name)

    def __iter__(self) -> Iterator[Obj]:
        return iter(self._lookup.list(self._resource, None))

    def add_index(self, name: str, keys: Callable[[Obj], Iterable[str]]) -> None:
        self._keys = keys

    def by_index(self, name: str, value: str) -> list[Obj]:
        return [obj for obj in self if value in self._keys(obj)]


class _Views:
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def __getitem__(self, resource: str) -> _View:
        return _View(self._lookup, resource)


class Playback:
    """`logs.Replay` of one cluster. What the scripts write goes to `disks`, where others find it."""

    def __init__(self, lookup: Lookup, disks: Disks | None = None) -> None:
        self._lookup = lookup
        self.disks = disks if disks is not None else Disks()
        self._network = ClusterNetwork(lookup, self.disks)
        self._known: OrderedDict[tuple[str, str, int], Program] = OrderedDict()
        self._reach = Reach(cast(Informers, _Views(lookup)))

    def reach(self, host: str, namespace: str) -> int | None:
        return self._reach.since(host, namespace)

    def __call__(self, pod: Obj, spec: Obj, program: Program, began: int) -> Program:
        for earlier in _before(pod, spec):
            self._once(pod, earlier)
        return self._kept(pod, spec, program, began)

    def settle(self, pod: Obj) -> None:
        """Let the Pod's scripts write what they write into files, if that can be seen by others."""
        if any(key in v for v in pod["spec"].get("volumes") or () for key in _SHARED) or any(
            (c.get("lifecycle") or {}).get("postStart") for c in pod["spec"]["containers"]
        ):
            for spec in (*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]):
                self._once(pod, spec)

    def _once(self, pod: Obj, spec: Obj) -> None:
        container = self._container(pod, spec)
        if container.started:
            self._kept(pod, spec, behavior.of(pod, spec).program, container.started)

    def _container(self, pod: Obj, spec: Obj) -> Container:
        found = Container(pod, spec["name"], self._lookup, lambda _pod, _source: "", disks=self.disks)
        found.layer = self.disks.layer(found.id) if found.id else found.layer
        return found

    def _kept(self, pod: Obj, spec: Obj, program: Program, began: int) -> Program:
        key = (str(pod["metadata"]["uid"]), str(spec["name"]), began)
        found = self._known.get(key)
        if found is None:
            # Known before it is played: what is played may ask for the Pod again.
            self._known[key] = program
            found = self._known[key] = self._played(pod, spec, program, began)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return found

    def _played(self, pod: Obj, spec: Obj, program: Program, began: int) -> Program:
        container = self._container(pod, spec)
        line = behavior.command_line(spec, catalogue.profile(spec.get("image", "")))
        out = program
        if line and _is_fit(pod, program, line):
            known = container.environment()
            session = self._session(container, [expand(str(word), known) for word in line], began)
            out = _printed(session, program, began, is_open=container.running) if session is not None else program
        hook = ((spec.get("lifecycle") or {}).get("postStart") or {}).get("exec") or {}
        session = self._session(container, [str(word) for word in hook.get("command") or ()], began)
        if session is not None:
            session.advance(began, _TURNS * _STEPS)
            session.kill()
        return out

    def _session(self, container: Container, words: list[str], now: int) -> Session | None:
        try:
            return Session(container, self._network, words, now=now, stdin=False, tty=False)
        except NotStarted:
            return None


_SHARED = ("emptyDir", "persistentVolumeClaim", "ephemeral", "hostPath")


def _before(pod: Obj, spec: Obj) -> list[Obj]:
    """The init containers that ran before that one."""
    out: list[Obj] = []
    for each in pod["spec"].get("initContainers") or ():
        if each["name"] == spec["name"]:
            break
        out.append(each)
    return out


def _is_fit(pod: Obj, program: Program, line: Sequence[str]) -> bool:
    annotations = pod["metadata"].get("annotations") or {}
    if any(name.startswith(behavior.PREFIX) for name in annotations):
        return False
    if program.stuck or not program.known or (program.end is None and program.loop is None):
        return False
    if program.loop is not None and any(shell.filled(text, 1) != text for _, text in program.loop.lines):
        return False
    return not program.hosts or (program.end is not None and program.end[0] < _LONG and not _waits(line))


def _waits(line: Sequence[str]) -> bool:
    """What it saw hangs on the moment at which it looked."""
    return any(word in str(part) for part in line for word in ("until", "while"))


def _printed(session: Session, program: Program, began: int, *, is_open: bool) -> Program:
    """`is_open`: how it ends has not been told yet."""
    loop, end = program.loop, program.end
    until = loop.start + loop.period - min(loop.period // 10, _SLACK) if loop else (end[0] if end else 0) + SECOND
    lines: list[Line] = []
    rest, now = b"", began
    for _ in range(_TURNS):
        session.advance(now, _STEPS)
        for _, data in session.take():
            *whole, rest = (rest + data).split(b"\n")
            lines += [(now - began, _dated(text.decode(errors="replace"), now)) for text in whole]
        if session.code is not None or len(lines) > _LINES:
            break
        due = session.due
        if due is None or (due > 0 and due - began >= until):
            break
        now = max(now, due)
    else:
        session.kill()
        return program
    ended = session.code
    session.kill()
    if rest:
        lines.append((now - began, rest.decode(errors="replace")))
    if loop is None:
        agreed = end is not None and ended is not None and (is_open or ended == end[1])
        return replace(program, lines=tuple(lines)) if agreed else program
    first = tuple(each for each in lines if each[0] < loop.start)
    again = tuple((at - loop.start, text) for at, text in lines if at >= loop.start)
    return replace(program, lines=first, loop=replace(loop, lines=again)) if ended is None else program


def _dated(text: str, now: int) -> str:
    """What `date` printed is another time in the next round."""
    return text.replace(datetime.fromtimestamp(now // SECOND, UTC).strftime("%a %b %e %H:%M:%S UTC %Y"), shell.DATE)
