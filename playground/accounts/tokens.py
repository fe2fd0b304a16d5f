"""Making and recognising bearer tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Generic, TypeVar

from django.conf import settings

from clusters.kernel.clock import wall_now

T = TypeVar("T")

API_PREFIX = "cpa_"
CLUSTER_PREFIX = "cpk_"
MAX_TOKEN = 4096


def digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_api_token() -> str:
    return API_PREFIX + secrets.token_urlsafe(32)


def new_nonce() -> str:
    return secrets.token_hex(16)


def cluster_token(cluster_id: int, name: str, nonce: str) -> str:
    """The kubeconfig token of a credential: a keyed hash that only this installation can compute."""
    text = f"clusters/{cluster_id}\x1f{name}\x1f{nonce}".encode()
    mac = hmac.digest(settings.SECRET_KEY.encode(), text, "sha256")
    return CLUSTER_PREFIX + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


class TimedCache(Generic[T]):
    """A small in-process cache whose entries live for `seconds`: the longest time for which another process's
    revocation can go unnoticed here. `clear()` is the invalidation in this process."""

    def __init__(self, *, seconds: float = 5.0, size: int = 4096, clock: Callable[[], int] = wall_now) -> None:
        self._ttl = int(seconds * 1_000_000)
        self._size = size
        self._clock = clock
        self._entries: dict[object, tuple[int, T]] = {}

    def get(self, key: object, compute: Callable[[], T]) -> T:
        now = self._clock()
        entry = self._entries.get(key)
        if entry is not None and 0 <= now - entry[0] < self._ttl:
            return entry[1]
        value = compute()
        if len(self._entries) >= self._size:
            self._entries = {}
        self._entries[key] = (now, value)
        return value

    def clear(self) -> None:
        self._entries = {}
