"""Informers over a watch cache."""

from __future__ import annotations

from clusters.registry.cache import Change
from tests.support.cluster import Cluster


def test_object_that_two_have_deleted_is_told_of_once() -> None:
    cluster = Cluster(workers=1)
    informer = cluster.session._informers["configmaps"]
    cluster.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    told: list[tuple[bool, bool]] = []
    informer.on_change(lambda old, new: told.append((old is not None, new is not None)))
    told.clear()
    cluster.delete("configmaps", "default", "a")
    prefix, key = informer.resource.prefix, "configmaps/default/a"
    informer.apply(Change(99, prefix, key, None, None))
    assert told == [(True, False)]
