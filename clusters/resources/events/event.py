"""Event of events.k8s.io/v1: the core Events in newer words, over the same storage, with stricter rules.

Models: kubernetes, pkg/apis/events/v1/conversion.go and core validation (events.go, ValidateEventCreate).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.names import dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Resource, Version
from clusters.resources.common.internal_types import internal
from clusters.resources.common.meta import immutable_errors
from clusters.resources.core import event as core

_TO_CORE = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_FROM_CORE = {value: key for key, value in _TO_CORE.items()}


def to_core(obj: Obj) -> Obj:
    """events.k8s.io/v1 as core/v1."""
    out = {_TO_CORE.get(key, key): value for key, value in obj.items()}
    out["apiVersion"] = "v1"
    return out


def from_core(obj: Obj) -> Obj:
    """core/v1 as events.k8s.io/v1."""
    out = {_FROM_CORE.get(key, key): value for key, value in obj.items()}
    out["apiVersion"] = "events.k8s.io/v1"
    for name in ("reportingController", "reportingInstance"):
        if not out.get(name):
            out.pop(name, None)
    return out


def _series_errors(obj: Obj) -> ErrorList:
    series = obj.get("series")
    if series is None:
        return []
    errors: ErrorList = []
    if series.get("count", 0) < 2:
        errors.append(invalid(Path("series.count"), "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(required(Path("series.lastObservedTime")))
    return errors


_UNSET = ("firstTimestamp", "lastTimestamp", "count")
_FIXED = (
    "involvedObject",
    "reason",
    "message",
    "source",
    "firstTimestamp",
    "lastTimestamp",
    "count",
    # A second time, as the real server does.
    "reason",
    "type",
    "eventTime",
    "action",
    "related",
    "reportingController",
    "reportingInstance",
)


class EventStrategy(core.EventStrategy):
    """The storage form is core/v1: so are the names of fields here."""

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        return dns1123_subdomain(name, prefix=prefix)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors = core.event_errors(obj, controller_field="reportingController") + _series_errors(obj)
        if not obj.get("eventTime"):
            errors.append(required(Path("eventTime")))
        if obj.get("type") not in ("Normal", "Warning"):
            errors.append(invalid(Path("type"), "", f"has invalid value: {obj.get('type', '')}"))
        errors += [invalid(Path(name), "", "needs to be unset") for name in _UNSET if obj.get(name)]
        source = obj.get("source") or {}
        if source.get("component") or source.get("host"):
            errors.append(invalid(Path("source"), "", "needs to be unset"))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = core.event_errors(new, controller_field="reportingController")
        if new.get("series") != old.get("series"):
            errors += _series_errors(new)
        for name in _FIXED:
            stored = "reportingComponent" if name == "reportingController" else name
            after, before = (_shown(name, each.get(stored)) for each in (new, old))
            errors += immutable_errors(after, before, Path(name))
        return errors


def _shown(name: str, value: Any) -> Any:
    """A field as the server prints it: structs under the names of their internal types."""
    if name == "involvedObject" or (name == "related" and value is not None):
        return internal(value or {}, "ObjectReference")
    if name == "source":
        return {"Component": (value or {}).get("component", ""), "Host": (value or {}).get("host", "")}
    return value


FIELDS: Mapping[str, Callable[[Obj], str]] = {
    **{f"regarding.{name}": core.FIELDS[f"involvedObject.{name}"] for name in core.ABOUT_FIELDS},
    "reason": core.FIELDS["reason"],
    "reportingController": core.FIELDS["reportingComponent"],
    "type": core.FIELDS["type"],
}

RESOURCE = Resource(
    group="events.k8s.io",
    name="events",
    kind="Event",
    singular="event",
    versions=(
        Version(
            name="v1",
            schema="io.k8s.api.events.v1.Event",
            to_storage=to_core,
            from_storage=from_core,
        ),
    ),
    short_names=("ev",),
    strategy=EventStrategy(),
    columns=core.COLUMNS,
    fields=FIELDS,
    shares="events",
    stored_schema="io.k8s.api.core.v1.Event",
    also_spoken=("v1",),
)
