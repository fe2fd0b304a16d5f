"""Whether a certificate and a private key belong together, and what is wrong if not, in Go's words.

Models: crypto/tls.X509KeyPair.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from clusters.machinery.certificates import CERTIFICATE_BLOCK, MALFORMED, pem_blocks

_KEY = "PRIVATE KEY"
_KINDS = (
    (rsa.RSAPublicKey, rsa.RSAPrivateKey),
    (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey),
    (ed25519.Ed25519PublicKey, ed25519.Ed25519PrivateKey),
)
_PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def key_pair_problem(certificate: bytes, key: bytes) -> str:
    """What is wrong with the two PEM texts, "" if nothing is."""
    found = [*pem_blocks(certificate)]
    certificates = [block.data for block in found if block.kind == CERTIFICATE_BLOCK]
    if not certificates:
        return _no_certificate([block.kind for block in found])
    skipped: list[str] = []
    for block in pem_blocks(key):
        if block.kind == _KEY or block.kind.endswith(f" {_KEY}"):
            return _mismatch(certificates[0], block.data)
        skipped.append(block.kind)
    return _no_key(skipped)


def _no_certificate(skipped: list[str]) -> str:
    if not skipped:
        return "tls: failed to find any PEM data in certificate input"
    if len(skipped) == 1 and skipped[0].endswith(_KEY):
        return (
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may"
            " have been switched"
        )
    return (
        'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following'
        f" types: [{' '.join(skipped)}]"
    )


def _no_key(skipped: list[str]) -> str:
    if not skipped:
        return "tls: failed to find any PEM data in key input"
    if skipped == [CERTIFICATE_BLOCK]:
        return "tls: found a certificate rather than a key in the PEM for the private key"
    return (
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the'
        f" following types: [{' '.join(skipped)}]"
    )


def _mismatch(certificate: bytes, key: bytes) -> str:
    try:
        public = x509.load_der_x509_certificate(certificate).public_key()
    except MALFORMED:
        return "x509: malformed certificate"
    try:
        private = serialization.load_der_private_key(key, password=None)
    except MALFORMED:
        return "tls: failed to parse private key"
    if not isinstance(private, _PrivateKey):
        return "tls: found unknown private key type in PKCS#8 wrapping"
    for public_kind, private_kind in _KINDS:
        if isinstance(public, public_kind):
            if not isinstance(private, private_kind):
                return "tls: private key type does not match public key type"
            return "" if private.public_key() == public else "tls: private key does not match public key"
    return "tls: unknown public key algorithm"
