"""The Celery application. Tasks live in `clusters.runtime.tasks`; the worker runs `-P solo`, one process a core."""

from __future__ import annotations

import os
import warnings
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import worker_ready, worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")
# Celery warns of root for pickle's sake; tasks here are JSON, and containers run as root.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("playground")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_default_queue = "slices"
app.autodiscover_tasks(["clusters.runtime"])


@worker_ready.connect  # type: ignore[untyped-decorator]
def _start_agent(sender: Any, **_: Any) -> None:
    """The worker also listens to a queue of its own (for clusters that it has warm), and sweeps."""
    from clusters.runtime import agent, notify

    sender.add_task_queue(notify.queue_of(sender.hostname))
    agent.start(sender.hostname)


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop_agent(**_: Any) -> None:
    from clusters.runtime import agent

    agent.agent().stop()
