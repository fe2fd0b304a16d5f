"""Encryption at rest of Secrets: what the log holds of them is sealed with the installation's key.

AES-GCM-SIV, so that the nonce may be derived from (key, revision) and a replay writes the same bytes.
"""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV

from clusters.storage.store import StoreError

SEALED_PREFIX = "core/secrets/"
_MAGIC = b"\x01sealed\x00"


class Seal(Protocol):
    def close(self, key: str, value: bytes, rev: int) -> bytes:
        """What is written for `value`."""

    def open(self, key: str, value: bytes) -> bytes:
        """The inverse; values that were written unsealed pass. Raises StoreError if the key is wrong."""


class NoSeal:
    """For stores that live in memory."""

    def close(self, key: str, value: bytes, rev: int) -> bytes:
        return value

    def open(self, key: str, value: bytes) -> bytes:
        return value


class SecretSeal:
    """Seals the values of Secrets."""

    def __init__(self, secret_key: str) -> None:
        key = sha256(b"cluster-playground secrets at rest\x00" + secret_key.encode()).digest()
        # GCM-SIV needs OpenSSL 3.2; elsewhere GCM with a nonce that is unique by (key, revision, content).
        self._aead: AESGCM | AESGCMSIV
        try:
            self._aead = AESGCMSIV(key)
        except Exception:  # cryptography raises UnsupportedAlgorithm, which older releases keep elsewhere
            self._aead = AESGCM(key)

    def close(self, key: str, value: bytes, rev: int) -> bytes:
        if not key.startswith(SEALED_PREFIX):
            return value
        nonce = blake2b(b"%d\x00%b\x00%b" % (rev, key.encode(), value), digest_size=12).digest()
        return _MAGIC + nonce + self._aead.encrypt(nonce, value, key.encode())

    def open(self, key: str, value: bytes) -> bytes:
        if not value.startswith(_MAGIC):
            return value
        at = len(_MAGIC)
        try:
            return self._aead.decrypt(value[at : at + 12], value[at + 12 :], key.encode())
        except InvalidTag:
            raise StoreError(
                f"{key} was sealed with another PLAYGROUND_SECRET_KEY: start with the key it was written with"
            ) from None
