"""Requests a second a user."""

from __future__ import annotations

from clusters.apiserver.throttle import Throttle, too_many
from clusters.kernel.clock import SECOND


class Hand:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = 0

    def __call__(self) -> int:
        return self.at


def test_a_burst_passes_and_then_the_rate():
    now = Hand()
    throttle = Throttle(2, 3, now)
    assert [throttle.allows("jane") for _ in range(4)] == [True, True, True, False]
    now.at += SECOND
    assert [throttle.allows("jane") for _ in range(3)] == [True, True, False]


def test_users_do_not_share():
    throttle = Throttle(1, 1, Hand())
    assert throttle.allows("jane")
    assert throttle.allows("joe")
    assert not throttle.allows("jane")


def test_no_rate_means_no_limit():
    throttle = Throttle(0, 1, Hand())
    assert all(throttle.allows("jane") for _ in range(1000))


def test_the_refusal_says_when_to_come_again():
    answer = too_many()
    assert (answer.status, answer.body) == (429, b"Too many requests, please try again later.\n")
    assert ("Retry-After", "1") in answer.headers
