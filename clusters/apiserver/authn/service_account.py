"""Tokens of service accounts: what they say, and whether it is still true.

A token is bound to its ServiceAccount's uid and perhaps to a Pod, Secret or Node; when that is gone, so is
the token. It expires on the cluster's own clock. Those that Secrets hold have no end, but go with the Secret.
Models: kubernetes, pkg/serviceaccount/{claims,legacy,jwt}.go and apiserver, pkg/authentication/serviceaccount.
"""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from clusters.apiserver.authn import jwt
from clusters.apiserver.context import ClusterContext
from clusters.kernel.clock import SECOND, parse_rfc3339, rfc3339
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.registry import WriteOptions

CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"
POD_NAME = "authentication.kubernetes.io/pod-name"
POD_UID = "authentication.kubernetes.io/pod-uid"
NODE_NAME = "authentication.kubernetes.io/node-name"
NODE_UID = "authentication.kubernetes.io/node-uid"
LEGACY_ISSUER = "kubernetes/serviceaccount"
LEGACY_CLAIM = "kubernetes.io/serviceaccount/"
INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since"
LAST_USED = "kubernetes.io/legacy-token-last-used"
LEEWAY = 60
"""Seconds that clocks may differ."""
WARNED_SECONDS, EXTENDED_SECONDS = 3607, 365 * 24 * 3600
"""What the tokens in Pods' volumes ask for, and what they get: who reads them may not know to read them anew."""
_LEGACY_CLAIMS = ("namespace", "secret.name", "service-account.name", "service-account.uid")
_INVALIDATED = "service account token has been invalidated"
_CACHE = 512
_SERVER = UserInfo("system:apiserver", ("system:masters",))


class BadToken(Exception):
    """It is of this cluster's issuer, and does not hold: why."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose token it is, and for which of the audiences asked for."""

    user: UserInfo
    audiences: tuple[str, ...]


def user_of(namespace: str, name: str, uid: str = "", extra: dict[str, list[str]] | None = None) -> UserInfo:
    """The user that a service account is."""
    return UserInfo(
        f"system:serviceaccount:{namespace}:{name}",
        ("system:serviceaccounts", f"system:serviceaccounts:{namespace}"),
        uid,
        extra or {},
    )


