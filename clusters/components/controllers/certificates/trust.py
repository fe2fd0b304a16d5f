"""The API server publishes whose client certificates it takes, for extension servers and for people to see.

It says so whatever else stands there: a cluster that came from a snapshot has an authority of its own.
Models: kube-apiserver, controlplane/controller/clusterauthenticationtrust.
"""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar

from clusters.client.component import Controller
from clusters.client.informer import key_of
from clusters.components.controllers.shared.objects import draft
from clusters.machinery.errors import AlreadyExists, NotFound
from clusters.machinery.types import Obj, UserInfo
from clusters.resources.certificates.bootstrap import CLIENT_CA, NAME, NAMESPACE, authentication_config

_KEY = f"{NAMESPACE}/{NAME}"


class ClusterAuthenticationTrust(Controller):
    """One key: the ConfigMap."""

    name: ClassVar[str] = "cluster-authentication-trust"
    process: ClassVar[str] = "kube-apiserver"
    user: ClassVar[UserInfo] = UserInfo(name="system:apiserver", groups=("system:masters", "system:authenticated"))

    def setup(self) -> None:
        self.configs = self.env.informers["configmaps"]
        self.configs.on_change(self._changed)
        self.queue.add(_KEY)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        config = new or old
        assert config is not None
        if config["metadata"]["name"] == NAME and key_of(config) == _KEY:
            self.queue.add(_KEY)

    def sync(self, key: str) -> None:
        authority, stored = self.env.keys.client_ca, self.configs.by_key(key)
        if not authority:
            return
        if stored is None:
            with suppress(AlreadyExists, NotFound):
                self.env.client.create("configmaps", NAMESPACE, authentication_config(authority))
            return
        data = stored.get("data") or {}
        if data.get(CLIENT_CA) != authority:
            self.env.client.update("configmaps", draft(stored, data={**data, CLIENT_CA: authority}))
