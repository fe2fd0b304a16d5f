"""Health and metrics."""

from __future__ import annotations

import re

import pytest
import redis
from django.test import Client

from clusters.models import Cluster
from clusters.runtime import notify


def test_healthz_needs_nothing() -> None:
    assert Client().get("/healthz").content == b"ok\n"


def test_readyz_names_what_is_missing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Redis:
        def __init__(self, up: bool) -> None:
            self.up = up

        def ping(self) -> bool:
            if not self.up:
                raise redis.ConnectionError("gone")
            return True

    monkeypatch.setattr(notify, "client", lambda: Redis(True))
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"[+]database ok\n[+]redis ok\nready\n")
    monkeypatch.setattr(notify, "client", lambda: Redis(False))
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert b"[-]redis does not answer" in answer.content


def test_metrics_are_prometheus_text(demo: Cluster) -> None:
    text = Client().get("/metrics").content.decode()
    line = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"\})? [0-9.e+-]+')
    for row in text.strip().splitlines():
        assert row.startswith("#") or line.fullmatch(row), row
    demo.refresh_from_db()
    assert "playground_clusters 1\n" in text
    assert f"playground_revisions_total {demo.head}\n" in text
