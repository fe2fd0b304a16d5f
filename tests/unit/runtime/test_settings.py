"""What a cluster may be made with."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.runtime.settings import BadInput, ClusterSettings, check_name, check_settings


@pytest.mark.parametrize("name", ["a", "demo", "team-7", "a" * 40])
def test_name_that_can_stand_in_a_url_is_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "Demo", "a_b", "a/b", "a" * 41, 5, None, "a\n"])
def test_name_that_cannot_is_refused(name: object) -> None:
    with pytest.raises(BadInput) as refused:
        check_name(name)
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("workers", -1),
        ("workers", 5001),
        ("workers", "3"),
        ("workers", True),
        ("controlPlanes", 8),
        ("cpu", "banana"),
        ("cpu", "50m"),
        ("memory", "1Mi"),
        ("memory", {}),
        ("pods", 0),
        ("zones", ""),
        ("zones", 5),
        ("zones", ["a b"]),
        ("zones", ["z"] * 51),
        ("speed", "fast"),
        ("speed", "nan"),
        ("speed", "0.01"),
        ("speed", "-1"),
        ("addons", "all"),
    ],
)
def test_bad_value_is_refused_with_the_name_of_its_field(field: str, value: Any) -> None:
    with pytest.raises(BadInput) as refused:
        check_settings(**{{"controlPlanes": "control_planes"}.get(field, field): value})
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")


def test_zones_may_be_given_as_text() -> None:
    assert check_settings(zones="a, b,c").zones == ("a", "b", "c")


def test_stored_settings_are_read_back_and_unknown_names_are_left_out() -> None:
    before = check_settings(workers=5, zones=("x", "y"), speed="max")
    assert ClusterSettings.from_json({**before.as_json(), "of-a-later-version": 1}) == before
