"""Ages in kubectl's tables."""

from __future__ import annotations

import pytest

from clusters.kernel.clock import SECOND
from clusters.resources.common.ages import age, human_duration

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (3 * MINUTE + 20, "3m20s"),
        (10 * MINUTE + 5, "10m"),
        (179 * MINUTE, "179m"),
        (3 * HOUR, "3h"),
        (5 * HOUR + 7 * MINUTE, "5h7m"),
        (8 * HOUR + 7 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY, "2d"),
        (2 * DAY + 4 * HOUR, "2d4h"),
        (8 * DAY + 4 * HOUR, "8d"),
        (729 * DAY, "729d"),
        (730 * DAY, "2y"),
        (765 * DAY, "2y35d"),
        (8 * 365 * DAY + 30 * DAY, "8y"),
    ],
)
def test_human_duration(seconds: int, wanted: str) -> None:
    assert human_duration(seconds * SECOND) == wanted


def test_an_object_without_a_time_has_an_unknown_age() -> None:
    assert age({"metadata": {}}, 0) == "<unknown>"
