"""Celery's side of the loops: a few lines around steps that tests call directly."""

from __future__ import annotations

from celery import shared_task

from clusters.runtime import notify
from clusters.runtime.agent import agent


@shared_task(name=notify.TASK, ignore_result=True, acks_late=False)  # type: ignore[untyped-decorator]
def run_slice(cluster_id: int) -> None:
    """Run one slice of a cluster and see to it that the next one comes."""
    notify.clear_wake(cluster_id)
    agent().slice(cluster_id)
