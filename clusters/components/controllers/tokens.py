"""Long-lived tokens in Secrets that ask for one by annotation; gone with their ServiceAccount.

Models: kube-controller-manager, serviceaccount/tokens_controller.go and pkg/serviceaccount/legacy.go.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any, ClassVar

from clusters.client.component import Controller
from clusters.client.informer import key_of
from clusters.components.controllers.shared.objects import draft
from clusters.machinery import meta
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

SECRETS, ACCOUNTS = "secrets", "serviceaccounts"
TYPE = "kubernetes.io/service-account-token"
ACCOUNT_NAME, ACCOUNT_UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"
ISSUER = "kubernetes/serviceaccount"


def claims(account: Obj, secret: Obj) -> dict[str, Any]:
    """What a token in a Secret says: it does not expire, and holds as long as account and Secret do."""
    own = account["metadata"]
    prefix = "kubernetes.io/serviceaccount/"
    return {
        "iss": ISSUER,
        f"{prefix}namespace": own["namespace"],
        f"{prefix}secret.name": secret["metadata"]["name"],
        f"{prefix}service-account.name": own["name"],
        f"{prefix}service-account.uid": own["uid"],
        "sub": f"system:serviceaccount:{own['namespace']}:{own['name']}",
    }


class TokensController(Controller):
    """Keys are Secrets."""

    name: ClassVar[str] = "serviceaccount-token-controller"
    user: ClassVar[UserInfo] = UserInfo(name="system:kube-controller-manager", groups=("system:authenticated",))

    def setup(self) -> None:
        informers = self.env.informers
        self.secrets, self.accounts = informers[SECRETS], informers[ACCOUNTS]
        self.secrets.add_index("service-account", _accounts)
        self.secrets.on_change(self._secret_changed)
        self.accounts.on_change(self._account_changed)

    def _secret_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and new.get("type") == TYPE:
            self.queue.add(key_of(new))

    def _account_changed(self, old: Obj | None, new: Obj | None) -> None:
        account = new or old
        assert account is not None
        if old is not None and new is not None:
            return
        for secret in self.secrets.by_index("service-account", key_of(account)):
            self.queue.add(key_of(secret))

    def sync(self, key: str) -> None:
        secret, keys = self.secrets.by_key(key), self.env.keys
        if secret is None or secret.get("type") != TYPE or keys.sign_token is None or meta.deleting(secret):
            return
        own, annotations = secret["metadata"], meta.annotations(secret)
        account = self.accounts.get(own["namespace"], annotations.get(ACCOUNT_NAME, ""))
        uid = annotations.get(ACCOUNT_UID)
        if account is None or (uid and uid != account["metadata"]["uid"]):
            try:
                self.env.client.delete(SECRETS, own["namespace"], own["name"], uid=own["uid"])
            except NotFound:
                return
            return
        have = secret.get("data") or {}
        wanted = {"ca.crt": _encoded(keys.root_ca), "namespace": _encoded(own["namespace"])}
        if all(have.get(k) == v for k, v in wanted.items()) and have.get("token") and uid:
            return
        token = have.get("token") or _encoded(keys.sign_token(claims(account, secret)))
        changed = draft(secret, data={**have, **wanted, "token": token})
        changed["metadata"]["annotations"] = {**annotations, ACCOUNT_UID: account["metadata"]["uid"]}
        self.env.client.update(SECRETS, changed)


def _accounts(secret: Obj) -> tuple[str, ...]:
    name = meta.annotations(secret).get(ACCOUNT_NAME)
    if secret.get("type") != TYPE or not name:
        return ()
    return (f"{secret['metadata'].get('namespace', '')}/{name}",)


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()
