"""The Celery application. Tasks live in `clusters.runtime.tasks`; the worker runs `-P solo`, one process a core."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")

app = Celery("playground")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["clusters.runtime"])
