"""Requests a second a user: a token bucket each, in wall time, so that one client cannot starve the others.

The answer is the one that Priority and Fairness gives. Models: apiserver, pkg/server/filters.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from clusters.apiserver.http import TEXT, Response
from clusters.kernel.clock import SECOND, wall_now

_REMEMBERED = 4096


class Throttle:
    """`rate` requests a second, `burst` at once; a rate of 0 lets everything pass."""

    def __init__(self, rate: float, burst: int, now: Callable[[], int] = wall_now) -> None:
        self._rate = rate
        self._burst = float(max(burst, 1))
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def allows(self, user: str) -> bool:
        """Whether this request may pass; if so, it is counted."""
        if not self._rate:
            return True
        now = self._now()
        tokens, since = self._buckets.pop(user, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) / SECOND * self._rate)
        allowed = tokens >= 1
        self._buckets[user] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return allowed


def too_many() -> Response:
    """429, with when to come again."""
    headers = [("Retry-After", "1"), ("X-Content-Type-Options", "nosniff")]
    return Response(429, b"Too many requests, please try again later.\n", TEXT, headers)
