"""HTTP routes of the Django half; `/k8s/` and websockets are served before Django (see `asgi`)."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from playground.pages import page

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("playground.accounts.urls")),
    path("", include("clusters.web.urls")),
    re_path(r"^(?:clusters/[a-z0-9-]+/?)?$", page),
]
