"""A cluster's log in the admin: filtered by key, actor and range, page by page, never counted."""

from __future__ import annotations

from typing import Any

import orjson
from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path

from clusters.kernel.clock import rfc3339_micro
from clusters.machinery.types import Obj
from clusters.models import Cluster, Revision
from clusters.storage.seal import SecretSeal
from clusters.storage.sql import SqlStore
from clusters.storage.store import StoreError
from clusters.web.api.fields import Integer, Param, Text, parse
from clusters.web.api.problems import Problem

PAGE = 100
_FILTERS = (
    Param("key", Text(max=700)),
    Param("actor", Text(max=253)),
    Param("first", Integer()),
    Param("last", Integer()),
    Param("before", Integer()),
)


def urls(site: AdminSite) -> list[URLPattern]:
    def log(request: HttpRequest, pk: int) -> HttpResponse:
        return _log(site, request, pk)

    def revision(request: HttpRequest, pk: int, rev: int) -> HttpResponse:
        return _revision(site, request, pk, rev)

    return [
        path("<int:pk>/log/", site.admin_view(log), name="cluster-log"),
        path("<int:pk>/log/<int:rev>/", site.admin_view(revision), name="cluster-revision"),
    ]


def _log(site: AdminSite, request: HttpRequest, pk: int) -> HttpResponse:
    cluster = get_object_or_404(Cluster, pk=pk)
    wrong, query = "", {p.name: None for p in _FILTERS}
    given = {k: v for k, v in request.GET.items() if v != "" and k in query}
    try:
        query = parse(_FILTERS, given)
    except Problem as problem:
        wrong = problem.detail
    rows = list(_select(cluster, query)[: PAGE + 1])
    context = {
        **site.each_context(request),
        "title": f"Log of {cluster.name}",
        "cluster": cluster,
        "wrong": wrong,
        "given": given,
        "rows": [_row(r) for r in rows[:PAGE]],
        "older": rows[PAGE - 1]["rev"] if len(rows) > PAGE else None,
        "query": "&".join(f"{k}={v}" for k, v in given.items() if k != "before"),
    }
    return render(request, "admin/clusters/cluster/log.html", context)


def _select(cluster: Cluster, query: dict[str, Any]) -> Any:
    rows = Revision.objects.filter(cluster=cluster).order_by("-rev")
    if query["key"]:
        rows = rows.filter(key__gte=query["key"], key__lt=query["key"] + "\U0010ffff")
    if query["actor"]:
        rows = rows.filter(actor=query["actor"])
    if query["first"] is not None:
        rows = rows.filter(rev__gte=query["first"])
    if query["last"] is not None:
        rows = rows.filter(rev__lte=query["last"])
    if query["before"] is not None:
        rows = rows.filter(rev__lt=query["before"])
    return rows.values("rev", "key", "tombstone", "version", "actor", "vtime")


def _row(row: dict[str, Any]) -> dict[str, Any]:
    action = "delete" if row["tombstone"] else ("create" if row["version"] == 1 else "update")
    return {**row, "action": action, "time": rfc3339_micro(row["vtime"])}


def _revision(site: AdminSite, request: HttpRequest, pk: int, rev: int) -> HttpResponse:
    cluster = get_object_or_404(Cluster, pk=pk)
    row = Revision.objects.filter(cluster=cluster, rev=rev).values("key", "prev_rev", "actor", "vtime").first()
    if row is None:
        raise Http404(f"revision {rev} is not in the log (any more)")
    context = {
        **site.each_context(request),
        "title": f"Revision {rev} of {cluster.name}",
        "cluster": cluster,
        "rev": rev,
        "row": row,
        "time": rfc3339_micro(row["vtime"]),
        "text": _text(cluster, row["key"], rev),
        "before": _text(cluster, row["key"], row["prev_rev"]) if row["prev_rev"] else "",
    }
    return render(request, "admin/clusters/cluster/revision.html", context)


def _text(cluster: Cluster, key: str, rev: int) -> str:
    store = SqlStore(cluster.pk, SecretSeal(settings.SECRET_KEY))
    try:
        record = store.get(key, rev)
    except StoreError as error:
        return str(error)
    if record is None:
        return "(deleted)"
    return orjson.dumps(_veiled(orjson.loads(record.value)), option=orjson.OPT_INDENT_2).decode()


def _veiled(obj: Obj) -> Obj:
    """Without the contents of Secrets, which are nobody's business here."""
    if obj.get("kind") == "Secret" and obj.get("data"):
        return {**obj, "data": dict.fromkeys(obj["data"], "…")}
    return obj
