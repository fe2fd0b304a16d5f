"""Which logs are compacted, and how far at a time."""

from __future__ import annotations

import pytest

from clusters.models import Cluster
from clusters.runtime import slices
from clusters.runtime.settings import ClusterSettings

pytestmark = pytest.mark.django_db


def cluster(name: str, *, head: int, compacted: int, history: int) -> Cluster:
    settings = ClusterSettings(history=history).as_json()
    return Cluster.objects.create(
        name=name, seed=1, settings=settings, created=0, head=head, compacted=compacted, clock_base=0, clock_wall_base=0
    )


def test_compactable_names_logs_that_are_longer_than_their_settings_keep() -> None:
    long = cluster("long", head=30_000, compacted=1_000, history=10_000)
    cluster("short", head=9_000, compacted=0, history=10_000)
    cluster("kept", head=30_000, compacted=0, history=50_000)
    assert slices.compactable() == [(long.pk, 1_000 + slices.WINDOW)]


def test_compactable_never_goes_beyond_what_is_kept() -> None:
    row = cluster("edge", head=14_500, compacted=0, history=10_000)
    rounds = 0
    while found := slices.compactable():
        Cluster.objects.filter(pk=row.pk).update(compacted=found[0][1])
        rounds += 1
    row.refresh_from_db()
    assert rounds == 2
    assert row.head - row.compacted >= 10_000
