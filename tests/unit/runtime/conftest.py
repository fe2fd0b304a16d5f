"""Clusters in a fresh database, without Redis and without the loops of other processes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clusters.models import Cluster
from clusters.runtime import notify, service
from clusters.runtime.hub import hub

_names = itertools.count(1)

NewCluster = Callable[..., Cluster]


@pytest.fixture(autouse=True)
def _alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is published, and nothing of another test is remembered."""
    if "real_notify" not in request.keywords:
        monkeypatch.setattr(notify.Notifier, "wrote", lambda *args, **kwargs: None)
        monkeypatch.setattr(notify, "safely", lambda call: False)
    monkeypatch.setattr("clusters.runtime.hub.Hub._ensure_tail", lambda self: None)
    yield
    for handle in hub.handles():
        hub.forget(handle.name)


@pytest.fixture
def new_cluster(settings: Any, tmp_path: Path) -> NewCluster:
    """A function that makes a small cluster; needs a database."""
    settings.DATA_DIR = tmp_path

    def make(**options: Any) -> Cluster:
        small: dict[str, Any] = {"workers": 1, "control_planes": 0, "addons": "none", "seed": 7}
        return service.create_cluster(f"unit-{next(_names)}", **{**small, **options})

    return make
