"""Pods with claims: where they may go, and how their volumes are bound."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.components.scheduler import Scheduler
from clusters.kernel.clock import SECOND
from clusters.machinery.types import Obj
from tests.support.scheduling import SchedulingCluster
from tests.support.scheduling_objects import ZONE, node, pod

CLAIMS = "persistentvolumeclaims"
COMPLETED = {"pv.kubernetes.io/bind-completed": "yes"}


class World:
    def __init__(self, *nodes: Obj) -> None:
        self.cluster = SchedulingCluster()
        for obj in nodes:
            self.cluster.create("nodes", obj)
        self.scheduler = Scheduler(self.cluster.env("system:kube-scheduler"))

    def storage_class(self, name: str, *, provisioner: str = "csi.example.com", wait: bool = True, **more: Any) -> None:
        mode = "WaitForFirstConsumer" if wait else "Immediate"
        obj = {"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": mode, **more}
        self.cluster.create("storageclasses.storage.k8s.io", obj)

    def claim(self, name: str, *, storage: str = "1Gi", volume: str = "", cls: str = "slow", **spec: Any) -> None:
        resources = {"requests": {"storage": storage}}
        spec = {"accessModes": ["ReadWriteOnce"], "resources": resources, "storageClassName": cls, **spec}
        meta: Obj = {"name": name, "namespace": "default"}
        if volume:
            spec["volumeName"] = volume
            meta["annotations"] = dict(COMPLETED)
        self.cluster.create(
            CLAIMS, {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": meta, "spec": spec}
        )

    def volume(self, name: str, *, storage: str = "1Gi", on: str = "", cls: str = "slow", **spec: Any) -> None:
        spec = {"capacity": {"storage": storage}, "accessModes": ["ReadWriteOnce"], "storageClassName": cls, **spec}
        if on:
            expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [on]}
            spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
        obj = {"kind": "PersistentVolume", "apiVersion": "v1", "metadata": {"name": name}, "spec": spec}
        self.cluster.create("persistentvolumes", {**obj, "status": {"phase": "Available"}})

    def pod(self, name: str, *claims: str, **spec: Any) -> None:
        volumes = [{"name": f"v{i}", "persistentVolumeClaim": {"claimName": c}} for i, c in enumerate(claims)]
        self.cluster.create("pods", pod(name, volumes=[*volumes, *spec.pop("volumes", ())], **spec))

    def settle(self) -> None:
        self.cluster.settle(self.scheduler)

    def get(self, resource: str, key: str) -> Obj:
        found = self.cluster.object(resource, key)
        assert found is not None
        return found

    def node_of(self, name: str) -> str:
        return str(self.get("pods", f"default/{name}")["spec"].get("nodeName", ""))

    def message(self, name: str) -> str:
        conditions = self.get("pods", f"default/{name}")["status"]["conditions"]
        return str(next(c["message"] for c in conditions if c["type"] == "PodScheduled"))

    def provision(self, claim: str, volume: str) -> None:
        """What a provisioner and the volume binder do."""
        patch = {"spec": {"volumeName": volume}, "metadata": {"annotations": COMPLETED}, "status": {"phase": "Bound"}}
        self.cluster.client().patch(CLAIMS, "default", claim, patch)


def test_the_smallest_volume_that_is_large_enough_is_reserved_and_the_pod_waits_until_it_is_bound() -> None:
    world = World(node("n1"), node("n2"))
    world.storage_class("slow", provisioner="kubernetes.io/no-provisioner")
    world.volume("large", storage="100Gi", on="n2")
    world.volume("fitting", storage="10Gi", on="n2")
    world.volume("small", storage="1Gi", on="n2")
    world.claim("data", storage="5Gi")
    world.pod("p", "data")
    world.settle()
    volume = world.get("persistentvolumes", "fitting")
    assert volume["spec"]["claimRef"]["name"] == "data"
    assert volume["metadata"]["annotations"] == {"pv.kubernetes.io/bound-by-controller": "yes"}
    assert world.node_of("p") == ""
    assert "default/p" in world.scheduler.snapshot.by_name["n2"].pods
    world.cluster.bind_volumes()
    world.settle()
    assert world.node_of("p") == "n2"
    assert len(world.scheduler.snapshot.by_name["n2"].pods) == 1


def test_a_claim_to_be_provisioned_names_the_node_and_the_pod_follows_its_volume() -> None:
    world = World(node("n1"))
    world.storage_class("slow")
    world.claim("data")
    world.pod("p", "data")
    world.settle()
    assert world.get(CLAIMS, "default/data")["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] == "n1"
    assert world.node_of("p") == ""
    world.volume("made")
    world.provision("data", "made")
    world.settle()
    assert world.node_of("p") == "n1"


def test_a_provisioner_that_gives_up_sends_the_pod_back() -> None:
    world = World(node("n1"))
    world.storage_class("slow")
    world.claim("data")
    world.pod("p", "data")
    world.settle()
    patch = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": None}}}
    world.cluster.client().patch(CLAIMS, "default", "data", patch)
    assert world.message("p") == 'binding volumes: provisioning failed for PVC "data"'
    # It is tried again, and names a node again.
    world.settle()
    assert world.get(CLAIMS, "default/data")["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] == "n1"


def test_waiting_for_a_volume_ends_after_ten_minutes() -> None:
    world = World(node("n1"))
    world.storage_class("slow")
    world.claim("data")
    world.pod("p", "data")
    world.settle()
    world.cluster.settle(world.scheduler, until=world.cluster.clock.now() + 600 * SECOND)
    assert world.message("p") == "binding volumes: context deadline exceeded"


def test_a_pod_that_goes_while_its_volumes_are_made_leaves_its_place() -> None:
    world = World(node("n1"))
    world.storage_class("slow")
    world.claim("data")
    world.pod("p", "data")
    world.settle()
    world.cluster.drop("Pod", "default/p")
    assert not world.scheduler.snapshot.by_name["n1"].pods


def test_provisioning_obeys_the_allowed_topologies_of_the_class() -> None:
    world = World(node("n1", zone="a"), node("n2", zone="b"))
    allowed = [{"matchLabelExpressions": [{"key": ZONE, "values": ["b"]}]}]
    world.storage_class("slow", allowedTopologies=allowed)
    world.claim("data")
    world.pod("p", "data")
    world.settle()
    assert world.get(CLAIMS, "default/data")["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] == "n2"


def test_storage_capacity_that_is_tracked_and_too_small() -> None:
    world = World(node("n1", zone="a"))
    world.storage_class("slow")
    world.cluster.create(
        "csidrivers.storage.k8s.io", {"metadata": {"name": "csi.example.com"}, "spec": {"storageCapacity": True}}
    )
    topology = {"matchLabels": {ZONE: "a"}}
    capacity = {"storageClassName": "slow", "capacity": "500Mi", "nodeTopology": topology}
    world.cluster.create(
        "csistoragecapacities.storage.k8s.io", {"metadata": {"name": "c", "namespace": "default"}, **capacity}
    )
    world.claim("data")
    world.pod("p", "data")
    world.settle()
    assert "1 node(s) did not have enough free storage." in world.message("p")


@pytest.mark.parametrize(
    ("prepare", "text"),
    [
        (lambda w: None, 'persistentvolumeclaim "data" not found'),
        (lambda w: w.claim("data"), "pod has unbound immediate PersistentVolumeClaims"),
        (
            lambda w: w.cluster.create(
                CLAIMS,
                {
                    "metadata": {"name": "data", "namespace": "default"},
                    "spec": {"volumeName": "pv"},
                    "status": {"phase": "Lost"},
                },
            ),
            'persistentvolumeclaim "data" bound to non-existent persistentvolume "pv"',
        ),
    ],
)
def test_claims_that_hold_a_pod_back_everywhere(prepare: Any, text: str) -> None:
    world = World(node("n1"), node("n2"))
    world.storage_class("slow", wait=False)
    prepare(world)
    world.pod("p", "data")
    world.settle()
    assert world.message("p") == f"0/2 nodes are available: {text}. not found"


def test_an_ephemeral_volume_waits_for_its_claim() -> None:
    world = World(node("n1"))
    world.pod("p", volumes=[{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}}])
    world.settle()
    assert 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-scratch"' in world.message(
        "p"
    )


def test_a_claim_bound_to_a_volume_that_is_gone() -> None:
    world = World(node("n1"))
    world.claim("data", volume="gone")
    world.pod("p", "data")
    world.settle()
    assert world.message("p").startswith('0/1 nodes are available: persistentvolume "gone" not found.')


def test_a_read_write_once_pod_claim_is_used_by_one_pod_at_a_time() -> None:
    world = World(node("n1"), node("n2"))
    world.volume("pv")
    world.claim("data", volume="pv", accessModes=["ReadWriteOncePod"])
    world.pod("first", "data")
    world.pod("second", "data")
    world.settle()
    assert world.node_of("first")
    assert world.node_of("second") == ""
    assert "ReadWriteOncePod access mode already in-use by another pod" in world.message("second")
    world.cluster.drop("Pod", "default/first")
    world.settle()
    assert world.node_of("second")


def test_an_important_pod_displaces_the_user_of_its_read_write_once_pod_claim() -> None:
    world = World(node("n1"), node("n2"))
    world.volume("pv")
    world.claim("data", volume="pv", accessModes=["ReadWriteOncePod"])
    world.pod("low", "data", terminationGracePeriodSeconds=0)
    world.settle()
    world.pod("high", "data", priority=10)
    world.settle()
    assert world.cluster.object("pods", "default/low") is None
    assert world.node_of("high")


@pytest.mark.parametrize(
    ("disk", "shared"),
    [
        ({"gcePersistentDisk": {"pdName": "d"}}, False),
        ({"gcePersistentDisk": {"pdName": "d", "readOnly": True}}, True),
        ({"awsElasticBlockStore": {"volumeID": "d", "readOnly": True}}, False),
        ({"iscsi": {"iqn": "d"}}, False),
        ({"rbd": {"monitors": ["m1", "m2"], "pool": "p", "image": "i"}}, False),
        ({"rbd": {"monitors": ["m1"], "pool": "p", "image": "i", "readOnly": True}}, True),
    ],
)
def test_disks_that_one_node_can_use_once(disk: Obj, shared: bool) -> None:
    world = World(node("n1"))
    for name in ("first", "second"):
        world.pod(name, volumes=[{"name": "disk", **disk}])
    world.settle()
    assert bool(world.node_of("second")) is shared
    if not shared:
        assert "1 node(s) had no available disk." in world.message("second")


def test_a_csi_driver_counts_volumes_that_are_attached_but_unused() -> None:
    world = World(node("n1"))
    drivers = [{"name": "csi.example.com", "nodeID": "n1", "allocatable": {"count": 1}}]
    world.cluster.create("csinodes.storage.k8s.io", {"metadata": {"name": "n1"}, "spec": {"drivers": drivers}})
    for name in ("old", "new"):
        world.volume(name, csi={"driver": "csi.example.com", "volumeHandle": name})
    attachment = {"attacher": "csi.example.com", "nodeName": "n1", "source": {"persistentVolumeName": "old"}}
    world.cluster.create("volumeattachments.storage.k8s.io", {"metadata": {"name": "a"}, "spec": attachment})
    world.claim("data", volume="new")
    world.pod("p", "data")
    world.settle()
    assert "1 node(s) exceed max volume count." in world.message("p")
    world.cluster.informer("volumeattachments.storage.k8s.io").drop("a")
    world.settle()
    assert world.node_of("p") == "n1"
