"""A cluster in memory with all its components: what a worker keeps warm between slices.

A session reads its cluster's log, runs the components until nothing is due, and commits what they wrote in
batches. It knows nothing of workers, leases or wall clocks: `run` is told a virtual time to reach and a
function that says when to stop, so tests and `cluster run` drive the same code as Celery does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clusters.client.component import Component, Env, Keys
from clusters.client.inprocess import InProcessClient
from clusters.client.recorder import Recorder
from clusters.client.views import CacheInformers, ScopedInformers
from clusters.client.workqueue import Timers
from clusters.kernel.clock import HOUR, SimClock
from clusters.kernel.rng import Rng
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.attributes import Admission
from clusters.registry.cache import WatchCache
from clusters.registry.registry import Registry
from clusters.registry.resources import ResourceMap
from clusters.runtime import composition
from clusters.runtime.bootstrap import STAND_IN
from clusters.storage.batch import BatchStore, Live
from clusters.storage.store import Store

BATCH = 400
"""Writes after which a batch is committed even in mid-slice."""
HORIZON = 2 * HOUR
"""How far a run without a goal may jump beyond the last thing that came from outside: what retries for ever (a
Pod that fits nowhere, a container that crashes) must not keep an unwatched cluster busy."""
_LOOK = 16
"""Steps between two looks at whether to stop."""


class _ComponentTimers(Timers):
    """One component's share of the session's timer heap: silent once the component has stopped."""

    def __init__(self, shared: Timers) -> None:
        self._shared = shared
        self.clock = shared.clock
        self.alive = True

    def at(self, when: int, fire: Callable[[], None], *, background: bool = False) -> Callable[[], None]:
        def guarded() -> None:
            if self.alive:
                fire()

        return self._shared.at(when, guarded, background=background)

    def next_due(self, *, background: bool = True) -> int | None:
        return self._shared.next_due(background=background)

    def __len__(self) -> int:
        return len(self._shared)


@dataclass(slots=True)
class _Slot:
    """A component's place in the order, running or not."""

    kind: type[Component]
    instance: Component | None = None
    informers: ScopedInformers | None = None
    timers: _ComponentTimers | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `done`: nothing is ready up to the time asked for; `due`: the next virtual time at
    which something is (None: never, unless somebody writes)."""

    done: bool
    due: int | None
    writes: int


@dataclass(slots=True)
class Session:
    """`store` is the cluster's log; `epoch` the lease's, checked in every commit."""

    store: Store
    seed: int
    now: int
    epoch: int | None = None
    components: Sequence[type[Component]] = field(default_factory=composition.components)
    admission: Admission = field(default_factory=composition.new_admission)
    on_commit: Callable[[int], None] = lambda rev: None
    """Called with the new head after each commit."""
    keys: Keys = field(default_factory=lambda: Keys(root_ca=STAND_IN))
    """The cluster's, for its controllers."""

    resources: ResourceMap = field(init=False)
    clock: SimClock = field(init=False)
    cache: WatchCache = field(init=False)
    registry: Registry = field(init=False)
    timers: Timers = field(init=False)
    writes: int = field(init=False, default=0)
    _batch: BatchStore = field(init=False)
    _informers: CacheInformers = field(init=False)
    _slots: list[_Slot] = field(init=False)
    _states_changed: bool = field(init=False, default=True)
    _last_input: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._batch = BatchStore(self.store)
        self.cache = WatchCache(self._batch, ring=0)
        self._batch.known = self._live
        self.clock = SimClock(max(self.now, self.cache.vtime))
        self._last_input = self.clock.now()
        self.resources = composition.new_resources()
        self.registry = Registry(self.cache, self.resources, self.admission, self.clock, Rng(self.seed))
        self.timers = Timers(self.clock)
        self._informers = CacheInformers(self.cache, self.resources)
        self._slots = [_Slot(kind) for kind in self.components]
        for resource in ("components.playground.dev", "faults.playground.dev"):
            self._informers[resource].on_change(self._component_changed)

    def _live(self, key: str) -> Live | None:
        item = self.cache.get(key)
        return Live(item.rev, item.create_rev, item.version) if item is not None else None

    # components

    def _component_changed(self, old: Obj | None, new: Obj | None) -> None:
        self._states_changed = True

    def _stopped(self) -> set[str]:
        objects = self._informers["components.playground.dev"].list()
        stopped = {o["metadata"]["name"] for o in objects if (o.get("spec") or {}).get("state") == "stopped"}
        # A fault holds from the revision that declares it on, not only once the fault controller has come round to
        # it: what is created behind it must not meet the component any more.
        faults = (f.get("spec") or {} for f in self._informers["faults.playground.dev"].list())
        return stopped | {str(f.get("target")) for f in faults if f.get("kind") == "component-stop"}

    def _start_and_stop(self) -> None:
        """Bring the components to the states that the cluster asks for. A component that starts is new: all it
        knows it reads from the cluster."""
        self._states_changed = False
        stopped = self._stopped()
        for slot in self._slots:
            wanted = slot.kind.name not in stopped and slot.kind.process not in stopped
            if wanted and slot.instance is None:
                slot.informers = ScopedInformers(self._informers)
                slot.timers = _ComponentTimers(self.timers)
                slot.instance = slot.kind(self._env(slot.kind, slot.informers, slot.timers))
            elif not wanted and slot.instance is not None:
                assert slot.informers is not None
                assert slot.timers is not None
                last_words = getattr(slot.instance, "stop", None)
                if last_words is not None:
                    # What is held in closed form (heartbeats) is written down by whoever holds it.
                    last_words()
                slot.informers.close()
                slot.timers.alive = False
                slot.instance = slot.informers = slot.timers = None

    def _env(self, kind: type[Component], informers: ScopedInformers, timers: Timers) -> Env:
        client = self.client(kind.user, kind.process)
        rng = self.registry.rng

        def recorder(component: str, host: str) -> Recorder:
            return Recorder(client, self.clock, rng, component, host, stored=self._informers["events"])

        return Env(
            clock=self.clock,
            rng=rng,
            timers=timers,
            client=client,
            informers=informers,
            events=recorder,
            keys=self.keys,
        )

    def client(self, user: UserInfo, manager: str) -> InProcessClient:
        """The cluster's API as `user`."""
        return InProcessClient(self.registry, user, manager)

    def running(self) -> list[str]:
        """Names of the components that run."""
        return [slot.kind.name for slot in self._slots if slot.instance is not None]

    def close(self) -> None:
        """Take the session apart, so that its memory is free at once: its parts know one another, and Python's
        collector comes round rarely."""
        for slot in self._slots:
            if slot.informers is not None:
                slot.informers.close()
            if slot.instance is not None:
                vars(slot.instance).clear()
        self._slots.clear()
        self.timers.clear()
        self._informers.close()
        self.cache.close()

    # running

    def refresh(self) -> int:
        """Read what others wrote; the number of revisions. Call between runs."""
        records = self.store.changes(self.cache.rev)
        if records:
            self._batch.follow(records)
            self.cache.apply(records)
            self.note_input()
        self.clock.advance_to(self.cache.vtime)
        return len(records)

    def note_input(self) -> None:
        """Something came from outside: runs without a goal may go on from here."""
        self._last_input = max(self.clock.now(), self.cache.vtime)

    def run(self, until: int | None, stop: Callable[[], bool] = lambda: False) -> Outcome:
        """Run everything that is ready, from timer to timer, up to virtual time `until`; None: until only
        background timers are left. `stop` is asked between steps; everything is committed at the end.
        Raises Fenced if the lease was lost."""
        before = self.writes
        done = self._run(until, stop)
        while self.commit() and done:
            # Others wrote meanwhile, and what they wrote may ask for work.
            done = self._run(until, stop)
        return Outcome(done, self.timers.next_due(), self.writes - before)

    def _run(self, until: int | None, stop: Callable[[], bool]) -> bool:
        while True:
            if not self._settle(stop):
                return False
            due = self.timers.next_due()
            if until is None:
                pending = self.timers.next_due(background=False)
                if pending is None or pending > self._last_input + HORIZON:
                    return True
            elif due is None or due > until:
                self.clock.advance_to(until)
                return True
            assert due is not None
            self.clock.advance_to(due)
            self.timers.fire_due(self.clock.now())

    def step(self) -> int | None:
        """Settle, then jump to the next timer, whatever it is, and settle again; the time reached."""
        self._settle(lambda: False)
        due = self.timers.next_due()
        if due is not None:
            self.clock.advance_to(due)
            self.timers.fire_due(self.clock.now())
            self._settle(lambda: False)
        self.commit()
        return due

    def _settle(self, stop: Callable[[], bool]) -> bool:
        """Let the components work in their order until none has anything ready; False if stopped before."""
        steps = 0
        while True:
            if self._states_changed:
                self._start_and_stop()
            busy = False
            for slot in self._slots:
                component = slot.instance
                if component is None:
                    continue
                while component.step():
                    busy = True
                    steps += 1
                    if steps % _LOOK == 0:
                        if len(self._batch) >= BATCH:
                            self.commit()
                        if stop():
                            return False
                    if self._states_changed:
                        break
            if not busy and not self._states_changed:
                return True

    def commit(self) -> bool:
        """Bring the collected writes into the log; True if others had written meanwhile. Raises Fenced."""
        others = False
        # Who is told of others' writes may write in turn: nothing must be left, or its number would hide a
        # revision of theirs from the next refresh.
        while (flushed := self._batch.flush(self.epoch)) is not None:
            self.writes += len(flushed.records)
            if flushed.foreign or flushed.dropped:
                others = True
                self.cache.rebase(flushed.foreign, flushed.records, flushed.dropped)
                self.note_input()
                self.clock.advance_to(self.cache.vtime)
            self.on_commit(self.cache.rev)
        return others
