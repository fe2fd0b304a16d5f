"""The loop of definitions: names, establishment, and an end that takes the instances along."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.errors import NotFound
from tests.support.cluster import Cluster

CRDS = "customresourcedefinitions.apiextensions.k8s.io"


def definition(plural: str, kind: str, group: str = "example.com", **names: Any) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind, **names},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def instance(name: str, **meta: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name, **meta}}


def conditions(cluster: Cluster, name: str) -> dict[str, tuple[str, str]]:
    found = cluster.get(CRDS, "", name)["status"]["conditions"]
    return {c["type"]: (c["status"], c["reason"]) for c in found}


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster(workers=0)
    made.create(CRDS, definition("widgets", "Widget", shortNames=["wd"]))
    made.run_until_idle()
    return made


def test_a_definition_is_established(cluster: Cluster) -> None:
    assert conditions(cluster, "widgets.example.com") == {
        "NamesAccepted": ("True", "NoConflicts"),
        "Established": ("True", "InitialNamesAccepted"),
    }
    cluster.create("widgets.example.com", instance("a"))


def test_names_that_are_taken_are_not_accepted_until_they_are_free(cluster: Cluster) -> None:
    cluster.create(CRDS, definition("gadgets", "Gadget", shortNames=["wd"]))
    cluster.run_until_idle()
    assert conditions(cluster, "gadgets.example.com") == {
        "NamesAccepted": ("False", "ShortNamesConflict"),
        "Established": ("False", "NotAccepted"),
    }
    cluster.delete(CRDS, "", "widgets.example.com")
    cluster.run_until_idle()
    assert conditions(cluster, "gadgets.example.com")["Established"] == ("True", "InitialNamesAccepted")


def test_the_end_of_a_definition_takes_its_instances_along(cluster: Cluster) -> None:
    cluster.create("widgets.example.com", instance("a"))
    cluster.create("widgets.example.com", instance("b"))
    cluster.delete(CRDS, "", "widgets.example.com")
    cluster.run_until_idle()
    with pytest.raises(NotFound):
        cluster.get(CRDS, "", "widgets.example.com")
    assert cluster.session.resources.get("widgets.example.com") is None
    assert cluster.session.cache.bucket("example.com/widgets/").items == {}


def test_an_instance_with_a_finalizer_holds_its_definition(cluster: Cluster) -> None:
    cluster.create("widgets.example.com", instance("held", finalizers=["example.com/wait"]))
    cluster.delete(CRDS, "", "widgets.example.com")
    cluster.run_until_idle()
    assert conditions(cluster, "widgets.example.com")["Terminating"] == ("True", "InstanceDeletionInProgress")
    client = cluster.session.client(cluster._opts().user, "test")
    client.patch("widgets.example.com", "default", "held", {"metadata": {"finalizers": None}})
    cluster.run_until_idle()
    with pytest.raises(NotFound):
        cluster.get(CRDS, "", "widgets.example.com")


def test_a_deleted_namespace_takes_custom_resources_along(cluster: Cluster) -> None:
    cluster.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "space"}})
    cluster.create("widgets.example.com", instance("a"), "space")
    cluster.delete("namespaces", "", "space")
    cluster.run_until_idle()
    assert cluster.session.cache.bucket("example.com/widgets/").items == {}


def test_what_a_custom_resource_owns_goes_with_it(cluster: Cluster) -> None:
    owner = cluster.create("widgets.example.com", instance("owner"))
    reference = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "owner", "uid": owner["metadata"]["uid"]}
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "owned", "ownerReferences": [reference]},
    }
    cluster.create("configmaps", config)
    cluster.run_until_idle()
    assert cluster.get("configmaps", "default", "owned")
    cluster.delete("widgets.example.com", "default", "owner")
    cluster.run_until_idle()
    with pytest.raises(NotFound):
        cluster.get("configmaps", "default", "owned")


def test_another_worker_goes_on_where_one_died(cluster: Cluster) -> None:
    cluster.create("widgets.example.com", instance("a"))
    cluster.crash()
    cluster.run_until_idle()
    assert cluster.get("widgets.example.com", "default", "a")["kind"] == "Widget"
