"""Names of time zones. Models: Go's time.LoadLocation; kubernetes, batch validation (validateTimeZone)."""

from __future__ import annotations

import re
from functools import lru_cache
from zoneinfo import ZoneInfo

from clusters.machinery.field import ErrorList, Path, invalid

_PART = re.compile(r"[A-Za-z._0-9+-]{1,14}").fullmatch
_EXPLICIT = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"


@lru_cache(maxsize=256)
def is_zone(name: str) -> bool:
    """Whether there is such a zone; "" is UTC and Local the server's own."""
    if name in ("", "UTC", "Local"):
        return True
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return False
    return True


def time_zone_errors(name: str | None, path: Path) -> ErrorList:
    if name is None:
        return []
    if not name:
        return [invalid(path, name, "timeZone must be nil or non-empty string")]
    unknown = invalid(path, name, f"unknown time zone {name}")
    for part in name.split("/"):
        if part in (".", "..") or part.startswith("-") or not _PART(part):
            return [unknown]
    errors = [invalid(path, name, _EXPLICIT)] if name.lower() == "local" else []
    return errors if is_zone(name) else [*errors, unknown]
