"""X.509 as Go's `crypto/x509` sees it: what a signing request asks for, and the certificate that answers it.

Shared by the signing controllers, which decide, and by the authority of a cluster, which signs. Nothing here reads
a clock or draws a random number, so the same order signed with the same key is the same certificate, byte for byte.
Models: pkg/apis/certificates/helpers.go and crypto/x509.CreateCertificate.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

MALFORMED = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading a malformed certificate or request raises, here or there."""
REQUEST_BLOCK, CERTIFICATE_BLOCK = "CERTIFICATE REQUEST", "CERTIFICATE"
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s*?\n(.*?)-----END \1-----", re.DOTALL)
_KEYS = (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)

_KEY_USAGES = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "key agreement": "key_agreement",
    "data encipherment": "data_encipherment",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}
# In the order of Go's constants, in which they stand in a certificate.
_EXTENDED_USAGES = {
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "s/mime": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec end system": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec tunnel": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec user": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft sgc": x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape sgc": x509.ObjectIdentifier("2.16.840.1.113730.4.1"),
}
# What Go's `pkix.Name` keeps of a subject, in the order in which it writes it; the rest is lost on the way.
_SUBJECT = (
    NameOID.COUNTRY_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.LOCALITY_NAME,
    NameOID.STATE_OR_PROVINCE_NAME,
    NameOID.STREET_ADDRESS,
    NameOID.POSTAL_CODE,
    NameOID.COMMON_NAME,
    NameOID.SERIAL_NUMBER,
)
_SINGLE = frozenset((NameOID.COMMON_NAME, NameOID.SERIAL_NUMBER))


@dataclass(frozen=True, slots=True)
class CertificateOrder:
    """What a signing controller orders of the cluster's authority. Times are seconds since the Unix epoch."""

    request: bytes
    """The PEM of the signing request."""
    usages: tuple[str, ...]
    not_before: int
    not_after: int
    serial: int


@dataclass(frozen=True, slots=True)
class PemBlock:
    kind: str
    data: bytes
    headers: bool = False


def pem_blocks(data: bytes) -> Iterator[PemBlock]:
    """The PEM blocks, and nothing of what stands between them."""
    for found in _PEM.finditer(data):
        body, headers = found[2].replace(b"\r", b""), False
        if b":" in body.split(b"\n\n", 1)[0]:
            # Headers end with an empty line.
            body, headers = body.partition(b"\n\n")[2], True
        try:
            yield PemBlock(found[1].decode(), base64.b64decode(b"".join(body.split()), validate=True), headers)
        except binascii.Error:
            continue


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """A signing request, parsed."""

    raw: x509.CertificateSigningRequest
    common_name: str
    organizations: tuple[str, ...]
    dns_names: tuple[str, ...]
    emails: tuple[str, ...]
    ip_addresses: tuple[str, ...]
    uris: tuple[str, ...]

    @classmethod
    def parse(cls, pem: bytes) -> SigningRequest:
        """Raises ValueError with the reason."""
        block = next(pem_blocks(pem), None)
        if block is None or block.kind != REQUEST_BLOCK:
            raise ValueError("PEM block type must be CERTIFICATE REQUEST")
        try:
            return cls._read(x509.load_der_x509_csr(block.data))
        except MALFORMED as error:
            raise ValueError(f"x509: malformed certificate request: {error}") from None

    @classmethod
    def _read(cls, raw: x509.CertificateSigningRequest) -> SigningRequest:
        names: x509.SubjectAlternativeName | tuple[()] = ()
        with suppress(x509.ExtensionNotFound):
            names = raw.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return cls(
            raw,
            common_name(raw.subject),
            organizations(raw.subject),
            tuple(n.value for n in names if isinstance(n, x509.DNSName)),
            tuple(n.value for n in names if isinstance(n, x509.RFC822Name)),
            tuple(str(n.value) for n in names if isinstance(n, x509.IPAddress)),
            tuple(n.value for n in names if isinstance(n, x509.UniformResourceIdentifier)),
        )

    def signature_problem(self) -> str:
        """ "" if whoever made the request holds the private key."""
        try:
            key = self.raw.public_key()
            if not isinstance(key, _KEYS):
                return "x509: cannot verify signature: algorithm unimplemented"
            if self.raw.is_signature_valid:
                return ""
        except MALFORMED:
            return "x509: cannot verify signature: algorithm unimplemented"
        if isinstance(key, rsa.RSAPublicKey):
            return "crypto/rsa: verification error"
        return f"x509: {'ECDSA' if isinstance(key, ec.EllipticCurvePublicKey) else 'Ed25519'} verification failure"


def values(name: x509.Name, oid: x509.ObjectIdentifier) -> tuple[str, ...]:
    """The texts of an attribute, in the order in which they stand."""
    return tuple(a.value for a in name.get_attributes_for_oid(oid) if isinstance(a.value, str))


def common_name(name: x509.Name) -> str:
    """The last one, as Go reads it; "" if there is none."""
    found = values(name, NameOID.COMMON_NAME)
    return found[-1] if found else ""


def organizations(name: x509.Name) -> tuple[str, ...]:
    return values(name, NameOID.ORGANIZATION_NAME)


def issue(order: CertificateOrder, authority: x509.Certificate, key: ed25519.Ed25519PrivateKey) -> x509.Certificate:
    """The certificate that answers an order: the request's subject, names and public key; the order's usages and
    times; no other extension of the request. Raises ValueError if the request cannot be signed."""
    request = SigningRequest.parse(order.request)
    if problem := request.signature_problem():
        raise ValueError(f"unable to verify certificate request signature: {problem}")
    try:
        return _build(order, request, authority).sign(key, None)
    except MALFORMED as error:
        raise ValueError(str(error)) from None


def _build(order: CertificateOrder, request: SigningRequest, authority: x509.Certificate) -> x509.CertificateBuilder:
    subject = _rewritten(request.raw.subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.subject)
        .public_key(request.raw.public_key())
        .serial_number(order.serial)
        .not_valid_before(datetime.fromtimestamp(order.not_before, UTC))
        .not_valid_after(datetime.fromtimestamp(order.not_after, UTC))
    )
    usage = _key_usage(order.usages)
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    purposes = [oid for usage, oid in _EXTENDED_USAGES.items() if usage in order.usages]
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(dict.fromkeys(purposes))), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    identity = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identity), critical=False
    )
    names = list(_general_names(request))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not list(subject))
    return builder


def _rewritten(name: x509.Name) -> x509.Name:
    """The subject as Go writes it anew: attributes of one kind side by side, those it does not know left out."""
    parts = []
    for oid in _SUBJECT:
        found = name.get_attributes_for_oid(oid)
        if oid in _SINGLE:
            found = found[-1:]
        if found:
            parts.append(x509.RelativeDistinguishedName(list(dict.fromkeys(found))))
    return x509.Name(parts)


def _key_usage(usages: Sequence[str]) -> x509.KeyUsage | None:
    bits = {_KEY_USAGES[u] for u in usages if u in _KEY_USAGES}
    if "key_agreement" not in bits:
        # They say how an agreed key is used, and nothing without it.
        bits -= {"encipher_only", "decipher_only"}
    if not bits:
        return None
    return x509.KeyUsage(**{bit: bit in bits for bit in dict.fromkeys(_KEY_USAGES.values())})


def _general_names(request: SigningRequest) -> Iterator[x509.GeneralName]:
    try:
        names = request.raw.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for kind in (x509.DNSName, x509.RFC822Name, x509.IPAddress, x509.UniformResourceIdentifier):
        yield from (name for name in names if isinstance(name, kind))


def to_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
