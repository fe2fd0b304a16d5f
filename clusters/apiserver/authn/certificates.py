"""Client certificates: who they say their holder is, if the cluster's own authority signed them.

The connection has shown that the peer holds the key, nothing more; here the certificate is checked, once as long as
it is remembered. Its time runs on the cluster's clock, on which it was issued: one for an hour lasts an hour of the
cluster's, at whatever speed, as its tokens do. Models: apiserver, pkg/authentication/request/x509.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from clusters.apiserver.authn.service_account import CREDENTIAL_ID
from clusters.kernel.clock import SECOND, Clock
from clusters.machinery.certificates import MALFORMED, common_name, organizations
from clusters.machinery.types import UserInfo

UID = x509.ObjectIdentifier("1.3.6.1.4.1.57683.2")
MAX_PEM = 64 * 1024
_CACHE = 512
_PURPOSES = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)


class BadCertificate(Exception):
    """It does not open this cluster."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A certificate of our authority. Times are virtual microseconds."""

    user: UserInfo | None
    begins: int
    ends: int


_UNSEEN = _Known(None, 0, 0)


class ClientCertificates:
    """`authorities`: the PEM of those whose certificates count; without any, certificates say nothing."""

    def __init__(self, authorities: str, clock: Clock) -> None:
        self._authorities = x509.load_pem_x509_certificates(authorities.encode()) if authorities else []
        self._clock = clock
        self._seen: OrderedDict[str, _Known | None] = OrderedDict()

    def authenticate(self, pem: str) -> UserInfo | None:
        """Whom a certificate stands for; None if it names nobody. Raises BadCertificate."""
        if not self._authorities:
            return None
        seen = self._seen
        # Several threads ask: what is there now may be dropped before the next line.
        known = seen.get(pem, _UNSEEN)
        if known is _UNSEEN:
            known = seen[pem] = self._check(pem)
            while len(seen) > _CACHE:
                seen.popitem(last=False)
        if known is None or not known.begins <= self._clock.now() <= known.ends:
            raise BadCertificate
        return known.user

    def _check(self, pem: str) -> _Known | None:
        """None if it is not one of ours."""
        if len(pem) > MAX_PEM:
            return None
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
            if not any(_signed(certificate, authority) for authority in self._authorities):
                return None
            if not _for_clients(certificate):
                return None
            return _Known(
                _user(certificate),
                int(certificate.not_valid_before_utc.timestamp()) * SECOND,
                int(certificate.not_valid_after_utc.timestamp()) * SECOND,
            )
        except MALFORMED:
            return None


def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (*MALFORMED, InvalidSignature):
        return False
    return True


def _for_clients(certificate: x509.Certificate) -> bool:
    """It says so, or says nothing."""
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return any(purpose in purposes for purpose in _PURPOSES)


def _user(certificate: x509.Certificate) -> UserInfo | None:
    """Name, groups and uid from the subject. Raises ValueError if the uid is no single text."""
    name = common_name(certificate.subject)
    if not name:
        return None
    uids = [a.value for a in certificate.subject.get_attributes_for_oid(UID)]
    if len(uids) > 1 or not all(isinstance(uid, str) and uid for uid in uids):
        raise ValueError("a uid is one text that is not empty")
    digest = sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    return UserInfo(
        name,
        organizations(certificate.subject),
        str(uids[0]) if uids else "",
        {CREDENTIAL_ID: [f"X509SHA256={digest}"]},
    )
