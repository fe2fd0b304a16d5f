"""The past of a cluster: how much happened when, and what it looked like at a revision.

Both read the log and write nothing. Looking back is bounded: the timeline looks at the last so many revisions, and
a process builds only two past states at a time and keeps the last few.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from django.db.models import Count, F, Max
from django.http import HttpResponse

from clusters.models import Cluster, Revision
from clusters.realtime.past import tables_at
from clusters.runtime.hub import hub
from clusters.storage.store import Compacted, FutureRevision
from clusters.web.api import shapes
from clusters.web.api.fields import Integer, Param
from clusters.web.api.problems import Problem
from clusters.web.api.route import Call, route

LOOKS_BACK = 20_000
"""Revisions that a timeline is made of at the most."""
WINDOW = 15 * 60 * 1_000_000
MARKS = 200
WARNINGS = 500
"""Events that are looked into for warnings."""
EVENTS, FAULTS = "core/events/", "playground.dev/faults/"
_AFTER = "\U0010ffff"
_KEPT = 8
_WAIT_SECONDS = 2.0

_INT = {"type": "integer"}
_MARK = shapes.obj(rev=_INT, time=_INT, kind={"enum": ["fault", "heal", "action", "warning"]}, text={"type": "string"})


@route(
    "GET",
    "clusters/{name}/timeline",
    "How much happened when",
    need="read",
    query=(
        Param("since", Integer(), "Virtual microseconds; default: the last quarter of an hour."),
        Param("buckets", Integer(low=10, high=500), default=200),
    ),
    returns=shapes.obj(
        since=_INT,
        until=_INT,
        width=_INT,
        base={"type": "integer", "description": "The last revision before `since`; 0: none is kept."},
        head=_INT,
        buckets=shapes.array({"type": "array", "description": "[index, last revision, changes]"}),
        marks=shapes.array(_MARK),
    ),
)
def get_timeline(call: Call) -> Any:
    cluster, query = call.cluster, call.query
    until = max(hub.cluster(cluster.name).clock.now(), cluster.vtime)
    since = max(until - WINDOW if query["since"] is None else query["since"], 0)
    width = max((until - since) // query["buckets"] + 1, 1)
    oldest = max(cluster.compacted, cluster.head - LOOKS_BACK)
    known = cluster.revisions.filter(rev__gt=oldest)
    rows = known.filter(vtime__gte=since)
    found = (
        rows.annotate(bucket=(F("vtime") - since) / width)
        .values("bucket")
        .annotate(last=Max("rev"), changes=Count("rev"))
        .order_by("bucket")
    )
    base = known.filter(vtime__lt=since).order_by("-rev").values_list("rev", flat=True).first()
    return {
        "since": since,
        "until": until,
        "width": width,
        "base": base or 0,
        "head": cluster.head,
        "buckets": [[int(b["bucket"]), b["last"], b["changes"]] for b in found],
        "marks": sorted(_marks(rows) + _warnings(rows), key=lambda mark: mark["rev"]),
    }


def _marks(rows: Any) -> list[dict[str, Any]]:
    """Faults, and what people did."""
    quiet = rows.exclude(key__gte=EVENTS, key__lt=EVENTS + _AFTER)
    people = quiet.exclude(actor__startswith="system:") | quiet.filter(key__gte=FAULTS, key__lt=FAULTS + _AFTER)
    columns = ("rev", "vtime", "key", "actor", "tombstone", "version")
    return [_mark(*row) for row in people.order_by("-rev").values_list(*columns)[:MARKS]]


def _mark(rev: int, vtime: int, key: str, actor: str, tombstone: bool, version: int) -> dict[str, Any]:
    parts = key.split("/")
    resource, name = parts[1], parts[-1]
    if key.startswith(FAULTS):
        kind, text = ("heal", f"{name} is over") if tombstone else ("fault", name)
    else:
        did = "deleted" if tombstone else "created" if version == 1 else "changed"
        kind, text = "action", f"{actor} {did} {resource}/{name}"
    return {"rev": rev, "time": vtime, "kind": kind, "text": text}


def _warnings(rows: Any) -> list[dict[str, Any]]:
    events = rows.filter(key__gte=EVENTS, key__lt=EVENTS + _AFTER, tombstone=False)
    latest = events.order_by("-rev").values_list("rev", "vtime", "key", "value")[:WARNINGS]
    return [
        {"rev": rev, "time": vtime, "kind": "warning", "text": key.rpartition("/")[2]}
        for rev, vtime, key, value in latest
        if b'"type":"Warning"' in bytes(value)
    ][:MARKS]


class _Past:
    """The last few past states that somebody looked at, as JSON."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._building = threading.BoundedSemaphore(2)

    def state(self, cluster: Cluster, revision: int) -> bytes:
        """Raises Problem."""
        # The creation time beside the key: a database may give a deleted cluster's key to another.
        key = (cluster.pk, cluster.created, revision)
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            return known
        if not self._building.acquire(timeout=_WAIT_SECONDS):
            raise Problem(503, "Others are looking at the past just now: try again.", retry_after=1)
        try:
            made = _build(cluster, revision)
        finally:
            self._building.release()
        with self._lock:
            self._known[key] = made
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return made


def _build(cluster: Cluster, revision: int) -> bytes:
    handle = hub.cluster(cluster.name)
    try:
        records, at = handle.store.list("", rev=revision)
    except Compacted as error:
        raise Problem(410, str(error)) from None
    except FutureRevision as error:
        raise Problem(404, str(error)) from None
    vtime = Revision.objects.filter(cluster=cluster, rev=at).values_list("vtime", flat=True).first() or 0
    return b'{"rev":%d,"vtime":%d,"tables":%b}' % (at, vtime, tables_at(records))


_past = _Past()


@route(
    "GET",
    "clusters/{name}/state",
    "What the page shows, as it was at a revision",
    need="read",
    query=(Param("revision", Integer(low=1), required=True),),
    returns=shapes.obj(rev=_INT, vtime=_INT, tables={"type": "object"}),
)
def get_state(call: Call) -> HttpResponse:
    answer = HttpResponse(_past.state(call.cluster, call.query["revision"]), content_type="application/json")
    answer["Cache-Control"] = "private, max-age=60"
    return answer
