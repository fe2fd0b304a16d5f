"""Every implementation of the store, as one parametrised fixture."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from django.core.management import call_command
from django.db import connections

from clusters.models import Cluster
from clusters.storage.memory import MemoryStore
from clusters.storage.seal import SecretSeal
from clusters.storage.sql import SqlStore
from clusters.storage.store import Store
from playground import env
from tests.support import postgres

_names = itertools.count()
StoreFactory = Callable[[], Store]


def new_cluster() -> Cluster:
    return Cluster.objects.create(name=f"contract-{next(_names)}", seed=1, created=0, clock_base=0, clock_wall_base=0)


@pytest.fixture(scope="session")
def postgres_database(django_db_blocker: object) -> Iterator[dict[str, object]]:
    """Settings of a migrated PostgreSQL database on a real server."""
    with postgres.server() as socket:
        settings = env.database(f"postgres://postgres@/postgres?host={socket}")
        with django_db_blocker.unblock(), as_default(settings):  # type: ignore[attr-defined]
            call_command("migrate", verbosity=0)
        yield settings


class as_default:
    """Point Django's default connection of this thread somewhere else."""

    def __init__(self, settings: dict[str, object]) -> None:
        self.settings = settings

    def __enter__(self) -> None:
        self.old_settings = connections.settings["default"]
        self.old = connections["default"]
        full = {**self.old_settings, "TEST": {}, **self.settings, "CONN_HEALTH_CHECKS": False}
        connections.settings["default"] = full
        connections["default"] = connections.create_connection("default")

    def __exit__(self, *exc: object) -> None:
        connections["default"].close()
        connections.settings["default"] = self.old_settings
        connections["default"] = self.old


@pytest.fixture(
    params=[
        "memory",
        pytest.param("sqlite", marks=pytest.mark.django_db(transaction=True)),
        pytest.param("postgres", marks=pytest.mark.postgres),
    ],
)
def make_store(request: pytest.FixtureRequest) -> Iterator[StoreFactory]:
    """A function that opens a new, empty store."""
    if request.param == "memory":
        yield MemoryStore
        return
    if request.param == "sqlite":
        yield lambda: SqlStore(new_cluster().pk, SecretSeal("test"))
        return
    settings = request.getfixturevalue("postgres_database")
    blocker = request.getfixturevalue("django_db_blocker")
    with blocker.unblock(), as_default(settings):
        yield lambda: SqlStore(new_cluster().pk, SecretSeal("test"))


@pytest.fixture
def store(make_store: StoreFactory) -> Store:
    return make_store()
