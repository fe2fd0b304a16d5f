"""What a server says of certificates and keys that do not belong together."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from clusters.machinery.key_pair import key_pair_problem

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

CURVE = ec.generate_private_key(ec.SECP256R1())
OTHER_CURVE = ec.generate_private_key(ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()
JUNK = b"-----BEGIN %s-----\nAAAA\n-----END %s-----\n"


def certificate(key: Key) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.com")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=1))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


def pem(key: Key | dsa.DSAPrivateKey, form: str = "PKCS8") -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), serialization.NoEncryption()
    )


def junk(kind: str) -> bytes:
    return JUNK % (kind.encode(), kind.encode())


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_a_pair_is_a_pair_in_any_form(form: str) -> None:
    assert key_pair_problem(certificate(CURVE), pem(CURVE, form)) == ""


def test_parameters_before_the_key_are_passed_over() -> None:
    assert key_pair_problem(certificate(EDWARDS), junk("EC PARAMETERS") + pem(EDWARDS)) == ""


@pytest.mark.parametrize(
    ("crt", "key", "problem"),
    [
        (b"", b"", "tls: failed to find any PEM data in certificate input"),
        (
            pem(CURVE),
            certificate(CURVE),
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may"
            " have been switched",
        ),
        (
            junk("A") + junk("B C"),
            b"",
            'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the'
            " following types: [A B C]",
        ),
        (certificate(CURVE), b"x", "tls: failed to find any PEM data in key input"),
        (
            certificate(CURVE),
            certificate(CURVE),
            "tls: found a certificate rather than a key in the PEM for the private key",
        ),
        (
            certificate(CURVE),
            junk("PUBLIC KEY"),
            'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of'
            " the following types: [PUBLIC KEY]",
        ),
        (junk("CERTIFICATE"), pem(CURVE), "x509: malformed certificate"),
        (certificate(CURVE), junk("PRIVATE KEY"), "tls: failed to parse private key"),
        (certificate(CURVE), pem(OTHER_CURVE), "tls: private key does not match public key"),
        (certificate(CURVE), pem(EDWARDS), "tls: private key type does not match public key type"),
        (
            certificate(CURVE),
            pem(dsa.generate_private_key(1024)),
            "tls: found unknown private key type in PKCS#8 wrapping",
        ),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_library(crt: bytes, key: bytes, problem: str) -> None:
    assert key_pair_problem(crt, key) == problem
