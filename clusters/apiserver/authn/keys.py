"""An RSA key that signs service account tokens, kept by the embedding application as PEM."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


class RsaKeys:
    """`context.TokenKeys` over one private key. `identity` makes the key's id another one: where several clusters
    share a key, a token names its cluster in what is signed, and no other takes it."""

    def __init__(self, pem: bytes, identity: str = "") -> None:
        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("the service account key is not an RSA key")
        self._key = key
        self._public = key.public_key()
        spki = self._public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self._id = base64.urlsafe_b64encode(hashlib.sha256(spki + identity.encode()).digest()).decode().rstrip("=")

    @classmethod
    def generate(cls) -> RsaKeys:
        return cls(new_pem())

    @property
    def key_id(self) -> str:
        return self._id

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def verify(self, message: bytes, signature: bytes) -> bool:
        try:
            self._public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def jwks(self) -> dict[str, Any]:
        numbers = self._public.public_numbers()

        def number(value: int) -> str:
            data = value.to_bytes((value.bit_length() + 7) // 8, "big")
            return base64.urlsafe_b64encode(data).decode().rstrip("=")

        key = {
            "use": "sig",
            "kty": "RSA",
            "kid": self._id,
            "alg": "RS256",
            "n": number(numbers.n),
            "e": number(numbers.e),
        }
        return {"keys": [key]}


def new_pem() -> bytes:
    """A fresh 2048 bit key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
