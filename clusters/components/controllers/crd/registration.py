"""Each version that definitions serve has its APIService, for as long as one serves it.

Models: kube-apiserver, controlplane/controller/crdregistration; kube-aggregator, autoregister.
"""

from __future__ import annotations

from typing import ClassVar

from clusters.client.component import Controller
from clusters.components.controllers.shared.objects import draft
from clusters.machinery.errors import AlreadyExists, NotFound
from clusters.machinery.types import Obj, UserInfo
from clusters.resources.apiregistration.bootstrap import CUSTOM_GROUP, CUSTOM_VERSION, MANAGED, api_service

API_SERVICES = "apiservices.apiregistration.k8s.io"
CRDS = "customresourcedefinitions.apiextensions.k8s.io"
_TRUE = "true"


class CrdRegistrationController(Controller):
    """Keys are names of APIServices."""

    name: ClassVar[str] = "crd-autoregister"
    process: ClassVar[str] = "kube-apiserver"
    user: ClassVar[UserInfo] = UserInfo("system:apiserver", ("system:masters", "system:authenticated"))

    def setup(self) -> None:
        self.registered, self.definitions = self.env.informers[API_SERVICES], self.env.informers[CRDS]
        self.definitions.on_change(self._definition_changed)
        self.registered.on_change(self._registered_changed)

    def _definition_changed(self, old: Obj | None, new: Obj | None) -> None:
        if old is not None and new is not None and old["spec"] == new["spec"]:
            return
        for definition in (old, new):
            for version in (definition or {"spec": {"versions": ()}})["spec"]["versions"]:
                assert definition is not None
                self.queue.add(f"{version['name']}.{definition['spec']['group']}")

    def _registered_changed(self, old: Obj | None, new: Obj | None) -> None:
        shown = new or old
        assert shown is not None
        if _is_managed(shown):
            self.queue.add(shown["metadata"]["name"])

    def sync(self, key: str) -> None:
        version, _, group = key.partition(".")
        stored = self.registered.by_key(key)
        if stored is not None and not _is_managed(stored):
            return
        if not self._is_served(group, version):
            if stored is not None:
                self._remove(stored)
            return
        wanted = api_service(
            group, version, group_priority=CUSTOM_GROUP, version_priority=CUSTOM_VERSION, managed=_TRUE
        )
        if stored is None:
            try:
                self.env.client.create(API_SERVICES, "", wanted)
            except AlreadyExists:
                return
        elif stored["spec"] != wanted["spec"]:
            self.env.client.update(API_SERVICES, draft(stored, spec=wanted["spec"]))

    def _is_served(self, group: str, version: str) -> bool:
        return any(
            definition["spec"]["group"] == group
            and any(v["name"] == version and v.get("served") for v in definition["spec"]["versions"])
            for definition in self.definitions.list()
        )

    def _remove(self, stored: Obj) -> None:
        try:
            self.env.client.delete(API_SERVICES, "", stored["metadata"]["name"], uid=stored["metadata"]["uid"])
        except NotFound:
            return


def _is_managed(registered: Obj) -> bool:
    return bool((registered["metadata"].get("labels") or {}).get(MANAGED) == _TRUE)
