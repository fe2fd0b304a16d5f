"""What a cluster is made with: the knobs of `cluster create`, checked, with their limits.

Stored as JSON in `Cluster.settings`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from clusters.kernel.clock import format_speed, parse_speed
from clusters.machinery import quantity

MAX_WORKERS = 5000
MAX_CONTROL_PLANES = 7
MAX_SEED = 2**62
HISTORY_REVISIONS = 200_000
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
ZONE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


class BadInput(Exception):
    """Something that a person gave is not acceptable: which field, and what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """`cpu`, `memory`: of each worker, as Kubernetes quantities. `history`: revisions that compaction keeps."""

    workers: int = 3
    control_planes: int = 1
    cpu: str = "4"
    memory: str = "16Gi"
    pods: int = 110
    zones: tuple[str, ...] = ("a", "b", "c")
    speed: str = "1"
    addons: str = "default"
    history: int = HISTORY_REVISIONS

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "zones": list(self.zones)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ClusterSettings:
        """Stored settings; names that this version does not know are left out."""
        known = {k: v for k, v in data.items() if k in cls.__dataclass_fields__}
        if "zones" in known:
            known["zones"] = tuple(known["zones"])
        return cls(**known)


def check_name(name: object) -> str:
    """A cluster's name: it stands in URLs and host names. Raises BadInput."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise BadInput("name", "use 1 to 40 lower-case letters, digits and '-', starting and ending with no '-'")
    return name


def _whole(field: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadInput(field, f"must be a whole number from {low} to {high}")
    return value


def _quantity(field: str, value: object, low: str, high: str) -> str:
    text = str(value)
    if not quantity.is_valid(text):
        raise BadInput(field, f"{text!r} is not a quantity such as {low} or {high}")
    if not quantity.parse(low) <= quantity.parse(text) <= quantity.parse(high):
        raise BadInput(field, f"must be from {low} to {high}")
    return text


def check_settings(
    *,
    workers: object = 3,
    control_planes: object = 1,
    cpu: object = "4",
    memory: object = "16Gi",
    pods: object = 110,
    zones: object = ("a", "b", "c"),
    speed: object = "1",
    addons: object = "default",
) -> ClusterSettings:
    """Settings that a person asked for. Raises BadInput naming the field."""
    if isinstance(zones, str):
        zones = [z.strip() for z in zones.split(",") if z.strip()]
    if not isinstance(zones, list | tuple) or not 1 <= len(zones) <= 50:
        raise BadInput("zones", "name 1 to 50 zones, e.g. a,b,c")
    for zone in zones:
        if not isinstance(zone, str) or not ZONE.fullmatch(zone):
            raise BadInput("zones", f"{zone!r} cannot be a label value: letters, digits, '-', '_' and '.', at most 63")
    if addons not in ("default", "none"):
        raise BadInput("addons", "must be 'default' or 'none'")
    try:
        speed_text = format_speed(parse_speed(str(speed)))
    except ValueError as error:
        raise BadInput("speed", str(error)) from None
    return ClusterSettings(
        workers=_whole("workers", workers, 0, MAX_WORKERS),
        control_planes=_whole("controlPlanes", control_planes, 0, MAX_CONTROL_PLANES),
        cpu=_quantity("cpu", cpu, "100m", "1024"),
        memory=_quantity("memory", memory, "64Mi", "64Ti"),
        pods=_whole("pods", pods, 1, 1000),
        zones=tuple(zones),
        speed=speed_text,
        addons=str(addons),
    )
