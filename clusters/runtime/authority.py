"""The authority of one cluster that signs its clients' certificates.

Each cluster has its own, so that what is signed in one opens no other; and it signs itself instead of hanging on
the installation's authority, because who trusts that one to name the API server must not trust what the users of
some cluster had signed. The key is a function of the installation's secret and the cluster's identity (not of its
seed, which people choose): nothing need be stored, and every process finds the same. Ed25519, whose signatures
are functions of key and message, keeps history repeatable.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from clusters.machinery.certificates import MALFORMED, CertificateOrder, issue, to_pem

NAME = "kubernetes"
_PURPOSE = b"cluster-playground client authority\x00"
_ID_BYTES = 8
# Longer than any clock runs: clusters live in years of their own.
_BEGIN, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class ClientAuthority:
    """`identity` tells the cluster from every other, `number` finds it again from a certificate."""

    def __init__(self, secret: str, identity: str, number: int = 0) -> None:
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=_PURPOSE + identity.encode()).derive(secret.encode())
        self._key = ed25519.Ed25519PrivateKey.from_private_bytes(derived)
        self._certificate = _root(self._key, number)
        self.pem = to_pem(self._certificate)

    def sign(self, order: CertificateOrder) -> str:
        """The PEM of the certificate. Raises ValueError if the request cannot be signed."""
        return to_pem(issue(order, self._certificate, self._key))


def _root(key: ed25519.Ed25519PrivateKey, number: int) -> x509.Certificate:
    public = key.public_key()
    digest = sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).digest()
    identifier = x509.SubjectKeyIdentifier(number.to_bytes(_ID_BYTES, "big") + digest[: 20 - _ID_BYTES])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    usage = dict.fromkeys(
        ("content_commitment", "data_encipherment", "key_agreement", "crl_sign", "encipher_only", "decipher_only"),
        False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(int.from_bytes(digest[:8], "big") or 1)
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_encipherment=True, key_cert_sign=True, **usage), critical=True
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, None)
    )


def number_of(pem: str) -> int | None:
    """The `number` of the authority that a certificate says it is from (unverified); None if it says nothing."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        found = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except (*MALFORMED, x509.ExtensionNotFound):
        return None
    return int.from_bytes(found[:_ID_BYTES], "big") if found is not None and len(found) == 20 else None
