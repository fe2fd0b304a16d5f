"""The claims of generic ephemeral volumes: made for a Pod from the template in it, and gone with it.

Models: kube-controller-manager, pkg/controller/volume/ephemeral.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.volumes.binder import CLAIMS
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj, UserInfo


def _volumes(pod: Obj) -> Iterator[Obj]:
    return (volume for volume in pod["spec"].get("volumes") or () if "ephemeral" in volume)


class EphemeralVolumeController(Controller):
    name: ClassVar[str] = "ephemeral-volume-controller"
    user: ClassVar[UserInfo] = controller_user("ephemeral-volume-controller")

    def setup(self) -> None:
        self.pods, self.claims = self.env.informers["pods"], self.env.informers[CLAIMS]
        self.events = self.env.events("ephemeral_volume", "")
        self.pods.on_change(self._pod_changed)
        self.claims.on_change(self._claim_changed)

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        if old is None and new is not None and "deletionTimestamp" not in new["metadata"] and any(_volumes(new)):
            self.queue.add(key_of(new))

    def _claim_changed(self, old: Obj | None, new: Obj | None) -> None:
        """A claim that is gone is made anew, if its Pod still stands."""
        if new is None and old is not None:
            for owner in old["metadata"].get("ownerReferences") or ():
                if owner.get("kind") == "Pod" and owner.get("controller"):
                    self.queue.add(f"{old['metadata']['namespace']}/{owner['name']}")

    def sync(self, key: str) -> None:
        pod = self.pods.by_key(key)
        if pod is None or "deletionTimestamp" in pod["metadata"]:
            return
        for volume in _volumes(pod):
            try:
                self._claim(pod, volume)
            except ApiError as error:
                text = f"ephemeral volume {volume['name']}: {error}"
                self.events.event(pod, "Warning", "FailedBinding", text)
                raise

    def _claim(self, pod: Obj, volume: Obj) -> None:
        own = pod["metadata"]
        name = f"{own['name']}-{volume['name']}"
        found = self.claims.get(own["namespace"], name)
        if found is not None:
            owners = found["metadata"].get("ownerReferences") or ()
            if not any(o.get("uid") == own["uid"] and o.get("controller") for o in owners):
                where = f"{own['namespace']}/{name}"
                text = f"PVC {where} was not created for pod {own['namespace']}/{own['name']} (pod is not owner)"
                self.events.event(pod, "Warning", "FailedBinding", f"ephemeral volume {volume['name']}: {text}")
            return
        template = volume["ephemeral"]["volumeClaimTemplate"]
        given = template.get("metadata") or {}
        owner = {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": own["name"],
            "uid": own["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        meta = {"name": name, "namespace": own["namespace"], "ownerReferences": [owner]}
        meta |= {field: dict(given[field]) for field in ("labels", "annotations") if given.get(field)}
        claim: Obj = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": meta,
            "spec": dict(template["spec"]),
        }
        self.env.client.create(CLAIMS, own["namespace"], claim)
