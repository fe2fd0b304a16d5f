"""Claims in use by pods, and volumes in use by claims, are not deleted before their users are gone.

The finalizers come with admission; here they go when nothing uses the object any more.
Models: kube-controller-manager, volume/pvcprotection and volume/pvprotection.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.volumes.binder import CLAIMS, VOLUMES
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"


def claims_of(pod: Obj) -> Iterable[str]:
    """Keys of the claims that a pod mounts."""
    own = pod["metadata"]
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield f"{own['namespace']}/{volume['persistentVolumeClaim'].get('claimName', '')}"
        elif "ephemeral" in volume:
            yield f"{own['namespace']}/{own['name']}-{volume['name']}"


class _Protection(Controller):
    """Takes one finalizer from deleted objects of one resource, and gives it to those that lack it."""

    resource: ClassVar[str]
    finalizer: ClassVar[str]

    def setup(self) -> None:
        self.objects = self.env.informers[self.resource]
        self.objects.on_change(self._changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.queue.add(key_of(new))

    def in_use(self, obj: Obj) -> bool:
        raise NotImplementedError

    def sync(self, key: str) -> None:
        obj = self.objects.by_key(key)
        if obj is None:
            return
        own = obj["metadata"]
        finalizers = own.get("finalizers") or []
        if "deletionTimestamp" in own:
            if self.finalizer in finalizers and not self.in_use(obj):
                self._write(obj, [f for f in finalizers if f != self.finalizer])
        elif self.finalizer not in finalizers:
            self._write(obj, [*finalizers, self.finalizer])

    def _write(self, obj: Obj, finalizers: list[str]) -> None:
        own = obj["metadata"]
        patch = {"metadata": {"finalizers": finalizers or None}}
        try:
            self.env.client.patch(self.resource, own.get("namespace", ""), own["name"], patch, uid=own["uid"])
        except NotFound:
            return


class ClaimProtectionController(_Protection):
    name: ClassVar[str] = "persistentvolumeclaim-protection-controller"
    user: ClassVar[UserInfo] = controller_user("pvc-protection-controller")
    resource: ClassVar[str] = CLAIMS
    finalizer: ClassVar[str] = CLAIM_FINALIZER

    def setup(self) -> None:
        self.pods = self.env.informers["pods"]
        self.pods.add_index("claim", claims_of)
        super().setup()
        self.pods.on_change(self._pod_changed)

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        pod = new or old
        assert pod is not None
        if new is None or pod_of.is_terminal(new):
            for key in claims_of(pod):
                self.queue.add(key)

    def in_use(self, obj: Obj) -> bool:
        users = self.pods.by_index("claim", key_of(obj))
        return any(pod_of.node_name(p) and not pod_of.is_terminal(p) for p in users)


class VolumeProtectionController(_Protection):
    name: ClassVar[str] = "persistentvolume-protection-controller"
    user: ClassVar[UserInfo] = controller_user("pv-protection-controller")
    resource: ClassVar[str] = VOLUMES
    finalizer: ClassVar[str] = VOLUME_FINALIZER

    def in_use(self, obj: Obj) -> bool:
        return bool((obj.get("status") or {}).get("phase") == "Bound")
