"""JSON Web Tokens as the cluster signs them: RS256, one key."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from clusters.apiserver.context import TokenKeys


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _unb64(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def encode(claims: dict[str, Any], keys: TokenKeys) -> str:
    """A signed token."""
    head = _b64(orjson.dumps({"alg": "RS256", "kid": keys.key_id}))
    message = head + b"." + _b64(orjson.dumps(claims, option=orjson.OPT_SORT_KEYS))
    return (message + b"." + _b64(keys.sign(message))).decode()


def claims_of(token: str) -> dict[str, Any] | None:
    """The claims, unverified; None if it is not a JWT at all."""
    parts = token.encode().split(b".")
    if len(parts) != 3:
        return None
    try:
        claims = orjson.loads(_unb64(parts[1]))
    except (binascii.Error, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


def key_id_of(token: str) -> str:
    """The id of the key that a token says it is signed with; "" if it does not say."""
    try:
        head = orjson.loads(_unb64(token.encode().split(b".")[0]))
    except (binascii.Error, ValueError):
        return ""
    found = head.get("kid") if isinstance(head, dict) else ""
    return found if isinstance(found, str) else ""


def verified(token: str, keys: TokenKeys) -> dict[str, Any] | None:
    """The claims, if the signature is of our key, under the id by which this cluster knows it."""
    parts = token.encode().split(b".")
    if len(parts) != 3:
        return None
    try:
        head = orjson.loads(_unb64(parts[0]))
        signature = _unb64(parts[2])
    except (binascii.Error, ValueError):
        return None
    if not isinstance(head, dict) or head.get("alg") != "RS256" or head.get("kid") != keys.key_id:
        return None
    if not keys.verify(parts[0] + b"." + parts[1], signature):
        return None
    return claims_of(token)
