"""What every namespace holds from the start: the default ServiceAccount and the cluster's root certificate.

Models: kube-controller-manager, serviceaccount/serviceaccounts_controller.go and
certificates/rootcacertpublisher/publisher.go.
"""

from __future__ import annotations

from typing import ClassVar

from clusters.client.component import Controller, controller_user
from clusters.components.controllers.shared.objects import draft
from clusters.components.controllers.shared.podcontrol import is_namespace_terminating
from clusters.machinery.errors import AlreadyExists, ApiError, NotFound
from clusters.machinery.types import Obj, UserInfo

DEFAULT = "default"
ROOT_CA = "kube-root-ca.crt"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class _PerNamespace(Controller):
    """Keeps one object of a fixed name in every active namespace. Keys are namespaces."""

    resource: ClassVar[str]
    object_name: ClassVar[str]

    def setup(self) -> None:
        self.namespaces, self.objects = self.env.informers["namespaces"], self.env.informers[self.resource]
        self.namespaces.on_change(self._namespace_changed)
        self.objects.on_change(self._object_changed)

    def _namespace_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.queue.add(new["metadata"]["name"])

    def _object_changed(self, old: Obj | None, new: Obj | None) -> None:
        obj = new or old
        assert obj is not None
        if obj["metadata"]["name"] == self.object_name:
            self.queue.add(obj["metadata"]["namespace"])

    def _active(self, key: str) -> bool:
        namespace = self.namespaces.by_key(key)
        return namespace is not None and "deletionTimestamp" not in namespace["metadata"]

    def _create(self, key: str, obj: Obj) -> None:
        try:
            self.env.client.create(self.resource, key, obj)
        except AlreadyExists:
            return
        except ApiError as error:
            if not is_namespace_terminating(error) and not isinstance(error, NotFound):
                raise


class ServiceAccountController(_PerNamespace):
    name: ClassVar[str] = "serviceaccount-controller"
    user: ClassVar[UserInfo] = controller_user("service-account-controller")
    resource: ClassVar[str] = "serviceaccounts"
    object_name: ClassVar[str] = DEFAULT

    def sync(self, key: str) -> None:
        if self._active(key) and self.objects.get(key, DEFAULT) is None:
            metadata = {"name": DEFAULT, "namespace": key}
            self._create(key, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})


class RootCaPublisher(_PerNamespace):
    name: ClassVar[str] = "root-ca-certificate-publisher-controller"
    user: ClassVar[UserInfo] = controller_user("root-ca-cert-publisher")
    resource: ClassVar[str] = "configmaps"
    object_name: ClassVar[str] = ROOT_CA

    def sync(self, key: str) -> None:
        bundle = self.env.keys.root_ca
        if not bundle or not self._active(key):
            return
        data = {"ca.crt": bundle}
        annotations = {"kubernetes.io/description": DESCRIPTION}
        stored = self.objects.get(key, ROOT_CA)
        if stored is None:
            metadata = {"name": ROOT_CA, "namespace": key, "annotations": annotations}
            self._create(key, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
            return
        have = stored["metadata"].get("annotations") or {}
        if stored.get("data") == data and have.get("kubernetes.io/description") == DESCRIPTION:
            return
        changed = draft(stored, data=data)
        changed.pop("binaryData", None)
        changed["metadata"]["annotations"] = {**have, **annotations}
        self.env.client.update(self.resource, changed)
