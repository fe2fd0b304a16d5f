"""What a browser is told of the clock."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.models import Cluster
from clusters.realtime.source import clock_frame

SECOND = 1_000_000
WALL = 1_000 * SECOND


def cluster(**fields: Any) -> Cluster:
    given = {"clock_base": 0, "clock_wall_base": WALL, "clock_speed": "1", "vtime": 0, "due": None, **fields}
    return Cluster(name="c", seed=1, created=0, **given)


def test_virtual_time_runs_at_its_speed() -> None:
    frame = clock_frame(cluster(clock_speed="10"), WALL + 2 * SECOND)
    assert (frame["now"], frame["speed"], frame["paused"], frame["wall"]) == (
        20 * SECOND,
        10.0,
        False,
        WALL + 2 * SECOND,
    )


def test_paused_clock_stands() -> None:
    frame = clock_frame(cluster(clock_speed="0", clock_base=5, due=1), WALL + 99 * SECOND)
    assert (frame["now"], frame["speed"], frame["paused"], frame["lag"]) == (5, 0.0, True, 0.0)


def test_at_speed_max_the_log_is_the_clock() -> None:
    frame = clock_frame(cluster(clock_speed="max", clock_base=5, vtime=70, due=1), WALL + 99 * SECOND)
    assert (frame["now"], frame["speed"], frame["lag"]) == (70, "max", 0.0)


@pytest.mark.parametrize(
    ("fields", "busy", "lag"),
    [
        ({"due": None}, False, 0.0),
        ({"due": WALL + 9 * SECOND}, False, 0.0),
        ({"due": WALL + 10 * SECOND - SECOND // 2}, False, 0.0),
        ({"due": WALL + 4 * SECOND}, False, 6.0),
        ({"due": WALL + 4 * SECOND, "clock_speed": "10"}, False, 60.0),
        ({"due": 0, "vtime": 3 * SECOND}, False, 0.0),
        ({"due": 0, "vtime": 3 * SECOND}, True, 7.0),
    ],
)
def test_lag_is_in_virtual_seconds(fields: dict[str, Any], busy: bool, lag: float) -> None:
    assert clock_frame(cluster(**fields), WALL + 10 * SECOND, busy=busy)["lag"] == lag
