"""`/healthz` (the process answers), `/readyz` (so do database and Redis), `/metrics` (Prometheus text)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import redis
from django.db import DatabaseError, connection
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse

from clusters.kernel.clock import wall_now
from clusters.models import Cluster, Lease
from clusters.realtime.source import live_clusters
from clusters.runtime import notify
from clusters.runtime.hub import hub

Sample = tuple[dict[str, str], float]


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 only if every check passes; each is named with its result."""
    lines, failed = [], False
    for name, check in (("database", _database), ("redis", _redis)):
        wrong = check()
        failed = failed or bool(wrong)
        lines.append(f"[{'-' if wrong else '+'}]{name} {wrong or 'ok'}")
    lines.append("not ready" if failed else "ready")
    return HttpResponse("\n".join(lines) + "\n", status=503 if failed else 200, content_type="text/plain")


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return ""


def _redis() -> str:
    try:
        notify.client().ping()
    except (redis.RedisError, OSError):
        return "does not answer"
    return ""


def metrics(request: HttpRequest) -> HttpResponse:
    """What a person who runs this wants to see; every figure is cheap to get."""
    return HttpResponse("".join(_metrics()), content_type="text/plain; version=0.0.4; charset=utf-8")


def _metrics() -> Iterator[str]:
    now = wall_now()
    rows: dict[str, Any] = Cluster.objects.aggregate(count=Count("pk"), revisions=Sum("head"))
    late = Cluster.objects.filter(due__isnull=False, due__lt=now - 2_000_000).exclude(clock_speed="0").count()
    sockets = live_clusters().counts()
    handles = hub.handles()
    yield from _family("playground_clusters", "gauge", "Clusters.", [({}, rows["count"])])
    yield from _family(
        "playground_revisions_total", "counter", "Revisions written, all clusters.", [({}, rows["revisions"] or 0)]
    )
    yield from _family("playground_clusters_late", "gauge", "Clusters whose loops are over 2 s late.", [({}, late)])
    yield from _family(
        "playground_leases_held",
        "gauge",
        "Clusters that a worker is running now.",
        [({}, Lease.objects.filter(expires__gt=now).count())],
    )
    yield from _family(
        "playground_clusters_loaded", "gauge", "Clusters in this process's memory.", [({}, len(handles))]
    )
    yield from _family(
        "playground_browser_sessions",
        "gauge",
        "Websocket sessions of this process.",
        # Not by cluster: whoever may see the figures need not know what clusters there are.
        [({}, sum(sockets.values()))],
    )
    yield from _family("process_resident_memory_bytes", "gauge", "Resident memory.", [({}, _resident())])


def _family(name: str, kind: str, text: str, samples: list[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        inner = ",".join(f'{k}="{_escape(v)}"' for k, v in labels.items())
        yield f"{name}{{{inner}}} {value:g}\n" if inner else f"{name} {value:.17g}\n"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _resident() -> int:
    try:
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    import resource

    return pages * resource.getpagesize()
