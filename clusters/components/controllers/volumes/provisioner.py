"""The playground's own storage: makes and deletes volumes of the StorageClasses that name it.

It stands for an external CSI provisioner, and does what such a one does through the API.
Models: kubernetes-csi/external-provisioner.
"""

from __future__ import annotations

from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.volumes import match
from clusters.components.controllers.volumes.binder import CLAIMS, CLASSES, VOLUMES
from clusters.machinery import meta
from clusters.machinery.errors import AlreadyExists, NotFound
from clusters.machinery.types import Obj, UserInfo

PROVISIONER = "playground.dev/disk"
STANDS_FOR = (
    "k8s.io/minikube-hostpath",
    "rancher.io/local-path",
    "ebs.csi.aws.com",
    "pd.csi.storage.gke.io",
    "disk.csi.azure.com",
    "kubernetes.io/aws-ebs",
    "kubernetes.io/gce-pd",
    "kubernetes.io/azure-disk",
)
"""Other people's provisioners: where the playground's own is installed it serves their classes, too, so that what
was written for another cluster runs."""
DRIVER = "disk.playground.dev"
_SOURCE = "playground.dev/disk_csi-provisioner"


class VolumeProvisioner(Controller):
    """Keys are `claim|namespace/name` and `volume|name`."""

    name: ClassVar[str] = "volume-provisioner"
    user: ClassVar[UserInfo] = controller_user("persistent-volume-binder")

    def setup(self) -> None:
        informers = self.env.informers
        self.claims, self.volumes, self.classes = informers[CLAIMS], informers[VOLUMES], informers[CLASSES]
        self.events = self.env.events(_SOURCE, "")
        self.claims.on_change(self._claim_changed)
        self.volumes.on_change(self._volume_changed)

    def _claim_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and (new["spec"].get("volumeName") or _is_asked(new)):
            self.queue.add(f"claim|{key_of(new)}")

    def _volume_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and (new["spec"].get("csi") or {}).get("driver") == DRIVER:
            self.queue.add(f"volume|{key_of(new)}")

    def sync(self, key: str) -> None:
        kind, _, name = key.partition("|")
        if kind == "claim":
            claim = self.claims.by_key(name)
            if claim is not None and not meta.deleting(claim):
                if claim["spec"].get("volumeName"):
                    self._expand(claim)
                else:
                    self._provision(claim)
            return
        volume = self.volumes.by_key(name)
        if volume is not None and (volume.get("status") or {}).get("phase") == "Released":
            if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete" and not meta.deleting(volume):
                self._delete(volume)

    def _provision(self, claim: Obj) -> None:
        found = self.classes.by_key(match.class_of(claim))
        if found is None or not self._serves(found) or not _is_asked(claim):
            return
        waits = found.get("volumeBindingMode") == "WaitForFirstConsumer"
        if waits and match.SELECTED_NODE not in meta.annotations(claim):
            return
        own = claim["metadata"]
        name = f"pvc-{own['uid']}"
        if self.volumes.by_key(name) is not None:
            return
        text = f'External provisioner is provisioning volume for claim "{key_of(claim)}"'
        self.events.event(claim, "Normal", "Provisioning", text)
        try:
            self.env.client.create(VOLUMES, "", _volume(claim, found, name))
        except AlreadyExists:
            return
        self.events.event(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {name}")

    def _expand(self, claim: Obj) -> None:
        """A claim asks for more than it has: its volume grows, then what the claim says it has."""
        status = claim.get("status") or {}
        volume = self.volumes.by_key(claim["spec"]["volumeName"])
        if (
            volume is None
            or status.get("phase") != "Bound"
            or (volume["spec"].get("csi") or {}).get("driver") != DRIVER
        ):
            return
        wanted = claim["spec"]["resources"]["requests"]["storage"]
        if match.asked(claim) > match.size(volume):
            text = "External resizer is resizing volume " + volume["metadata"]["name"]
            self.events.event(claim, "Normal", "Resizing", text)
            patch = {"spec": {"capacity": {"storage": wanted}}}
            volume = self.env.client.patch(VOLUMES, "", volume["metadata"]["name"], patch)
        if status.get("capacity") != volume["spec"]["capacity"]:
            new = {**status, "capacity": dict(volume["spec"]["capacity"])}
            self.env.client.update_status(CLAIMS, {**claim, "metadata": dict(claim["metadata"]), "status": new})
            self.events.event(claim, "Normal", "FileSystemResizeSuccessful", "MountVolume.NodeExpandVolume succeeded")

    def _serves(self, storage_class: Obj) -> bool:
        provisioner = storage_class.get("provisioner")
        if provisioner == PROVISIONER:
            return True
        installed = any(c.get("provisioner") == PROVISIONER for c in self.classes)
        return installed and provisioner in STANDS_FOR

    def _delete(self, volume: Obj) -> None:
        own = volume["metadata"]
        try:
            self.env.client.delete(VOLUMES, "", own["name"], uid=own["uid"])
        except NotFound:
            return


def _is_asked(claim: Obj) -> bool:
    have = meta.annotations(claim)
    return any(key in have for key in (match.PROVISIONER, match.OLD_PROVISIONER, match.SELECTED_NODE))


def _volume(claim: Obj, storage_class: Obj, name: str) -> Obj:
    own, spec = claim["metadata"], claim["spec"]
    new: dict[str, Any] = {
        "accessModes": list(spec.get("accessModes") or ()),
        "capacity": {"storage": spec["resources"]["requests"]["storage"]},
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "name": own["name"],
            "namespace": own["namespace"],
            "resourceVersion": own.get("resourceVersion", ""),
            "uid": own["uid"],
        },
        "csi": {"driver": DRIVER, "volumeHandle": name},
        "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
        "storageClassName": storage_class["metadata"]["name"],
        "volumeMode": spec.get("volumeMode") or "Filesystem",
    }
    if storage_class.get("mountOptions"):
        new["mountOptions"] = list(storage_class["mountOptions"])
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {match.PROVISIONED_BY: storage_class["provisioner"]}},
        "spec": new,
    }
