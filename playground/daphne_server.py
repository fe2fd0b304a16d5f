"""Daphne on both ports: `python -m playground.daphne_server`. HTTP on PORT, TLS with our own authority on K8S_PORT.

Daphne's own command cannot ask for client certificates, nor pass them on. Here the TLS port asks (a client without
one is as welcome), the handshake shows that the peer holds the key, and the certificate goes into each scope as
ASGI's TLS extension has it. Whose it is, and whether it is good, is for the cluster that is asked to decide: every
one has its own authority. A proxy in front must pass K8S_PORT through as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")

# First: it chooses Twisted's reactor.
from daphne.server import Server  # isort: skip
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from daphne.http_protocol import HTTPFactory, WebRequest
from OpenSSL import SSL, crypto
from twisted.internet import reactor
from twisted.internet.endpoints import SSL4ServerEndpoint, TCP4ServerEndpoint
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.ssl import CertificateOptions
from twisted.web.http import datetimeToString

from clusters.machinery.certificates import MALFORMED
from clusters.runtime.pki import Pki

BACKLOG = 1024
"""Connections that wait to be accepted: a class of browsers that comes back at once."""
TOO_LARGE = b"HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
CLOSE_TIMEOUT, CONNECT_TIMEOUT = 3, 5
"""Seconds for an application to end when its client has gone, and for a websocket to be accepted."""


class BoundedRequest(WebRequest):  # type: ignore[misc]
    """A request whose body ends somewhere: Twisted keeps all of it, in memory or on disk, before anybody is asked.
    Its answer says when it was given, as Go's servers do."""

    limit = 0
    refused = False

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        if (length or 0) > self.limit:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        if self.refused:
            return
        super().handleContentChunk(data)
        if self.content.tell() > self.limit:
            self._refuse()

    def _refuse(self) -> None:
        self.refused = True
        self.content.truncate(0)
        self.channel.transport.write(TOO_LARGE)
        self.channel.loseConnection()

    def process(self) -> Any:
        if self.refused:
            return None
        self.setHeader(b"date", datetimeToString())  # type: ignore[no-untyped-call]
        return super().process()


class BoundedFactory(HTTPFactory):  # type: ignore[misc]
    """Daphne's, with bounded requests."""

    def __init__(self, server: Server, limit: int) -> None:
        super().__init__(server)
        self._request = type("Request", (BoundedRequest,), {"limit": limit})

    def buildProtocol(self, address: Any) -> Any:
        protocol = super().buildProtocol(address)
        protocol.requestFactory = self._request
        return protocol


class PlaygroundServer(Server):  # type: ignore[misc]
    """Daphne that tells applications of the TLS connection under a request."""

    def __init__(self, application: Any, **options: Any) -> None:
        super().__init__(application, **options)
        self._connections: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        transport = protocol.transport
        if ISSLTransport.providedBy(transport):
            # Connections are kept: what was found out for the first request holds for all of them.
            found = self._connections.get(transport)
            if found is None:
                found = self._connections[transport] = tls_extension(transport.getHandle())
            scope.setdefault("extensions", {})["tls"] = found
        return super().create_application(protocol, scope)


def tls_extension(connection: SSL.Connection) -> dict[str, Any]:
    """`scope["extensions"]["tls"]`. The error is always told: nobody has verified the chain."""
    leaf = connection.get_peer_certificate()
    # As OpenSSL has them: what else can be read in them, if anything, is for those to find out who check them.
    found = [] if leaf is None else [leaf, *(connection.get_peer_cert_chain() or ())]
    chain = tuple(dict.fromkeys(crypto.dump_certificate(crypto.FILETYPE_PEM, c).decode() for c in found))
    return {
        "server_cert": None,
        "client_cert_chain": chain,
        "client_cert_name": _name(chain[0]) if chain else None,
        "client_cert_error": "not verified" if chain else None,
        "tls_version": connection.get_protocol_version(),
        "cipher_suite": None,
    }


def _name(pem: str) -> str:
    try:
        return x509.load_pem_x509_certificate(pem.encode()).subject.rfc4514_string()
    except MALFORMED:
        return ""


def server_names(url: str, hosts: Iterable[str]) -> list[str]:
    """What clients call us, beside the usual local names: the host of kubeconfigs, and those that Django answers to."""
    found = {urlsplit(url).hostname or ""}
    for host in hosts:
        # `.example.com` is Django's way to name all below a domain, `*` that of naming none.
        found.add(f"*{host}" if host.startswith(".") else host.strip("[]"))
    return sorted(found - {"", "*"})


def tls_options(keys: Pki) -> CertificateOptions:
    """What the TLS port speaks: it asks for a client certificate, and takes any or none."""
    key: Any = load_pem_private_key(keys.server_key.read_bytes(), password=None)
    certificate = x509.load_pem_x509_certificate(keys.server_cert.read_bytes())
    options = CertificateOptions(
        privateKey=crypto.PKey.from_cryptography_key(key), certificate=crypto.X509.from_cryptography(certificate)
    )
    options.getContext().set_verify(SSL.VERIFY_PEER | SSL.VERIFY_CLIENT_ONCE, lambda *_: True)
    return options


def main() -> None:
    from django.conf import settings

    from clusters.runtime import garbage, pki
    from playground import transport
    from playground.asgi import application

    garbage.collect_at_rest()
    transport.install()
    host = os.environ.get("PLAYGROUND_HOST", "127.0.0.1")
    names = server_names(settings.K8S_URL, settings.ALLOWED_HOSTS)
    options = tls_options(pki.ensure(settings.DATA_DIR, names=names))

    def listen() -> None:
        factory = BoundedFactory(server, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        make: Any = TCP4ServerEndpoint
        plain = make(reactor, settings.PORT, backlog=BACKLOG, interface=host)
        make = SSL4ServerEndpoint
        tls = make(reactor, settings.K8S_PORT, options, backlog=BACKLOG, interface=host)
        for endpoint in (plain, tls):
            endpoint.listen(factory).addCallbacks(server.listen_success, server.listen_error)

    server = PlaygroundServer(
        application,
        endpoints=["ours"],
        ready_callable=listen,
        application_close_timeout=CLOSE_TIMEOUT,
        websocket_connect_timeout=CONNECT_TIMEOUT,
        websocket_handshake_timeout=CONNECT_TIMEOUT,
        verbosity=0,
        # The API server does not say what it is made of.
        server_name="",
    )
    # Daphne wants one by name before it runs; ours are made when it is ready.
    server.endpoints = []
    server.run()


if __name__ == "__main__":
    main()
