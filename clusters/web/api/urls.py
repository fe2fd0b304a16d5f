"""URLs of the REST API, from the declared routes."""

from __future__ import annotations

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, re_path
from django.views.decorators.csrf import csrf_exempt

from clusters.web.api import audit, clusters, control, explain, members, past, schemas, session  # noqa: F401  (they declare routes)
from clusters.web.api.openapi import document
from clusters.web.api.problems import Problem
from clusters.web.api.route import ROUTES, pattern, view_of


def openapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse(document(), content_type="application/json")


def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "web/docs.html")


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    return Problem(404, f"There is nothing at {request.path}; /api/v1/docs lists what there is.").response()


def patterns() -> list[URLPattern]:
    """All routes, those of one path behind one view."""
    ordered = sorted(ROUTES, key=lambda r: r.path)
    found = [re_path(pattern(path), view_of(list(group))) for path, group in groupby(ordered, key=lambda r: r.path)]
    found += [
        re_path(r"^openapi\.json$", openapi, name="openapi"),
        re_path(r"^docs/?$", docs, name="docs"),
        re_path(r"^", nothing_here),
    ]
    return found


urlpatterns = patterns()
