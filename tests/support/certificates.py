"""Keys and signing requests of people and kubelets, for tests."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from clusters.machinery.types import Obj

CLIENT = "kubernetes.io/kube-apiserver-client"
UID = x509.ObjectIdentifier("1.3.6.1.4.1.57683.2")


@lru_cache(maxsize=1)
def fixed_key() -> ed25519.Ed25519PrivateKey:
    """Always the same, so that what is made with it is the same, too."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(b"a key of the tests, and no other")


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def subject(name: str, groups: Sequence[str] = (), *, uids: Sequence[str] = ()) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    attributes += [x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else []
    return x509.Name(attributes + [x509.NameAttribute(UID, uid) for uid in uids])


def csr(
    name: str,
    groups: Sequence[str] = (),
    *,
    names: Sequence[x509.GeneralName] = (),
    uids: Sequence[str] = (),
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None,
) -> bytes:
    """The PEM of a signing request."""
    key = key or fixed_key()
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject(name, groups, uids=uids))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(serialization.Encoding.PEM)


def address(text: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(text))


def request_object(
    object_name: str, pem: bytes, *, signer: str = CLIENT, usages: Sequence[str] = ("client auth",), seconds: int = 0
) -> Obj:
    """A CertificateSigningRequest."""
    spec: Obj = {"request": base64.b64encode(pem).decode(), "signerName": signer, "usages": list(usages)}
    if seconds:
        spec["expirationSeconds"] = seconds
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": object_name},
        "spec": spec,
    }
