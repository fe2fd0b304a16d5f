"""Go's durations."""

from __future__ import annotations

import pytest

from clusters.machinery.duration import SECOND, nanoseconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("32s", 32 * SECOND),
        ("1h30m", 5400 * SECOND),
        ("-1.5s", -1_500_000_000),
        (".5ms", 500_000),
        ("3µs2ns", 3_002),
    ],
)
def test_durations_are_read_as_go_reads_them(text, expected):
    assert nanoseconds(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", 'time: invalid duration ""'),
        ("s", 'time: invalid duration "s"'),
        ("5", 'time: missing unit in duration "5"'),
        ("5d", 'time: unknown unit "d" in duration "5d"'),
        ("9999999999h", 'time: invalid duration "9999999999h"'),
        ("9" * 400 + "s", "time: invalid duration"),
    ],
)
def test_what_is_no_duration_is_named(text, problem):
    with pytest.raises(ValueError, match=problem):
        nanoseconds(text)
