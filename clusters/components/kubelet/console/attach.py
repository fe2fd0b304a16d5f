"""`kubectl attach`: the output of a container's own process from now on; if that is a shell, the shell itself."""

from __future__ import annotations

from collections.abc import Callable

from clusters.components.kubelet import behavior, catalogue, containers, logs
from clusters.components.kubelet.console.container import Container
from clusters.components.kubelet.console.session import STDOUT
from clusters.components.kubelet.node import node_user
from clusters.machinery.types import Obj, UserInfo


def own_shell(container: Container) -> list[str] | None:
    """The container's command if it is a shell that reads what is typed."""
    spec = container.spec
    if not spec.get("stdin"):
        return None
    profile = catalogue.profile(spec.get("image", ""))
    line = [str(word) for word in behavior.command_line(spec, profile)]
    if not line and spec.get("tty") and catalogue.is_unknown(profile):
        return ["sh"]
    return line if line and behavior.reads_commands(line) else None


def is_over(container: Container, now: int) -> bool:
    """The container's program has ended, even if its kubelet has not yet said so."""
    ends = behavior.of(container.pod, container.spec).ends
    return ends is not None and now >= container.started + ends[0]


def ended(container: Container, code: int, now: int) -> Obj:
    """The Pod after the container's own process, which was a shell that somebody was attached to, has ended."""
    pod = container.pod
    status = dict(pod["status"])
    for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        if status.get(key):
            reason = "Error" if code else "Completed"
            status[key] = [
                containers.terminated(each, code, reason, now) if each["name"] == container.name else each
                for each in status[key]
            ]
    return {**pod, "status": status}


def kubelet_of(container: Container) -> UserInfo:
    """Who tells of it."""
    return node_user(str(container.pod["spec"].get("nodeName", "")))


class Attachment:
    """The same for its carrier as a `Session`, only that nothing is typed. `current` gives the Pod as it is now."""

    def __init__(
        self,
        container: Container,
        current: Callable[[], Obj | None],
        *,
        now: int,
        tty: bool,
        replay: logs.Replay | None = None,
    ) -> None:
        self._replay = replay
        self._container = container
        self._current = current
        self._seen = now
        self._tty = tty
        self._lines: list[str] = []
        self.code: int | None = None
        self.due: int | None = None
        self.stopped: int | None = None
        self.advance(now)

    def feed(self, data: bytes) -> None:
        """The process does not read."""

    def end_input(self) -> None:
        """Nobody reads."""

    def resize(self, width: int, height: int) -> None:
        """Nothing is drawn."""

    def kill(self, code: int = 0) -> None:
        if self.code is None:
            self.code = code

    def advance(self, now: int) -> None:
        pod = self._current() or self._container.pod
        name = self._container.name
        lines = logs.log_lines(pod, name, now, replay=self._replay)
        self._lines += [line.text for line in lines if line.time > self._seen]
        self._seen = max(self._seen, now)
        self.due = logs.next_line_at(pod, name, now, self._replay)

    def take(self) -> list[tuple[int, bytes]]:
        end = "\r\n" if self._tty else "\n"
        out = [(STDOUT, "".join(line + end for line in self._lines).encode())] if self._lines else []
        self._lines = []
        return out
