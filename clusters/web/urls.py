"""The playground's web URLs that know Kubernetes and nobody's name; `playground.urls` includes them at the root."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from clusters.web import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("clusters.web.api.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]
