"""`kubectl logs`: what the API server asks a kubelet for, answered from what the kubelet plays.

Logs are a function of Pod, behaviour and time (`components.kubelet.logs`), so any process can answer, and
nobody has to be asked.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

from django.db import close_old_connections

from clusters.components.kubelet import logs
from clusters.components.kubelet.console.playback import Playback
from clusters.kernel.clock import Clock
from clusters.machinery.errors import BadRequest
from clusters.machinery.types import Obj
from clusters.resources.base import Lookup

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.25
"""How often a followed log is looked at."""


class PlayedLogs:
    """`apiserver.context.ContainerLogs` of one cluster. `refresh` catches up with the cluster's log."""

    def __init__(
        self, lookup: Lookup, clock: Clock, refresh: Callable[[], object], playback: Playback | None = None
    ) -> None:
        self._lookup = lookup
        self._clock = clock
        self._refresh = refresh
        self._replay = playback if playback is not None else Playback(lookup)

    def lines(self, pod: Obj, container: str, now: int, *, previous: bool = False) -> list[logs.LogLine]:
        return logs.log_lines(pod, container, now, previous=previous, replay=self._replay)

    def next_line_at(self, pod: Obj, container: str, now: int) -> int | None:
        return logs.next_line_at(pod, container, now, self._replay)

    def read(self, pod: Obj, container: str, *, previous: bool, now: int) -> list[tuple[int, str]]:
        """All lines so far. Raises BadRequest in the kubelet's words."""
        name, status = pod["metadata"]["name"], _status(pod, container)
        if previous:
            if not (status.get("lastState") or {}).get("terminated"):
                raise BadRequest(f'previous terminated container "{container}" in pod "{name}" not found')
        else:
            waiting = (status.get("state") or {}).get("waiting")
            if not status or (waiting and not (status.get("lastState") or {}).get("terminated")):
                reason = (waiting or {}).get("reason", "ContainerCreating")
                why = "trying and failing to pull image" if "Image" in reason else reason
                verb = "is waiting to start: "
                raise BadRequest(f'container "{container}" in pod "{name}" {verb}{why}')
        return [(line.time, line.text) for line in self.lines(pod, container, now, previous=previous)]

    def follow(self, pod: Obj, container: str, render: Callable[[int, str], bytes]) -> Following:
        return Following(self, pod, container, render)

    def refresh(self) -> None:
        """Catch up with the cluster's log: not in an event loop's thread."""
        self._refresh()

    def now(self) -> int:
        return self._clock.now()

    def current(self, pod: Obj) -> Obj | None:
        """The same Pod as it is now; None if it is gone."""
        meta = pod["metadata"]
        found = self._lookup.get("pods", meta["namespace"], meta["name"])
        return found if found is not None and found["metadata"]["uid"] == meta["uid"] else None


def _status(pod: Obj, container: str) -> Obj:
    status = pod.get("status") or {}
    for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for each in status.get(key) or ():
            if each["name"] == container:
                found: Obj = each
                return found
    return {}


class Following:
    """`apiserver.http.Source` of one followed log: from now on, until the container ends."""

    def __init__(self, source: PlayedLogs, pod: Obj, container: str, render: Callable[[int, str], bytes]) -> None:
        self._source = source
        self._pod = pod
        self._container = container
        self._render = render
        source.refresh()
        self._seen = source.now()
        self._wake: Callable[[], None] | None = None

    def start(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        _ticker.add(wake, self._source.refresh)

    def read(self) -> tuple[list[bytes], bool]:
        now = self._source.now()
        pod = self._source.current(self._pod)
        last = pod or self._pod
        chunks = [self._render(at, text) for at, text in self._new_lines(last, now)]
        self._seen = now
        return chunks, pod is None or "running" not in (_status(pod, self._container).get("state") or {})

    def _new_lines(self, pod: Obj, now: int) -> Iterator[tuple[int, str]]:
        due = self._source.next_line_at(pod, self._container, self._seen)
        if due is not None and due > now:
            return
        for line in self._source.lines(pod, self._container, now):
            if line.time > self._seen:
                yield line.time, line.text

    def close(self) -> None:
        if self._wake is not None:
            _ticker.drop(self._wake)


class _Ticker:
    """One thread that wakes all followed logs while there are any, each behind a look at its cluster's log."""

    def __init__(self) -> None:
        self._wakes: dict[Callable[[], None], Callable[[], None]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, wake: Callable[[], None], refresh: Callable[[], None]) -> None:
        with self._changed:
            self._wakes[wake] = refresh
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="log-follower", daemon=True)
                self._thread.start()
            self._changed.notify()

    def drop(self, wake: Callable[[], None]) -> None:
        with self._changed:
            self._wakes.pop(wake, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._wakes:
                    self._changed.wait()
                wakes = list(self._wakes.items())
            close_old_connections()
            for wake, refresh in wakes:
                try:
                    refresh()
                except Exception as error:
                    # Its cluster is gone, or the database is away: the next turn tries again.
                    logger.info("a followed log could not be brought up to date: %s", error)
                wake()
            threading.Event().wait(TICK_SECONDS)


_ticker = _Ticker()
