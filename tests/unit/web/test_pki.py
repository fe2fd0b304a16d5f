"""The playground's own certificate authority."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

from cryptography import x509

from clusters.runtime import pki


def test_server_certificate_is_trusted_through_the_authority(tmp_path: Path) -> None:
    made = pki.ensure(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.server_cert, made.server_key)
    client = ssl.create_default_context(cafile=str(made.ca_cert))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    us = client.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    them = server.wrap_bio(outgoing, incoming, server_side=True)
    for _ in range(4):
        for side in (us, them):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert us.getpeercert()


def test_asking_again_gives_the_same_files(tmp_path: Path) -> None:
    first = pki.ensure(tmp_path)
    held = (first.ca_pem(), first.server_cert.read_bytes())
    again = pki.ensure(tmp_path)
    assert (again.ca_pem(), again.server_cert.read_bytes()) == held


def test_another_name_renews_the_server_certificate_but_not_the_authority(tmp_path: Path) -> None:
    first = pki.ensure(tmp_path)
    held = (first.ca_pem(), first.server_cert.read_bytes())
    again = pki.ensure(tmp_path, names=("playground.example", "10.1.2.3"))
    assert again.ca_pem() == held[0]
    assert again.server_cert.read_bytes() != held[1]
    names = x509.load_pem_x509_certificate(again.server_cert.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert "playground.example" in names.value.get_values_for_type(x509.DNSName)


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    pki.ensure(tmp_path)
    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / "pki" / name).stat().st_mode) == 0o600
