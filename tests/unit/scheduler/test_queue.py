"""Where Pods wait, and what brings them back."""

from __future__ import annotations

from typing import Any

from clusters.client.workqueue import Timers
from clusters.components.scheduler.events import ClusterEvent
from clusters.components.scheduler.podinfo import PodInfo, PodParser
from clusters.components.scheduler.queue import SchedulingQueue
from clusters.kernel.clock import MINUTE, SECOND, SimClock
from tests.support.scheduling_objects import pod

NODE_CHANGED = ClusterEvent("nodes", None, {"metadata": {"name": "n1"}})


class Desk:
    """A queue whose hints answer yes for the plugins in `helped`."""

    def __init__(self) -> None:
        self.clock = SimClock()
        self.timers = Timers(self.clock)
        self.helped: set[str] = set()
        self.asked = 0
        self.revision = 0
        self.queue = SchedulingQueue(self.timers, self.hint)
        self.parser = PodParser()

    def hint(self, refused_by: frozenset[str], info: PodInfo, event: ClusterEvent) -> bool:
        self.asked += 1
        return bool(refused_by & self.helped)

    def info(self, name: str, **spec: Any) -> PodInfo:
        obj = pod(name, **spec)
        self.revision += 1
        obj["metadata"].update(uid=f"uid-{name}", resourceVersion=str(self.revision))
        return self.parser.parse(obj)

    def add(self, name: str, **spec: Any) -> None:
        self.queue.add(self.info(name, **spec))

    def pop(self) -> str | None:
        entry = self.queue.pop()
        return entry.pod.name if entry else None

    def fail_next(self, *plugins: str) -> None:
        entry = self.queue.pop()
        assert entry is not None
        self.queue.fail(entry, frozenset(plugins))

    def wait(self, micros: int) -> None:
        end = self.clock.now() + micros
        while (due := self.timers.next_due()) is not None and due <= end:
            self.clock.advance_to(due)
            self.timers.fire_due(due)
        self.clock.advance_to(end)


def test_pods_come_out_by_priority_then_in_order_of_arrival() -> None:
    desk = Desk()
    desk.add("b")
    desk.add("a")
    desk.add("urgent", priority=10)
    assert [desk.pop(), desk.pop(), desk.pop(), desk.pop()] == ["urgent", "b", "a", None]


def test_an_unschedulable_pod_waits_until_an_event_helps_one_of_its_plugins() -> None:
    desk = Desk()
    desk.add("p")
    desk.fail_next("TaintToleration")
    desk.wait(20 * SECOND)
    desk.queue.notify(NODE_CHANGED)
    assert desk.pop() is None
    desk.helped = {"TaintToleration"}
    desk.queue.notify(NODE_CHANGED)
    assert desk.pop() == "p"


def test_backoff_doubles_with_each_attempt_up_to_ten_seconds() -> None:
    desk = Desk()
    desk.helped = {"NodeResourcesFit"}
    desk.add("p")
    waits = []
    for _ in range(6):
        desk.fail_next("NodeResourcesFit")
        desk.queue.notify(NODE_CHANGED)
        before = desk.clock.now()
        due = desk.timers.next_due(background=False)
        assert due is not None
        desk.wait(due - before)
        waits.append((desk.clock.now() - before) // SECOND)
    assert waits == [1, 2, 4, 8, 10, 10]


def test_an_error_backs_off_without_any_event() -> None:
    desk = Desk()
    desk.add("p")
    desk.fail_next()
    assert desk.pop() is None
    desk.wait(1 * SECOND)
    assert desk.pop() == "p"


def test_a_forgotten_pod_is_tried_again_after_five_minutes() -> None:
    desk = Desk()
    desk.add("p")
    desk.fail_next("NodeAffinity")
    desk.wait(5 * MINUTE - 1)
    assert desk.pop() is None
    desk.wait(1)
    assert desk.pop() == "p"


def test_waiting_for_five_minutes_does_not_keep_a_cluster_busy() -> None:
    desk = Desk()
    desk.add("p")
    desk.fail_next("NodeAffinity")
    assert desk.timers.next_due(background=False) is None


def test_a_gated_pod_is_not_tried_until_its_gates_are_gone() -> None:
    desk = Desk()
    desk.add("p", schedulingGates=[{"name": "example.com/wait"}])
    assert desk.pop() is None
    desk.add("p")
    assert desk.pop() == "p"


def test_a_pod_that_asks_for_something_else_is_worth_another_try() -> None:
    desk = Desk()
    desk.add("p")
    desk.fail_next("TaintToleration")
    desk.wait(2 * SECOND)
    desk.queue.replace(desk.info("p", tolerations=[{"operator": "Exists"}]))
    assert desk.pop() == "p"


def test_a_removed_pod_is_never_tried() -> None:
    desk = Desk()
    desk.add("a")
    desk.add("b")
    desk.queue.remove("default/a")
    assert [desk.pop(), desk.pop()] == ["b", None]
    assert len(desk.queue) == 1


def test_a_new_pod_of_the_same_name_starts_anew() -> None:
    desk = Desk()
    desk.add("p")
    desk.fail_next("NodeAffinity")
    again = pod("p")
    again["metadata"]["uid"] = "another"
    desk.queue.add(desk.parser.parse(again))
    entry = desk.queue.pop()
    assert entry is not None
    assert entry.attempts == 1
    assert desk.queue.counts()["unschedulable"] == 0


def test_pods_of_equal_needs_cost_one_question_an_event() -> None:
    desk = Desk()
    for i in range(50):
        desk.add(f"p{i}")
    for _ in range(50):
        desk.fail_next("NodeResourcesFit")
    desk.queue.notify(NODE_CHANGED)
    assert desk.asked == 1


def test_a_failure_to_say_why_turns_the_wait_into_a_back_off() -> None:
    desk = Desk()
    desk.add("p")
    entry = desk.queue.pop()
    assert entry is not None
    desk.queue.fail(entry, frozenset({"NodeAffinity"}))
    desk.queue.fail(entry, frozenset())
    assert desk.queue.counts()["backoff"] == 1
    desk.wait(1 * SECOND)
    assert desk.pop() == "p"
