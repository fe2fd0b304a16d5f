"""Garbage collection by owner references."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.cluster import Cluster


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(workers=1, control_planes=0)


def config(name: str, *owners: Obj, block: bool = False, **meta: Any) -> Obj:
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": o["metadata"]["name"], "uid": o["metadata"]["uid"]}
        | ({"blockOwnerDeletion": True} if block else {})
        for o in owners
    ]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": references, **meta}}


def names(cluster: Cluster) -> list[str]:
    return [
        o["metadata"]["name"]
        for o in cluster.list("configmaps", "default")
        if o["metadata"]["name"] != "kube-root-ca.crt"
    ]


def test_dependent_goes_with_its_last_owner(cluster):
    one, two = (cluster.create("configmaps", config(n)) for n in ("one", "two"))
    cluster.create("configmaps", config("dependent", one, two))
    cluster.delete("configmaps", "default", "one")
    cluster.run_for(1)
    left = cluster.get("configmaps", "default", "dependent")["metadata"]["ownerReferences"]
    assert [r["name"] for r in left] == ["two"]
    cluster.delete("configmaps", "default", "two")
    cluster.run_for(1)
    assert names(cluster) == []


def test_chain_goes_to_its_end(cluster):
    owner = cluster.create("configmaps", config("a"))
    for name in "bcd":
        owner = cluster.create("configmaps", config(name, owner))
    cluster.delete("configmaps", "default", "a")
    cluster.run_for(1)
    assert names(cluster) == []


def test_object_whose_owner_never_was_goes(cluster):
    ghost = {"metadata": {"name": "ghost", "uid": "00000000-0000-4000-8000-000000000000"}}
    cluster.create("configmaps", config("haunted", ghost))
    cluster.run_for(1)
    assert names(cluster) == []


def test_owner_of_another_uid_is_another_owner(cluster):
    first = cluster.create("configmaps", config("owner"))
    cluster.create("configmaps", config("dependent", first))
    cluster.delete("configmaps", "default", "owner")
    cluster.create("configmaps", config("owner"))
    cluster.run_for(1)
    assert names(cluster) == ["owner"]


def test_owner_of_a_kind_that_is_not_known_keeps_its_dependents(cluster):
    made = config("kept", {"metadata": {"name": "x", "uid": "00000000-0000-4000-8000-000000000000"}})
    made["metadata"]["ownerReferences"][0] |= {"apiVersion": "example.com/v1", "kind": "Widget"}
    cluster.create("configmaps", made)
    cluster.run_for(1)
    assert names(cluster) == ["kept"]


def test_foreground_waits_for_what_blocks(cluster):
    owner = cluster.create("configmaps", config("owner"))
    cluster.create("configmaps", config("blocking", owner, block=True, finalizers=["example.com/hold"]))
    cluster.create("configmaps", config("loose", owner))
    cluster.delete("configmaps", "default", "owner", propagation="Foreground")
    cluster.run_for(1)
    assert names(cluster) == ["blocking", "loose", "owner"]
    cluster.patch("configmaps", "default", "blocking", {"metadata": {"finalizers": None}})
    cluster.run_for(1)
    assert names(cluster) == []


def test_orphans_stay_without_their_owner(cluster):
    owner = cluster.create("configmaps", config("owner"))
    cluster.create("configmaps", config("dependent", owner))
    cluster.delete("configmaps", "default", "owner", propagation="Orphan")
    cluster.run_for(1)
    assert names(cluster) == ["dependent"]
    assert "ownerReferences" not in cluster.get("configmaps", "default", "dependent")["metadata"]


def test_circle_in_the_foreground_ends(cluster):
    one = cluster.create("configmaps", config("one"))
    two = cluster.create("configmaps", config("two", one, block=True))
    reference = config("x", two, block=True)["metadata"]["ownerReferences"]
    cluster.patch("configmaps", "default", "one", {"metadata": {"ownerReferences": reference}})
    cluster.run_for(1)
    cluster.delete("configmaps", "default", "one", propagation="Foreground")
    cluster.run_for(5)
    assert names(cluster) == []
