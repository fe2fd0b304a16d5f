"""Cyclic garbage is collected at rest, and all of it when a cluster was let go."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from clusters.runtime import garbage
from clusters.runtime.session import Session
from tests.support.cluster import Cluster


class Knot:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[garbage.Collector]:
    monkeypatch.setattr(garbage, "_large", False)
    enabled = gc.isenabled()
    yield garbage.Collector()
    gc.unfreeze()
    if enabled:
        gc.enable()


def test_little_is_not_worth_a_collection(collector: garbage.Collector) -> None:
    knot = weakref.ref(Knot())
    collector.rest()
    assert knot() is not None


def test_much_is_collected_at_rest_only(collector: garbage.Collector) -> None:
    knot = weakref.ref(Knot())
    much = [[] for _ in range(garbage.WORTH + 1)]
    collector.rest(resting=False)
    assert knot() is not None
    collector.rest()
    assert knot() is None
    assert much


def test_what_was_set_aside_is_found_when_something_large_left(collector: garbage.Collector) -> None:
    held = Knot()
    gone = weakref.ref(held)
    gc.freeze()
    del held
    gc.collect()
    assert gone() is not None
    garbage.large_one_left()
    collector.rest()
    assert gone() is None


def test_session_that_is_closed_needs_no_collector(collector: garbage.Collector) -> None:
    store = Cluster(workers=1).session.store
    gc.collect()
    before = len(gc.get_objects())
    session = Session(store, seed=1, now=0)
    session.run(None)
    whole = len(gc.get_objects()) - before
    cache = weakref.ref(session.cache)
    session.close()
    del session
    assert len(gc.get_objects()) - before < whole / 20
    assert cache() is None or not cache().prefixes()  # type: ignore[union-attr]
