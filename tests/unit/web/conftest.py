"""A client of the REST API against a fresh database; Redis is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster
from clusters.runtime import notify, service
from clusters.runtime.hub import hub
from playground.accounts import access
from playground.accounts.models import User


@pytest.fixture(autouse=True)
def _alone(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No broker, no data directory, no memory of other tests."""
    settings.DATA_DIR = settings.STATIC_ROOT = tmp_path
    settings.PLAYGROUND_ANONYMOUS = True
    monkeypatch.setattr(notify.Notifier, "wrote", lambda *args, **kwargs: None)
    monkeypatch.setattr("clusters.runtime.hub.Hub._ensure_tail", lambda self: None)
    access.invalidate()
    yield
    access.invalidate()
    for handle in hub.handles():
        hub.forget(handle.name)


class Api:
    """JSON in and out."""

    def __init__(self, user: User | None = None, token: str = "") -> None:
        self.client = Client(headers={"Authorization": f"Bearer {token}"} if token else {})
        if user is not None:
            self.client.force_login(user)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        options: dict[str, Any] = {"headers": headers}
        if body is not None:
            options |= {"data": body, "content_type": "application/json"}
        answer = getattr(self.client, method.lower())(f"/api/v1/{path}", **options)
        self.last = answer
        return answer.status_code, answer.json() if answer.content and "json" in answer["Content-Type"] else None


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("prof", password="correct horse", is_staff=True)


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann", password="battery staple")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", password="battery staple")


@pytest.fixture
def demo(db: None) -> Cluster:
    """A cluster that a command made: nobody's."""
    return service.create_cluster("demo", workers=1, seed=1, speed="0")


@pytest.fixture
def anybody() -> Api:
    return Api()