class ServiceAccountTokens:
    """Issues and checks them."""

    def __init__(self, cluster: ClusterContext) -> None:
        self._cluster = cluster
        self._verified: OrderedDict[str, dict[str, Any] | str] = OrderedDict()

    def authenticate(self, token: str, audiences: Sequence[str]) -> Holder | None:
        """The holder, if the token is for one of `audiences`, in time, and what it is bound to lives; None if it
        is none of ours. Raises BadToken."""
        claims = self._claims(token)
        if claims is None:
            return None
        own = claims.get("aud") or self._cluster.settings.audiences
        meant = (own,) if isinstance(own, str) else tuple(map(str, own))
        served = tuple(a for a in meant if a in audiences)
        if not served:
            raise BadToken(f"token audiences {_quoted(meant)} is invalid for the target audiences {_quoted(audiences)}")
        self._cluster.registry.cache.refresh()
        if claims.get("iss") == LEGACY_ISSUER:
            return Holder(self._of_secret(claims, token), served)
        self._check_time(claims)
        private = claims.get("kubernetes.io")
        if not isinstance(private, dict):
            raise BadToken("service account token claims could not be validated due to unexpected private claim")
        return Holder(self._alive(private, str(claims.get("jti", ""))), served)

    def _claims(self, token: str) -> dict[str, Any] | None:
        """What a token says, if it says that it is of this cluster. Raises BadToken if that is not true."""
        cache = self._verified
        found = cache.get(token)
        if found is None:
            said = jwt.claims_of(token)
            if said is None or said.get("iss") not in (LEGACY_ISSUER, self._cluster.settings.issuer):
                return None
            found = cache[token] = self._verify(token)
            while len(cache) > _CACHE:
                cache.popitem(last=False)
        if isinstance(found, str):
            raise BadToken(found)
        return found

    def _verify(self, token: str) -> dict[str, Any] | str:
        """The claims, or what is wrong."""
        keys = self._cluster.keys
        if keys is None or jwt.key_id_of(token) not in ("", keys.key_id):
            return "invalid signature, no keys found"
        return jwt.verified(token, keys) or "go-jose/go-jose: error in cryptographic primitive"

    def _now(self) -> int:
        return self._cluster.clock.now() // SECOND

    def _check_time(self, claims: dict[str, Any]) -> None:
        now = self._now()
        if claims.get("nbf", 0) > now + LEEWAY:
            raise BadToken("service account token is not valid yet")
        if claims.get("exp", 0) < now - LEEWAY:
            raise BadToken("service account token has expired")
        if claims.get("iat", 0) > now + LEEWAY:
            raise BadToken("service account token is issued in the future")

    def _of_secret(self, claims: dict[str, Any], token: str) -> UserInfo:
        """The account of a token that a Secret holds."""
        lookup = self._cluster.registry.lookup
        namespace, secret_name, name, uid = (str(claims.get(f"{LEGACY_CLAIM}{c}", "")) for c in _LEGACY_CLAIMS)
        secret = lookup.get("secrets", namespace, secret_name)
        if secret is None or "deletionTimestamp" in secret["metadata"]:
            raise BadToken("Token has been invalidated")
        if (secret.get("data") or {}).get("token") != b64encode(token.encode()).decode():
            raise BadToken("Token does not match server's copy")
        account = self._account(namespace, name)
        if "deletionTimestamp" in account["metadata"]:
            raise BadToken(f"ServiceAccount {namespace}/{name} has been deleted")
        if account["metadata"]["uid"] != uid:
            raise BadToken(f"ServiceAccount UID ({account['metadata']['uid']}) does not match claim ({uid})")
        if (secret["metadata"].get("labels") or {}).get(INVALID_SINCE):
            raise BadToken(
                f"the token in secret {namespace}/{secret_name} for service account {namespace}/{name} has been "
                "marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or "
                f"remove the '{INVALID_SINCE}' label from the secret to temporarily allow use of this token"
            )
        self._note_use(secret)
        return user_of(namespace, name, uid)

    def _note_use(self, secret: Obj) -> None:
        """The Secret tells on which day its token was last used: what nobody uses can go."""
        today, own = rfc3339(self._cluster.clock.now())[:10], secret["metadata"]
        if (own.get("labels") or {}).get(LAST_USED) == today:
            return

        def mark(current: Obj) -> Obj:
            labels = {**(current["metadata"].get("labels") or {}), LAST_USED: today}
            return {**current, "metadata": {**current["metadata"], "labels": labels}}

        registry, opts = self._cluster.registry, WriteOptions(user=_SERVER, manager="kube-apiserver")
        # The next use tells again.
        with suppress(ApiError):
            registry.update(registry.resources["secrets"], own["namespace"], own["name"], mark, opts)

    def _account(self, namespace: str, name: str) -> Obj:
        found = self._cluster.registry.lookup.get("serviceaccounts", namespace, name)
        if found is None:
            raise BadToken(f'serviceaccounts "{name}" not found')
        return found

    def _gone(self, obj: Obj) -> bool:
        """It was to be deleted by now."""
        deleted = obj["metadata"].get("deletionTimestamp")
        return bool(deleted) and parse_rfc3339(deleted) // SECOND < self._now() - LEEWAY

    def _alive(self, private: dict[str, Any], credential: str) -> UserInfo:
        namespace, said = str(private.get("namespace", "")), private.get("serviceaccount") or {}
        name, uid = str(said.get("name", "")), str(said.get("uid", ""))
        account = self._account(namespace, name)
        if self._gone(account):
            raise BadToken(f"service account {namespace}/{name} has been deleted")
        if account["metadata"]["uid"] != uid:
            raise BadToken(f"service account UID ({account['metadata']['uid']}) does not match claim ({uid})")
        extra: dict[str, list[str]] = {CREDENTIAL_ID: [f"JTI={credential}"]} if credential else {}
        self._bound(private, "secret", namespace)
        pod = self._bound(private, "pod", namespace)
        if pod is not None:
            extra[POD_NAME], extra[POD_UID] = [pod["name"]], [pod["uid"]]
        # The node of a bound Pod is told as it was; a node that is bound itself must be there.
        node = private.get("node") if pod is not None else self._bound(private, "node", "")
        if node:
            extra[NODE_NAME] = [node["name"]]
            if node.get("uid"):
                extra[NODE_UID] = [node["uid"]]
        return user_of(namespace, name, uid, extra)

    def _bound(self, private: dict[str, Any], kind: str, namespace: str) -> dict[str, str] | None:
        """The claim about an object that must be there still; None if there is no such claim. Raises BadToken."""
        said: dict[str, str] | None = private.get(kind)
        if not said:
            return None
        target = self._cluster.registry.lookup.get(f"{kind}s", namespace, str(said.get("name", "")))
        if target is None:
            raise BadToken(_INVALIDATED)
        held = target["metadata"]["uid"]
        if held != said.get("uid"):
            raise BadToken(f"{kind} UID ({held}) does not match service account {kind} ref claim ({said.get('uid')})")
        if self._gone(target):
            raise BadToken(_INVALIDATED)
        return said

    def issue(
        self,
        account: Obj,
        *,
        audiences: Sequence[str],
        seconds: int,
        serial: int,
        kind: str = "",
        target: Obj | None = None,
    ) -> str:
        """A token, bound to `target` (of `kind` pod, secret or node) if there is one."""
        cluster = self._cluster
        if cluster.keys is None:
            raise RuntimeError("this cluster has no service account key")
        now, meta = self._now(), account["metadata"]
        private: dict[str, Any] = {
            "namespace": meta["namespace"],
            "serviceaccount": {"name": meta["name"], "uid": meta["uid"]},
        }
        if target is not None:
            private[kind] = {"name": target["metadata"]["name"], "uid": target["metadata"]["uid"]}
        if kind == "pod" and target is not None:
            if node := target["spec"].get("nodeName"):
                private["node"] = self._node_claim(node)
            if seconds == WARNED_SECONDS and set(audiences) <= set(cluster.settings.audiences):
                private["warnafter"] = now + seconds
                seconds = EXTENDED_SECONDS
        claims = {
            "aud": list(audiences),
            "exp": now + seconds,
            "iat": now,
            "iss": cluster.settings.issuer,
            "jti": cluster.rng.uuid("jti", meta["uid"], now, serial),
            "kubernetes.io": private,
            "nbf": now,
            "sub": f"system:serviceaccount:{meta['namespace']}:{meta['name']}",
        }
        return jwt.encode(claims, cluster.keys)

    def _node_claim(self, name: str) -> dict[str, str]:
        node = self._cluster.registry.lookup.get("nodes", "", name)
        return {"name": name} if node is None else {"name": name, "uid": node["metadata"]["uid"]}


def _quoted(texts: Sequence[str]) -> str:
    """Go's %q of a list."""
    return "[" + " ".join(f'"{text}"' for text in texts) + "]"
