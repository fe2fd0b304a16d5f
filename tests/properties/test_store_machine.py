"""Random histories against a model of a few lines: every store must agree with it at every revision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from clusters.models import Cluster
from clusters.storage.batch import BatchStore, Live
from clusters.storage.memory import MemoryStore
from clusters.storage.seal import SecretSeal
from clusters.storage.sql import SqlStore
from clusters.storage.store import CasFailed, Compacted, Op, Store

KEYS = [f"core/{kind}/ns/{name}" for kind in ("pods", "secrets") for name in ("a", "b", "c")]


class StoreMachine(RuleBasedStateMachine):
    """The model: the state after each revision, as plain dicts of key → (value, revision)."""

    make: Callable[[], Store]

    def __init__(self) -> None:
        super().__init__()
        self.store = type(self).make()
        self.states: list[dict[str, tuple[bytes, int]]] = [{}]
        self.log: list[tuple[int, str, bool]] = []
        self.compacted = 0

    @property
    def now(self) -> dict[str, tuple[bytes, int]]:
        return self.states[-1]

    def apply(self, op: Op) -> None:
        state = dict(self.now)
        rev = len(self.states)
        if op.tombstone:
            del state[op.key]
        else:
            state[op.key] = (op.value, rev)
        self.states.append(state)
        self.log.append((rev, op.key, op.tombstone))

    def op(self, key: str, value: bytes, dead: bool) -> Op:
        live = self.now.get(key)
        return Op(key, value, live[1] if live else 0, "model", len(self.states), tombstone=dead and live is not None)

    @rule(
        keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True),
        value=st.binary(max_size=5),
        dead=st.booleans(),
    )
    def write(self, keys: list[str], value: bytes, dead: bool) -> None:
        ops = [self.op(key, value, dead) for key in keys]
        records = self.store.txn(ops)
        for op, record in zip(ops, records):
            self.apply(op)
            assert record.rev == len(self.states) - 1

    @rule(key=st.sampled_from(KEYS), wrong=st.integers(min_value=1, max_value=50))
    def write_with_a_stale_revision(self, key: str, wrong: int) -> None:
        live = self.now.get(key)
        expect = (live[1] if live else 0) + wrong
        before = self.store.head()
        with pytest.raises(CasFailed):
            self.store.txn([Op("core/pods/ns/new", b"", 0, "model", 1), Op(key, b"", expect, "model", 1)])
        assert self.store.head() == before

    @precondition(lambda self: len(self.states) > 3)
    @rule(data=st.data())
    def compact(self, data: st.DataObject) -> None:
        rev = data.draw(st.integers(min_value=0, max_value=len(self.states) - 1))
        self.store.compact(rev)
        self.compacted = max(self.compacted, rev)

    @rule(data=st.data())
    def read_the_past(self, data: st.DataObject) -> None:
        rev = data.draw(st.integers(min_value=0, max_value=len(self.states) - 1))
        if rev < self.compacted:
            with pytest.raises(Compacted):
                self.store.list("", rev=rev)
            return
        records, at = self.store.list("", rev=rev)
        assert at == rev
        assert {r.key: (r.value, r.rev) for r in records} == self.states[rev]
        assert [r.key for r in records] == sorted(self.states[rev])

    @rule(data=st.data())
    def read_the_tail(self, data: st.DataObject) -> None:
        after = data.draw(st.integers(min_value=self.compacted, max_value=len(self.states) - 1))
        tail = [(r.rev, r.key, r.tombstone) for r in self.store.changes(after)]
        assert tail == [entry for entry in self.log if entry[0] > after]

    @invariant()
    def the_present_is_the_models(self) -> None:
        assert self.store.head().rev == len(self.states) - 1
        records, _ = self.store.list("core/pods/")
        assert {r.key: (r.value, r.rev) for r in records} == {
            k: v for k, v in self.now.items() if k.startswith("core/pods/")
        }


def run(make: Callable[[], Store], examples: int) -> None:
    machine: Any = type("Machine", (StoreMachine,), {"make": staticmethod(make)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_memory_store_agrees_with_the_model() -> None:
    run(MemoryStore, 60)


@pytest.mark.django_db(transaction=True)
def test_sql_store_agrees_with_the_model() -> None:
    numbers = iter(range(10**6))

    def make() -> Store:
        cluster = Cluster.objects.create(
            name=f"machine-{next(numbers)}", seed=1, created=0, clock_base=0, clock_wall_base=0
        )
        return SqlStore(cluster.pk, SecretSeal("test"))

    run(make, 12)


class BatchMachine(RuleBasedStateMachine):
    """A slice's batch beside foreign writers: after each flush the log is gapless, nobody's write is lost unless
    it was on a key that others changed, and what the slice believes equals the log."""

    def __init__(self) -> None:
        super().__init__()
        self.below = MemoryStore()
        self.state: dict[str, Live] = {}
        self.values: dict[str, bytes] = {}
        self.batch = BatchStore(self.below, self.state.get)
        self.foreign_keys: set[str] = set()
        self.ours: dict[str, bytes | None] = {}

    @rule(key=st.sampled_from(KEYS), value=st.binary(max_size=4), dead=st.booleans())
    def slice_writes(self, key: str, value: bytes, dead: bool) -> None:
        live = self.state.get(key)
        op = Op(key, value, live.rev if live else 0, "slice", 1, tombstone=dead and live is not None)
        record = self.batch.txn([op])[0]
        if record.tombstone:
            self.state.pop(key)
            self.values.pop(key)
            self.ours[key] = None
        else:
            self.state[key] = Live(record.rev, record.create_rev, record.version)
            self.values[key] = value
            self.ours[key] = value

    @rule(key=st.sampled_from(KEYS), value=st.binary(max_size=4))
    def slice_marks_and_removes(self, key: str, value: bytes) -> None:
        """A Pod that goes at once is marked and removed in one transaction."""
        live = self.state.get(key)
        if live is None:
            return
        records = self.batch.txn([Op(key, value, live.rev, "slice", 1), Op(key, value, -1, "slice", 1, tombstone=True)])
        assert records[1].prev_rev == records[0].rev
        self.state.pop(key)
        self.values.pop(key)
        self.ours[key] = None

    @rule(key=st.sampled_from(KEYS), value=st.binary(max_size=4))
    def others_write(self, key: str, value: bytes) -> None:
        live = self.below.get(key)
        self.below.txn([Op(key, value, live.rev if live else 0, "other", 1)])
        self.foreign_keys.add(key)

    @rule()
    def flush(self) -> None:
        flushed = self.batch.flush()
        if flushed is None:
            records = self.below.changes(self.batch.head().rev)
            self.batch.follow(records)
            for record in records:
                self.take(record)
        else:
            assert flushed.dropped <= self.foreign_keys
            for _, record in flushed.records:
                if record.tombstone:
                    self.state.pop(record.key, None)
                else:
                    self.state[record.key] = Live(record.rev, record.create_rev, record.version)
            for record in flushed.foreign:
                self.take(record)
            for key, value in self.ours.items():
                if key not in self.foreign_keys:
                    stored = self.below.get(key)
                    assert (stored.value if stored else None) == value
        self.ours.clear()
        self.foreign_keys.clear()
        actual = {r.key: (Live(r.rev, r.create_rev, r.version), r.value) for r in self.below.list("")[0]}
        assert {k: (live, self.values[k]) for k, live in self.state.items()} == actual
        log = self.below.changes(0)
        assert [r.rev for r in log] == list(range(1, self.below.head().rev + 1))
        assert len({(r.key, r.prev_rev) for r in log}) == len(log), "two records follow the same one"
        assert self.batch.head().rev == self.below.head().rev

    def take(self, record: Any) -> None:
        if record.tombstone:
            self.state.pop(record.key, None)
            self.values.pop(record.key, None)
        else:
            self.state[record.key] = Live(record.rev, record.create_rev, record.version)
            self.values[record.key] = record.value


def test_batch_store_loses_nothing_beside_other_writers() -> None:
    run_state_machine_as_test(BatchMachine, settings=settings(max_examples=150, stateful_step_count=30, deadline=None))
