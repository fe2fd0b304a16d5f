"""Back-offs that remember without a memory."""

import pytest

from clusters.components.kubelet import backoff
from clusters.kernel.clock import SECOND


def test_restarts_wait_ever_longer_up_to_five_minutes():
    assert [backoff.delay(level) // SECOND for level in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]


def test_level_survives_in_the_container_id():
    assert backoff.level_of("containerd://abc5") == 5
    assert backoff.level_of("") == 0


def test_level_is_forgotten_after_ten_good_minutes():
    assert backoff.next_level(6, 599 * SECOND) == 7
    assert backoff.next_level(6, 600 * SECOND) == 1


@pytest.mark.parametrize(
    ("at", "number", "last", "following"),
    [(-1, -1, None, 0), (0, 0, 0, 10), (9, 0, 0, 10), (10, 1, 10, 30), (30, 2, 30, 70), (10_000, 37, 9910, 10_210)],
)
def test_pull_attempts_follow_from_the_first(at, number, last, following):
    found = backoff.pull_attempt(0, at * SECOND)
    assert found[0] == number
    assert last is None or found[1] == last * SECOND
    assert found[2] == following * SECOND


@pytest.mark.parametrize(("micros", "text"), [(10, "10s"), (80, "1m20s"), (300, "5m0s")])
def test_text_is_as_go_prints_it(micros, text):
    assert backoff.text(micros * SECOND) == text
