"""Tokens of service accounts: what they say, and whether it is still true.

A token is bound to its ServiceAccount's uid and perhaps to a Pod, Secret or Node; when that is gone, so is
the token. It expires on the cluster's own clock. Models: kubernetes, pkg/serviceaccount/claims.go.
"""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict
from typing import Any

from clusters.apiserver.authn import jwt
from clusters.apiserver.context import ClusterContext
from clusters.kernel.clock import SECOND
from clusters.machinery.types import Obj, UserInfo

CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"
POD_NAME = "authentication.kubernetes.io/pod-name"
POD_UID = "authentication.kubernetes.io/pod-uid"
NODE_NAME = "authentication.kubernetes.io/node-name"
NODE_UID = "authentication.kubernetes.io/node-uid"
LEGACY_ISSUER = "kubernetes/serviceaccount"
LEGACY_CLAIM = "kubernetes.io/serviceaccount/"
_LEGACY_CLAIMS = ("namespace", "secret.name", "service-account.name", "service-account.uid")
_CACHE = 512


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
        self._verified: OrderedDict[str, dict[str, Any] | None] = OrderedDict()

    def authenticate(self, token: str, audiences: tuple[str, ...]) -> UserInfo | None:
        """The account, if the token is ours, for one of `audiences`, in time, and what it is bound to lives."""
        claims = self.claims(token)
        if claims is not None and claims.get("iss") == LEGACY_ISSUER:
            return self._of_secret(claims, token)
        if claims is None or claims.get("iss") != self._cluster.settings.issuer:
            return None
        if not set(audiences).intersection(audiences_of(claims)):
            return None
        now = self._cluster.clock.now() // SECOND
        if claims.get("exp", 0) <= now or claims.get("nbf", 0) > now + 60:
            return None
        private = claims.get("kubernetes.io")
        if not isinstance(private, dict):
            return None
        return self._alive(private, str(claims.get("jti", "")))

    def _of_secret(self, claims: dict[str, Any], token: str) -> UserInfo | None:
        """The account of a token that a Secret holds: it has neither end nor audience, but the Secret must still
        have it."""
        self._cluster.registry.cache.refresh()
        lookup = self._cluster.registry.lookup
        namespace, secret_name, name, uid = (str(claims.get(f"{LEGACY_CLAIM}{c}", "")) for c in _LEGACY_CLAIMS)
        secret, account = lookup.get("secrets", namespace, secret_name), lookup.get("serviceaccounts", namespace, name)
        if secret is None or account is None or "deletionTimestamp" in secret["metadata"]:
            return None
        held = (secret.get("data") or {}).get("token")
        if held != b64encode(token.encode()).decode() or account["metadata"].get("uid") != uid:
            return None
        return user_of(namespace, name, uid)

    def claims(self, token: str) -> dict[str, Any] | None:
        """What a token says, if it is signed by this cluster's key."""
        cache = self._verified
        if token in cache:
            return cache[token]
        keys = self._cluster.keys
        claims = jwt.verified(token, keys) if keys is not None else None
        cache[token] = claims
        while len(cache) > _CACHE:
            cache.popitem(last=False)
        return claims

    def _alive(self, private: dict[str, Any], credential: str) -> UserInfo | None:
        namespace = str(private.get("namespace", ""))
        account = private.get("serviceaccount") or {}
        name, uid = str(account.get("name", "")), str(account.get("uid", ""))
        lookup = self._cluster.registry.lookup
        self._cluster.registry.cache.refresh()
        found = lookup.get("serviceaccounts", namespace, name)
        if found is None or found["metadata"].get("uid") != uid:
            return None
        extra: dict[str, list[str]] = {}
        if credential:
            extra[CREDENTIAL_ID] = [f"JTI={credential}"]
        for kind, resource in (("pod", "pods"), ("secret", "secrets"), ("node", "nodes")):
            bound = private.get(kind)
            if not bound:
                continue
            at = "" if kind == "node" else namespace
            target = lookup.get(resource, at, str(bound.get("name", "")))
            gone = target is None or target["metadata"].get("uid") != bound.get("uid")
            if gone and not (kind == "node" and private.get("pod")):
                return None
            if kind == "pod":
                extra[POD_NAME], extra[POD_UID] = [bound["name"]], [bound["uid"]]
            elif kind == "node":
                extra[NODE_NAME], extra[NODE_UID] = [bound["name"]], [bound["uid"]]
        return user_of(namespace, name, uid, extra)

    def issue(
        self, account: Obj, *, audiences: tuple[str, ...], seconds: int, bound: list[tuple[str, Obj]], serial: int
    ) -> tuple[str, int]:
        """A token and when it expires (virtual microseconds). `bound`: ("pod"|"secret"|"node", object)."""
        cluster = self._cluster
        if cluster.keys is None:
            raise RuntimeError("this cluster has no service account key")
        now = cluster.clock.now() // SECOND
        meta = account["metadata"]
        private: dict[str, Any] = {"namespace": meta["namespace"]}
        for kind, obj in bound:
            private[kind] = {"name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"]}
        private["serviceaccount"] = {"name": meta["name"], "uid": meta["uid"]}
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
        return jwt.encode(claims, cluster.keys), (now + seconds) * SECOND


def audiences_of(claims: dict[str, Any]) -> list[str]:
    found = claims.get("aud") or []
    return [found] if isinstance(found, str) else [str(a) for a in found]
