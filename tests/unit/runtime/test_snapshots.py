"""Export and import: what comes back is what was, and what is no snapshot is refused with the place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from clusters.models import Cluster
from clusters.runtime import service, snapshots
from clusters.runtime.settings import BadInput
from tests.support.cluster import deployment
from tests.unit.runtime.conftest import NewCluster

pytestmark = pytest.mark.django_db(transaction=True)

Doc = dict[str, Any]


def without_versions(items: list[Doc]) -> list[Doc]:
    out = copy.deepcopy(items)
    for item in out:
        item["metadata"].pop("resourceVersion")
    return out


@pytest.fixture
def lived(new_cluster: NewCluster) -> Cluster:
    """A cluster in which something has happened, and some of it has gone again."""
    from clusters.registry import deletion
    from clusters.registry.registry import WriteOptions
    from clusters.runtime.bootstrap import MASTER
    from clusters.runtime.hub import hub

    cluster = new_cluster(speed="10")
    handle = hub.cluster(cluster.name)
    opts = WriteOptions(user=MASTER, manager="test")
    handle.registry.create(handle.resources["deployments.apps"], "default", deployment("web", 2), opts)
    for name in ("kept", "gone"):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"a": "b"}}
        handle.registry.create(handle.resources["secrets"], "default", secret, opts)
    service.run_until_idle(cluster)
    deletion.delete(handle.registry, handle.resources["secrets"], "default", "gone", deletion.DeleteOptions(), opts)
    return Cluster.objects.get(pk=cluster.pk)


def test_import_of_an_export_holds_the_same_objects(lived: Cluster) -> None:
    doc = service.export_snapshot(lived)
    again = service.export_snapshot(service.import_snapshot(copy.deepcopy(doc), "again"))
    assert without_versions(again["items"]) == without_versions(doc["items"])
    assert again["spec"]["seed"] == doc["spec"]["seed"]
    assert again["spec"]["settings"] == doc["spec"]["settings"]
    assert again["spec"]["clock"]["speed"] == "10"


def test_import_with_history_writes_the_same_log(lived: Cluster) -> None:
    doc = service.export_snapshot(lived, history=True)
    copied = service.import_snapshot(copy.deepcopy(doc), "again")
    again = service.export_snapshot(copied, history=True)
    assert again["revision"] == doc["revision"]
    assert again["history"] == doc["history"]
    assert again["items"] == doc["items"], "resourceVersions included"
    names = ("key", "rev", "create_rev", "prev_rev", "version", "tombstone", "actor", "vtime")
    assert list(copied.revisions.order_by("rev").values_list(*names)) == list(
        lived.revisions.order_by("rev").values_list(*names)
    )


def test_paused_cluster_comes_back_paused(new_cluster: NewCluster) -> None:
    doc = service.export_snapshot(new_cluster(speed="0"))
    assert service.clock(service.import_snapshot(doc, "again"))["paused"]


def test_export_at_a_past_revision_is_the_cluster_as_it_was(lived: Cluster) -> None:
    now = service.export_snapshot(lived)
    gone = next(r for r in lived.revisions.order_by("-rev") if r.tombstone)
    before = service.export_snapshot(lived, revision=gone.rev - 1)
    assert before["revision"] == gone.rev - 1

    def secrets(doc: Doc) -> set[str]:
        return {i["metadata"]["name"] for i in doc["items"] if i["kind"] == "Secret"}

    assert secrets(before) - secrets(now) == {"gone"}


@pytest.mark.parametrize("revision", [-1, 10**9])
def test_export_at_a_revision_that_is_not_there_is_refused(lived: Cluster, revision: int) -> None:
    with pytest.raises(BadInput, match=r"^revision: "):
        service.export_snapshot(lived, revision=revision)


def test_export_of_what_was_compacted_is_refused(lived: Cluster) -> None:
    from clusters.runtime.hub import hub

    hub.cluster(lived.name).store.compact(lived.head - 5)
    with pytest.raises(BadInput, match="compacted"):
        service.export_snapshot(lived, revision=3)
    doc = service.export_snapshot(lived, history=True)
    again = service.export_snapshot(service.import_snapshot(doc, "again"))
    assert without_versions(again["items"]) == without_versions(doc["items"])


def test_list_of_a_real_cluster_gets_machines_and_namespaces() -> None:
    doc = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": "worker", "uid": "u1", "labels": {"topology.kubernetes.io/zone": "z"}},
                "status": {"capacity": {"cpu": "2", "memory": "4Gi", "pods": "110"}},
            },
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "c", "namespace": "team"},
                "data": {"a": "b"},
            },
        ],
    }
    exported = service.export_snapshot(service.import_snapshot(doc, "real"))
    found = {(i["kind"], i["metadata"]["name"]): i for i in exported["items"]}
    assert found["Machine", "worker"]["spec"]["cpu"] == "2"
    assert found["Machine", "worker"]["spec"]["zone"] == "z"
    assert ("Namespace", "team") in found
    assert found["ConfigMap", "c"]["data"] == {"a": "b"}


def item(**changes: Any) -> Doc:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}, **changes}


def pod(**changes: Any) -> Doc:
    return item(kind="Pod", **changes)


def fault(kind: str, spec: object) -> Doc:
    return {"apiVersion": "playground.dev/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (5, "items[0]"),
        (None, "items[0]"),
        ({}, "items[0].apiVersion"),
        ({"apiVersion": "v1"}, "items[0].kind"),
        (item(metadata=[]), "items[0].metadata"),
        (item(metadata={}), "items[0].metadata.name"),
        (item(metadata={"name": 5}), "items[0].metadata.name"),
        (item(metadata={"name": "a/b"}), "items[0].metadata.name"),
        (item(metadata={"name": "a", "namespace": "x/y"}), "items[0].metadata.namespace"),
        (item(metadata={"name": "a", "labels": 5}), "items[0]"),
        (item(metadata={"name": "a", "ownerReferences": "me"}), "items[0]"),
        (item(metadata={"name": "a", "creationTimestamp": "soon"}), "items[0]"),
        (item(kind="Potato"), "items[0].kind"),
        (item(apiVersion="v9"), "items[0].kind"),
        (item(data={"a": 5}), "items[0]"),
        (pod(), "items[0].spec.containers"),
        (pod(spec="x"), "items[0]"),
        (pod(spec={"containers": [{"name": "a", "image": "b"}]}, status=[]), "items[0]"),
        (fault("Machine", "x"), "items[0].spec"),
        (fault("Machine", {"cpu": "banana"}), "items[0].spec.cpu"),
        (fault("Machine", {"labels": [1]}), "items[0].spec.labels"),
        (fault("Fault", {}), "items[0].spec.kind"),
        (fault("Fault", {"kind": "node-power", "target": "x", "until": "soon"}), "items[0].spec.until"),
        (fault("Component", {"state": "sleepy"}), "items[0].spec.state"),
    ],
)
def test_object_that_cannot_be_is_refused_and_no_cluster_is_left(bad: Any, field: str) -> None:
    doc = {"apiVersion": snapshots.API_VERSION, "kind": snapshots.KIND, "spec": {}, "items": [bad]}
    with pytest.raises(BadInput) as refused:
        service.import_snapshot(doc, "bad")
    assert refused.value.field == field
    assert not Cluster.objects.filter(name="bad").exists()


def change(**spec: Any) -> Callable[[Doc], object]:
    return lambda doc: doc["spec"].update(spec)


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lambda doc: doc.pop("kind"), "kind"),
        (lambda doc: doc.update(items={}), "kind"),
        (lambda doc: doc.update(apiVersion="v2"), "apiVersion"),
        (lambda doc: doc.update(spec=None), "spec"),
        (change(seed="x"), "spec.seed"),
        (change(seed=-1), "spec.seed"),
        (change(clock=[]), "spec.clock"),
        (change(clock={"now": "yesterday"}), "spec.clock.now"),
        (change(clock={"now": "0001-01-01T00:00:00Z"}), "spec.clock.now"),
        (change(clock={"speed": "fast"}), "spec.clock.speed"),
        (change(settings=[]), "spec.settings"),
        (change(settings={"workers": "many"}), "spec.settings.workers"),
        (lambda doc: doc["items"].append(doc["items"][0]), "items[{n}].metadata.name"),
        (lambda doc: doc.update(history={}), "history"),
        (lambda doc: doc.update(history=[1]), "history[0]"),
        (lambda doc: doc["history"].pop(3), "history[3].revision"),
        (lambda doc: doc["history"][0].update(revision="1"), "history[0].revision"),
        (lambda doc: doc["history"][0].pop("revision"), "history[0].revision"),
        (lambda doc: doc["history"][1].update(key="weird"), "history[1].key"),
        (lambda doc: doc["history"][1].update(key=f"core/configmaps/default/{'x' * 700}"), "history[1].key"),
        (lambda doc: doc["history"][1].update(actor="x" * 254), "history[1].actor"),
        (lambda doc: doc["history"][1].update(object={}), "history[1].object.apiVersion"),
        (lambda doc: doc["history"].pop(), "history"),
        (lambda doc: doc["history"][2].update(time="soon"), "history[2].time"),
        (lambda doc: doc["items"].pop(), "history"),
        (lambda doc: doc["items"][0]["metadata"].update(uid="other"), "history"),
    ],
)
def test_spoiled_snapshot_is_refused_and_no_cluster_is_left(
    new_cluster: NewCluster, spoil: Callable[[Doc], object], field: str
) -> None:
    doc = service.export_snapshot(new_cluster(), history=True)
    wanted = field.format(n=len(doc["items"]))
    spoil(doc)
    with pytest.raises(BadInput) as refused:
        service.import_snapshot(doc, "bad")
    assert refused.value.field == wanted
    assert not Cluster.objects.filter(name="bad").exists()


@pytest.mark.parametrize("doc", [None, 5, "text", [], {}])
def test_what_is_no_document_is_refused(doc: object) -> None:
    with pytest.raises(BadInput):
        snapshots.parse(doc)


def test_taken_name_is_refused(lived: Cluster) -> None:
    with pytest.raises(BadInput, match="already a cluster named"):
        service.import_snapshot(service.export_snapshot(lived), lived.name)
