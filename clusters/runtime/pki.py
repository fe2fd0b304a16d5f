"""The playground's own certificate authority, in its data directory: made on first use, whoever asks first.

    PLAYGROUND_DATA/pki/ca.crt, ca.key           the authority (10 years)
    PLAYGROUND_DATA/pki/server.crt, server.key   what the TLS port shows; made anew when its names or time are over

Clients do not send bearer tokens over plain HTTP, so kubectl needs TLS, and a kubeconfig carries the authority.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from clusters.kernel.clock import wall_now

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTHORITY_DAYS = 3650
SERVER_DAYS = 365
RENEW_DAYS = 30
SERVER_NAMES = ("localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


@dataclass(frozen=True, slots=True)
class Pki:
    """Paths of PEM files."""

    ca_cert: Path
    server_cert: Path
    server_key: Path

    def ca_pem(self) -> bytes:
        return self.ca_cert.read_bytes()


def ensure(data_dir: Path, *, names: Sequence[str] = ()) -> Pki:
    """The authority and a server certificate valid for `names` beside the usual local ones."""
    folder = data_dir / "pki"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = Pki(folder / "ca.crt", folder / "server.crt", folder / "server.key")
    ca_key = folder / "ca.key"
    wanted = sorted({*SERVER_NAMES, *names})
    with _lock(folder / ".lock"):
        now = datetime.fromtimestamp(wall_now() / 1e6, UTC)
        if not (found.ca_cert.exists() and ca_key.exists()):
            _make_authority(found.ca_cert, ca_key, now)
            found.server_cert.unlink(missing_ok=True)
        if not _serves(found, wanted, now):
            _make_server(found, ca_key, wanted, now)
    return found


@cache
def root(data_dir: Path) -> str:
    """PEM of the authority: what this installation's kubeconfigs and clusters' `kube-root-ca.crt` hold."""
    return ensure(data_dir).ca_pem().decode()


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _serves(pki: Pki, names: Sequence[str], now: datetime) -> bool:
    if not (pki.server_cert.exists() and pki.server_key.exists()):
        return False
    cert = x509.load_pem_x509_certificate(pki.server_cert.read_bytes())
    if cert.not_valid_after_utc < now + timedelta(days=RENEW_DAYS) or cert.not_valid_before_utc > now:
        return False
    held = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names) <= {
        *held.get_values_for_type(x509.DNSName),
        *map(str, held.get_values_for_type(x509.IPAddress)),
    }


def _make_authority(cert_file: Path, key_file: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cluster Playground")])
    cert = (
        _builder(name, name, now, AUTHORITY_DAYS)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_usage(sign_certs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_file, key)
    cert_file.write_bytes(cert.public_bytes(serialization.Encoding.PEM))


def _make_server(pki: Pki, ca_key_file: Path, names: Sequence[str], now: datetime) -> None:
    ca_key = serialization.load_pem_private_key(ca_key_file.read_bytes(), password=None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    ca = x509.load_pem_x509_certificate(pki.ca_cert.read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    cert = (
        _builder(subject, ca.subject, now, SERVER_DAYS)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .add_extension(_usage(sign_certs=False), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    _write_key(pki.server_key, key)
    pki.server_cert.write_bytes(cert.public_bytes(serialization.Encoding.PEM))


def _builder(subject: x509.Name, issuer: x509.Name, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, sign_certs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certs,
        crl_sign=sign_certs,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_key(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    data = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(data)
