"""Pods that wait for a node.

    add ─▶ gated ──gates removed──▶ active ─▶ (an attempt)
                                      ▲            │ failed
             back-off over ───────────┤            ▼
           back-off ◀──an event helps─┴────── unschedulable ──5 minutes──▶ active

Active Pods come out by priority, then by the time they came in, then in the order in which they were written.
A Pod that failed waits until an event helps one of the plugins that refused it; then at least until its
back-off (1 s, doubled with each attempt, at most 10 s) is over. Unlike 1.36's, an idle scheduler does not cut
a back-off short: the number of attempts stays bounded in virtual time. Models: kube-scheduler, backend/queue.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from clusters.client.workqueue import Timers
from clusters.components.scheduler.events import ClusterEvent
from clusters.components.scheduler.podinfo import PodInfo
from clusters.kernel.clock import MINUTE, SECOND

FIRST_BACKOFF = 1 * SECOND
LONGEST_BACKOFF = 10 * SECOND
LONGEST_WAIT = 5 * MINUTE

ACTIVE, BACKOFF, UNSCHEDULABLE, GATED = "active", "backoff", "unschedulable", "gated"

Hint = Callable[[frozenset[str], PodInfo, ClusterEvent], bool]
"""Whether an event may help a Pod that these plugins refused."""


Order = tuple[int, str]


@dataclass(slots=True)
class Entry:
    """A waiting Pod. Times are virtual microseconds."""

    pod: PodInfo
    where: str
    since: int
    """When it came into the queue it is in; of the back-off queue, when it may leave."""
    attempts: int = 0
    last_attempt: int = 0
    """In whole seconds, as the Pod's Events tell it to a scheduler that starts."""
    refused_by: frozenset[str] = frozenset()
    version: int = field(default=0)
    """Heap items of an older version are void."""


