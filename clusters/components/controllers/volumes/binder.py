"""One sync of a claim or a volume: find each other, bind from both sides, let go.

Models: kube-controller-manager, volume/persistentvolume/pv_controller.go.
"""

from __future__ import annotations

from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.shared.objects import draft
from clusters.components.controllers.shared.telling import Once
from clusters.components.controllers.volumes import match
from clusters.kernel.clock import rfc3339
from clusters.machinery import meta
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


class PersistentVolumeBinder(Controller):
    """Keys are `claim|namespace/name` and `volume|name`."""

    name: ClassVar[str] = "persistentvolume-binder-controller"
    user: ClassVar[UserInfo] = controller_user("persistent-volume-binder")

    def setup(self) -> None:
        informers = self.env.informers
        self.claims, self.volumes, self.classes = informers[CLAIMS], informers[VOLUMES], informers[CLASSES]
        self.events = self.env.events("persistentvolume-controller", "")
        self.states = Once(self.events, informers["events"])
        self.claims.on_change(self._claim_changed)
        self.volumes.on_change(self._volume_changed)
        self.classes.on_change(self._class_changed)

    def _claim_changed(self, old: Obj | None, new: Obj | None) -> None:
        claim = new or old
        assert claim is not None
        if new is not None:
            self.queue.add(f"claim|{key_of(new)}")
        if claim["spec"].get("volumeName"):
            self.queue.add(f"volume|{claim['spec']['volumeName']}")

    def _volume_changed(self, old: Obj | None, new: Obj | None) -> None:
        volume = new or old
        assert volume is not None
        if new is not None:
            self.queue.add(f"volume|{key_of(new)}")
        ref = volume["spec"].get("claimRef")
        if ref is not None:
            self.queue.add(f"claim|{ref.get('namespace', '')}/{ref.get('name', '')}")
        elif new is not None:
            self._wake_unbound()

    def _class_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self._wake_unbound()

    def _wake_unbound(self) -> None:
        for claim in self.claims.list():
            if match.BIND_COMPLETED not in meta.annotations(claim):
                self.queue.add(f"claim|{key_of(claim)}")

    def sync(self, key: str) -> None:
        kind, _, name = key.partition("|")
        if kind == "claim":
            claim = self.claims.by_key(name)
            if claim is not None:
                self._sync_claim(claim)
        else:
            volume = self.volumes.by_key(name)
            if volume is not None:
                self._sync_volume(volume)

    # claims

    def _sync_claim(self, claim: Obj) -> None:
        if match.BIND_COMPLETED in meta.annotations(claim):
            self._check_bound(claim)
            return
        name = claim["spec"].get("volumeName")
        if name:
            volume = self.volumes.by_key(name)
            if volume is None:
                self._set_phase(claim, "Pending")
            elif volume["spec"].get("claimRef") is None:
                why = match.misfit(volume, claim)
                if why:
                    text = f'Cannot bind to requested volume "{name}": {why}'
                    self.states.event(claim, "Warning", "VolumeMismatch", text)
                    self._set_phase(claim, "Pending")
                else:
                    self._bind(claim, volume)
            elif match.refers_to(volume, claim):
                self._bind(claim, volume)
            else:
                text = f'volume "{name}" already bound to a different claim.'
                self.states.event(claim, "Warning", "FailedBinding", text)
                self._set_phase(claim, "Pending")
            return
        volume = self._candidate(claim)
        if volume is not None:
            self._bind(claim, volume)
            return
        self._explain_waiting(claim)
        self._set_phase(claim, "Pending")

    def _candidate(self, claim: Obj) -> Obj | None:
        """The volume to bind to; where a consumer is waited for, only one that is reserved already."""
        volumes = self.volumes.list()
        if self._waits_for_consumer(claim):
            return next((v for v in volumes if match.refers_to(v, claim) and not meta.deleting(v)), None)
        return match.find(claim, volumes)

    def _waits_for_consumer(self, claim: Obj) -> bool:
        if match.SELECTED_NODE in meta.annotations(claim):
            return False
        found = self.classes.by_key(match.class_of(claim)) if match.class_of(claim) else None
        return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"

    def _explain_waiting(self, claim: Obj) -> None:
        name = match.class_of(claim)
        found = self.classes.by_key(name) if name else None
        if self._waits_for_consumer(claim):
            text = "waiting for first consumer to be created before binding"
            self.states.event(claim, "Normal", "WaitForFirstConsumer", text)
        elif name and found is None:
            text = f'storageclass.storage.k8s.io "{name}" not found'
            self.states.event(claim, "Warning", "ProvisioningFailed", text)
        elif found is not None and found.get("provisioner") != NO_PROVISIONER:
            self._ask_provisioner(claim, found["provisioner"])
        else:
            text = "no persistent volumes available for this claim and no storage class is set"
            if name:
                text = "no volume plugin matched name: kubernetes.io/no-provisioner"
                self.states.event(claim, "Warning", "ProvisioningFailed", text)
            else:
                self.states.event(claim, "Normal", "FailedBinding", text)

    def _ask_provisioner(self, claim: Obj, provisioner: str) -> None:
        have = meta.annotations(claim)
        wanted = {match.PROVISIONER: provisioner, match.OLD_PROVISIONER: provisioner}
        if any(have.get(k) != v for k, v in wanted.items()):
            own = claim["metadata"]
            patch = {"metadata": {"annotations": wanted}}
            self.env.client.patch(CLAIMS, own["namespace"], own["name"], patch, uid=own["uid"])
        text = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the "
            "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
            "correctly registered."
        )
        self.states.event(claim, "Normal", "ExternalProvisioning", text)

    def _check_bound(self, claim: Obj) -> None:
        """A claim that was bound: its volume must still be there and its own."""
        name = claim["spec"].get("volumeName")
        volume = self.volumes.by_key(name) if name else None
        if not name or volume is None:
            text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
            if not name:
                text = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
            self._lose(claim, text)
            return
        ref = volume["spec"].get("claimRef")
        if ref is None or match.refers_to(volume, claim):
            self._bind(claim, volume)
        else:
            self._lose(claim, "Two claims are bound to the same volume, this one is bound incorrectly", "ClaimMisbound")

    def _lose(self, claim: Obj, text: str, reason: str = "ClaimLost") -> None:
        if (claim.get("status") or {}).get("phase") != "Lost":
            self.events.event(claim, "Warning", reason, text)
            self._set_phase(claim, "Lost")

    def _bind(self, claim: Obj, volume: Obj) -> None:
        """Bind from both sides: volume first, then claim."""
        volume = self._bind_volume(claim, volume)
        self._set_volume_phase(volume, "Bound")
        own, have = claim["metadata"], meta.annotations(claim)
        patch: dict[str, Any] = {}
        annotations: dict[str, str] = {}
        if claim["spec"].get("volumeName") != volume["metadata"]["name"]:
            patch["spec"] = {"volumeName": volume["metadata"]["name"]}
            annotations[match.BOUND_BY_CONTROLLER] = "yes"
        if match.BIND_COMPLETED not in have:
            annotations[match.BIND_COMPLETED] = "yes"
        if annotations:
            patch["metadata"] = {"annotations": annotations}
        if patch:
            claim = self.env.client.patch(CLAIMS, own["namespace"], own["name"], patch, uid=own["uid"])
        self._report_bound(claim, volume)

    def _bind_volume(self, claim: Obj, volume: Obj) -> Obj:
        ref = volume["spec"].get("claimRef")
        own = claim["metadata"]
        if ref is not None and ref.get("uid") == own["uid"]:
            return volume
        wanted = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "name": own["name"],
            "namespace": own["namespace"],
            "resourceVersion": own.get("resourceVersion", ""),
            "uid": own["uid"],
        }
        patch: dict[str, Any] = {"spec": {"claimRef": wanted}}
        if ref is None:
            patch["metadata"] = {"annotations": {match.BOUND_BY_CONTROLLER: "yes"}}
        return self.env.client.patch(VOLUMES, "", volume["metadata"]["name"], patch, uid=volume["metadata"]["uid"])

    def _report_bound(self, claim: Obj, volume: Obj) -> None:
        old = claim.get("status") or {}
        new = {
            **old,
            "phase": "Bound",
            "accessModes": volume["spec"].get("accessModes") or [],
        }
        if old.get("phase") != "Bound" or "capacity" not in old:
            new["capacity"] = dict(volume["spec"].get("capacity") or {})
        if new != old:
            self.env.client.update_status(CLAIMS, draft(claim, status=new))

    def _set_phase(self, claim: Obj, phase: str) -> None:
        old = claim.get("status") or {}
        if old.get("phase") == phase:
            return
        new = {k: v for k, v in old.items() if k not in ("accessModes", "capacity")} if phase != "Lost" else dict(old)
        fresh = self.claims.by_key(key_of(claim))
        if fresh is not None:
            self.env.client.update_status(CLAIMS, draft(fresh, status={**new, "phase": phase}))

    # volumes

    def _sync_volume(self, volume: Obj) -> None:
        ref = volume["spec"].get("claimRef")
        if ref is None:
            self._set_volume_phase(volume, "Available")
            return
        if not ref.get("uid"):
            # Reserved by an administrator for a claim that may not be there yet.
            self._set_volume_phase(volume, "Available")
            return
        claim = self.claims.get(ref.get("namespace", ""), ref.get("name", ""))
        if claim is not None and claim["metadata"]["uid"] == ref["uid"]:
            if claim["spec"].get("volumeName") in (None, "", volume["metadata"]["name"]):
                return
        self._release(volume)

    def _release(self, volume: Obj) -> None:
        """The claim is gone: keep the volume, or have it deleted, as it says."""
        if (volume.get("status") or {}).get("phase") not in ("Released", "Failed"):
            volume = self._set_volume_phase(volume, "Released")
        if volume["spec"].get("persistentVolumeReclaimPolicy", "Retain") != "Delete" or meta.deleting(volume):
            return
        if match.PROVISIONED_BY in meta.annotations(volume):
            # The provisioner that made it deletes it.
            return
        text = 'error getting deleter volume plugin for volume "{}": no deletable volume plugin matched'
        self.events.event(volume, "Warning", "VolumeFailedDelete", text.format(volume["metadata"]["name"]))
        self._set_volume_phase(volume, "Failed")

    def _set_volume_phase(self, volume: Obj, phase: str) -> Obj:
        old = volume.get("status") or {}
        if old.get("phase") == phase:
            return volume
        status = {**old, "phase": phase, "lastPhaseTransitionTime": rfc3339(self.env.clock.now())}
        try:
            return self.env.client.update_status(VOLUMES, draft(volume, status=status))
        except NotFound:
            return volume
