"""Event of core/v1: what happened to an object, as components tell it.

`events.k8s.io` shows the same stored objects in other words (see `resources.events.event`).
Models: kubernetes, registry/core/event and core validation (events.go).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.names import dns1123_subdomain, path_segment_name, qualified_name
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.ages import UNKNOWN, since
from clusters.resources.common.columns import NAME_TEXT

REASON_LIMIT = 128
NOTE_LIMIT = 1024


def fill_zero_fields(obj: Obj) -> None:
    """Fields that are always shown, empty or not."""
    obj.setdefault("involvedObject", {})
    obj.setdefault("source", {})
    for name in ("firstTimestamp", "lastTimestamp", "eventTime"):
        obj.setdefault(name, None)
    obj.setdefault("reportingComponent", "")
    obj.setdefault("reportingInstance", "")


def event_errors(obj: Obj, *, controller_field: str) -> ErrorList:
    """The rules of both groups: loose for Events of the old style (without eventTime)."""
    namespace = obj["metadata"].get("namespace", "")
    about = obj.get("involvedObject") or {}
    errors: ErrorList = []
    mismatch = invalid(
        Path("involvedObject").child("namespace"), about.get("namespace", ""), "does not match event.namespace"
    )
    if not obj.get("eventTime"):
        if not about.get("namespace"):
            if namespace not in ("", "default"):
                errors.append(mismatch)
        elif namespace != about["namespace"]:
            errors.append(mismatch)
    else:
        if not about.get("namespace") and namespace not in ("default", "kube-system"):
            errors.append(mismatch)
        errors += _new_style_errors(obj, controller_field)
    errors += [invalid(Path("namespace"), namespace, text) for text in dns1123_subdomain(namespace)]
    return errors


def _new_style_errors(obj: Obj, controller_field: str) -> ErrorList:
    errors: ErrorList = []
    controller = obj.get("reportingComponent", "")
    if not controller:
        errors.append(required(Path(controller_field)))
    errors += [invalid(Path(controller_field), controller, text) for text in qualified_name(controller)]
    for name, limit in (("reportingInstance", REASON_LIMIT), ("action", REASON_LIMIT), ("reason", REASON_LIMIT)):
        value = obj.get(name, "")
        if not value:
            errors.append(required(Path(name)))
        if len(value.encode()) > limit:
            errors.append(invalid(Path(name), "", f"can have at most {limit} characters"))
    if len(obj.get("message", "").encode()) > NOTE_LIMIT:
        errors.append(invalid(Path("message"), "", f"can have at most {NOTE_LIMIT} characters"))
    return errors


class EventStrategy(Strategy):
    allow_create_on_update = True

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        # Events of old are called anything that fits into a path.
        return path_segment_name(name, prefix=prefix)

    def default(self, obj: Obj) -> None:
        fill_zero_fields(obj)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return event_errors(obj, controller_field="reportingComponent")

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return event_errors(new, controller_field="reportingComponent")


def _about(name: str) -> Callable[[Obj], str]:
    return lambda obj: str((obj.get("involvedObject") or {}).get(name, ""))


def source_component(obj: Obj) -> str:
    return str((obj.get("source") or {}).get("component") or obj.get("reportingComponent", ""))


ABOUT_FIELDS = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")

FIELDS: Mapping[str, Callable[[Obj], str]] = {
    **{f"involvedObject.{name}": _about(name) for name in ABOUT_FIELDS},
    "reason": lambda obj: str(obj.get("reason", "")),
    "reportingComponent": lambda obj: str(obj.get("reportingComponent", "")),
    "source": source_component,
    "type": lambda obj: str(obj.get("type", "")),
}


def _first_seen(obj: Obj, now: int) -> str:
    return since(obj.get("firstTimestamp") or obj.get("eventTime"), now)


def _last_seen(obj: Obj, now: int) -> str:
    series = obj.get("series")
    if series:
        return since(series.get("lastObservedTime"), now)
    if obj.get("lastTimestamp"):
        return since(obj["lastTimestamp"], now)
    return _first_seen(obj, now) or UNKNOWN


def _count(obj: Obj, now: int) -> int:
    series = obj.get("series")
    if series:
        return int(series.get("count", 0))
    return int(obj.get("count") or 1)


def _object(obj: Obj, now: int) -> str:
    about = obj.get("involvedObject") or {}
    kind = str(about.get("kind", "")).lower()
    return f"{kind}/{about['name']}" if about.get("name") else kind


def _source(obj: Obj, now: int) -> str:
    source = obj.get("source") or {}
    host = source.get("host") or obj.get("reportingInstance", "")
    component = source_component(obj)
    return f"{component}, {host}" if host else component


COLUMNS = (
    Column(
        name="Last Seen",
        description="The time at which the most recent occurrence of this event was recorded.",
        value=_last_seen,
    ),
    Column(
        name="Type",
        description="Type of this event (Normal, Warning), new types could be added in the future",
        value=lambda obj, now: obj.get("type", ""),
    ),
    Column(
        name="Reason",
        description="This should be a short, machine understandable string that gives the reason for the transition"
        " into the object's current status.",
        value=lambda obj, now: obj.get("reason", ""),
    ),
    Column(name="Object", description="The object that this event is about.", value=_object),
    Column(
        name="Subobject",
        priority=1,
        description="If referring to a piece of an object instead of an entire object, this string should contain a"
        " valid JSON/Go field access statement, such as desiredState.manifest.containers[2].",
        value=lambda obj, now: (obj.get("involvedObject") or {}).get("fieldPath", ""),
    ),
    Column(
        name="Source",
        priority=1,
        description="The component reporting this event. Should be a short machine understandable string.",
        value=_source,
    ),
    Column(
        name="Message",
        description="A human-readable description of the status of this operation.",
        value=lambda obj, now: obj.get("message", "").strip(),
    ),
    Column(
        name="First Seen",
        priority=1,
        description="The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)",
        value=_first_seen,
    ),
    Column(name="Count", priority=1, description="The number of times this event has occurred.", value=_count),
    Column(
        name="Name",
        format="name",
        priority=1,
        description=NAME_TEXT,
        value=lambda obj, now: obj["metadata"].get("name", ""),
    ),
)

RESOURCE = Resource(
    group="",
    name="events",
    kind="Event",
    singular="event",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.Event"),),
    short_names=("ev",),
    strategy=EventStrategy(),
    columns=COLUMNS,
    fields=FIELDS,
    also_spoken=("events.k8s.io/v1",),
)