class SchedulingQueue:
    """The four queues; every waiting Pod is in exactly one."""

    def __init__(self, timers: Timers, hint: Hint) -> None:
        self._timers = timers
        self._hint = hint
        self._entries: dict[str, Entry] = {}
        self._unschedulable: dict[tuple[bytes, frozenset[str]], dict[str, Entry]] = {}
        """By spec and refusing plugins: Pods of one group are helped by the same events."""
        self._active: list[tuple[int, int, Order, int, Entry]] = []
        self._backoff: list[tuple[int, Order, int, Entry]] = []
        self._backoff_timer: int | None = None
        self._flush_timer: int | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def counts(self) -> dict[str, int]:
        """How many Pods are in each queue."""
        out = dict.fromkeys((ACTIVE, BACKOFF, UNSCHEDULABLE, GATED), 0)
        for entry in self._entries.values():
            out[entry.where] += 1
        return out

    # -- Pods come and change ----------------------------------------------------------------------------

    def add(self, pod: PodInfo) -> None:
        """A Pod without a node, new or changed."""
        entry = self._entries.get(pod.key)
        gated = bool(pod.obj["spec"].get("schedulingGates"))
        if entry is None or entry.pod.uid != pod.uid:
            if entry is not None:
                self.remove(pod.key)
            entry = self._entries[pod.key] = Entry(pod, GATED, self._now())
            if not gated:
                self._activate(entry)
            return
        entry.pod = pod
        if entry.where == GATED and not gated:
            self._activate(entry)

    def replace(self, pod: PodInfo) -> None:
        """A waiting Pod asks for something else than before: it is worth another try."""
        entry = self._entries.get(pod.key)
        if entry is not None and entry.where == UNSCHEDULABLE:
            self._leave_group(entry)
            entry.pod = pod
            self._back_off(entry)
            return
        self.add(pod)

    def remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            entry.version += 1
            if entry.where == UNSCHEDULABLE:
                self._leave_group(entry)

    def restore(self, pod: PodInfo, *, attempts: int, last_attempt: int, refused_by: frozenset[str]) -> None:
        """A Pod that another scheduler tried before. Without plugins that refuse it now, it is due for
        another try when its back-off is over."""
        entry = self._entries[pod.key] = Entry(pod, ACTIVE, self._now(), attempts, last_attempt)
        self.fail(entry, refused_by)

    # -- attempts ----------------------------------------------------------------------------------------

    def pop(self) -> Entry | None:
        """The next Pod to try. It stays known; `fail` or `remove` says how it ended."""
        while self._active:
            *_, version, entry = heapq.heappop(self._active)
            if version == entry.version and entry.where == ACTIVE:
                entry.attempts += 1
                entry.last_attempt = _whole_seconds(self._now())
                return entry
        return None

    def fail(self, entry: Entry, refused_by: frozenset[str]) -> None:
        """The attempt failed: wait for an event that helps. Without plugins to blame (an error), back off."""
        if self._entries.get(entry.pod.key) is not entry:
            return
        if entry.where == UNSCHEDULABLE:
            self._leave_group(entry)
        entry.version += 1
        entry.refused_by = refused_by
        if not refused_by:
            self._back_off(entry)
            return
        entry.where, entry.since = UNSCHEDULABLE, entry.last_attempt
        self._join_group(entry)
        self._arm_flush(entry.since + LONGEST_WAIT)

    def notify(self, event: ClusterEvent) -> None:
        """Something changed: bring back the Pods it may help."""
        for (_, refused_by), group in list(self._unschedulable.items()):
            sample = next(iter(group.values()))
            if self._hint(refused_by, sample.pod, event):
                for entry in list(group.values()):
                    self._leave_group(entry)
                    self._back_off(entry)

    # -- moves -------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return self._timers.clock.now()

    def _activate(self, entry: Entry) -> None:
        entry.version += 1
        entry.where, entry.since = ACTIVE, self._now()
        item = (-entry.pod.priority, entry.since, _order(entry.pod), entry.version, entry)
        heapq.heappush(self._active, item)

    def _back_off(self, entry: Entry) -> None:
        """To the back-off queue, or at once to the active one if the back-off is over."""
        delay = min(FIRST_BACKOFF << min(max(entry.attempts - 1, 0), 10), LONGEST_BACKOFF)
        ready = entry.last_attempt + delay
        if ready <= self._now():
            self._activate(entry)
            return
        entry.version += 1
        entry.where, entry.since = BACKOFF, ready
        heapq.heappush(self._backoff, (ready, _order(entry.pod), entry.version, entry))
        if self._backoff_timer is None or ready < self._backoff_timer:
            self._backoff_timer = ready
            self._timers.at(ready, self._back_off_over)

    def _back_off_over(self) -> None:
        now = self._now()
        self._backoff_timer = None
        while self._backoff:
            ready, _, version, entry = self._backoff[0]
            void = version != entry.version or entry.where != BACKOFF
            if not void and ready > now:
                self._backoff_timer = ready
                self._timers.at(ready, self._back_off_over)
                return
            heapq.heappop(self._backoff)
            if not void:
                self._activate(entry)

    def _join_group(self, entry: Entry) -> None:
        group = (entry.pod.needs.key, entry.refused_by)
        self._unschedulable.setdefault(group, {})[entry.pod.key] = entry

    def _leave_group(self, entry: Entry) -> None:
        key = (entry.pod.needs.key, entry.refused_by)
        group = self._unschedulable[key]
        del group[entry.pod.key]
        if not group:
            del self._unschedulable[key]

    def _arm_flush(self, when: int) -> None:
        if self._flush_timer is None:
            self._flush_timer = when
            self._timers.at(when, self._flush, background=True)

    def _flush(self) -> None:
        """Pods that nothing helped for five minutes get another try: hints may be wrong."""
        self._flush_timer = None
        oldest = self._now() - LONGEST_WAIT
        left = [e for group in self._unschedulable.values() for e in group.values()]
        for entry in sorted(left, key=lambda e: (e.since, e.pod.key)):
            if entry.since > oldest:
                self._arm_flush(entry.since + LONGEST_WAIT)
                return
            self._leave_group(entry)
            self._back_off(entry)


def _order(pod: PodInfo) -> Order:
    """Which of two Pods that came in at the same time goes first: the one that was written first. Whoever
    loads the cluster sees the same order."""
    text = pod.obj["metadata"].get("resourceVersion") or "0"
    return (int(text) if text.isdigit() else 0, pod.key)


def _whole_seconds(when: int) -> int:
    return when - when % SECOND
