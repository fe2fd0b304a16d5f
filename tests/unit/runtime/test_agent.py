"""The agent asks the broker, and does without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clusters.kernel.clock import SECOND, wall_now
from clusters.runtime import agent as agents
from clusters.runtime import notify
from clusters.runtime.agent import Agent
from clusters.runtime.slices import SliceResult


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Clusters whose slices were run, in order."""
    return []


def _agent(ran: list[int], due: Callable[[], int | None]) -> Agent:
    agent = Agent("test")

    def run_slice(cluster_id: int, **_: object) -> SliceResult:
        ran.append(cluster_id)
        return SliceResult(due(), ran=True)

    agent.worker.run_slice = run_slice  # type: ignore[method-assign]
    return agent


def test_wake_goes_through_the_broker(monkeypatch: pytest.MonkeyPatch, ran: list[int]) -> None:
    asked = _asked(monkeypatch)
    _agent(ran, lambda: None)._wake(7)
    assert (asked, ran) == ([(7, False)], [])


def _asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """(cluster, by anybody) of every wake that is sent from now on."""
    asked: list[tuple[int, bool]] = []
    monkeypatch.setattr(notify, "safely", lambda call: call() or True)
    monkeypatch.setattr(notify, "wake", lambda cluster_id, *, anybody=False: asked.append((cluster_id, anybody)))
    return asked


def test_sweep_asks_anybody_for_what_was_left_lying(monkeypatch: pytest.MonkeyPatch, ran: list[int]) -> None:
    asked = _asked(monkeypatch)
    due = iter([[7], [7, 8], [7, 8], []])
    monkeypatch.setattr(agents, "due_clusters", lambda now: next(due))
    monkeypatch.setattr(agents, "close_old_connections", lambda: None)
    agent = _agent(ran, lambda: None)
    for _ in range(4):
        agent._sweep(wall_now())
    # 7's worker may be dead with the task in its queue; 8 has just come up.
    assert asked[0] == (7, False)
    assert sorted(asked[1:3]) == [(7, True), (8, False)]
    assert sorted(asked[3:]) == [(7, False), (8, True)]


def test_slice_runs_here_while_the_broker_is_away(monkeypatch: pytest.MonkeyPatch, ran: list[int]) -> None:
    monkeypatch.setattr(notify, "safely", lambda call: False)
    _agent(ran, lambda: None)._wake(7)
    assert ran == [7]


def test_busy_cluster_gets_an_alarm_while_the_broker_is_away(monkeypatch: pytest.MonkeyPatch, ran: list[int]) -> None:
    monkeypatch.setattr(notify, "safely", lambda call: False)
    agent = _agent(ran, lambda: 0)
    agent._wake(7)
    assert set(ran) == {7}
    assert agent._alarms == [(0, 7)]


def test_next_slice_is_an_alarm_and_a_later_word_replaces_it(monkeypatch: pytest.MonkeyPatch, ran: list[int]) -> None:
    dues = iter([wall_now() + 60 * SECOND, None])
    agent = _agent(ran, lambda: next(dues))
    agent.slice(7)
    assert list(agent._due) == [7]
    agent.slice(7)
    assert not agent._due


def test_failing_database_does_not_end_the_sweeps(
    monkeypatch: pytest.MonkeyPatch, ran: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    from django.db import OperationalError

    def away(now: int) -> list[int]:
        raise OperationalError("database is locked")

    monkeypatch.setattr("clusters.runtime.agent.close_old_connections", lambda: None)
    monkeypatch.setattr("clusters.runtime.agent.due_clusters", away)
    _agent(ran, lambda: None)._sweep(0)
    assert "the database does not answer (database is locked)" in caplog.text
    assert not caplog.records[0].exc_info
