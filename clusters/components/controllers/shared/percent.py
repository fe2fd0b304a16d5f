"""`IntOrString` as a share of a total. Models: apimachinery, intstr.GetScaledValueFromIntOrPercent."""

from __future__ import annotations


def scaled(value: int | str | None, total: int, *, round_up: bool) -> int:
    """3 -> 3, "25%" -> a quarter of `total`; None is 0. Raises ValueError for other text."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        raise ValueError(f"invalid type: string is not a percentage: {value!r}")
    product = int(value[:-1]) * total
    return -(-product // 100) if round_up else product // 100
