"""Django application `web`: templates and admin."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "clusters.web"
    label = "web"
