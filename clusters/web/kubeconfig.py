"""The kubeconfig document of one identity in one cluster.

It needs no server to be up: the authority is in the data directory and the token's digest in the database.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.conf import settings

from clusters.kernel.clock import SECOND
from clusters.machinery.certificates import CertificateOrder
from clusters.models import Cluster
from clusters.models.access import policy
from clusters.runtime import pki, service
from clusters.runtime.settings import BadInput
from clusters.runtime.signing import client_authority

MASTERS = "system:masters"
ADMIN = "admin"
BACKDATED, LASTS = 300, 365 * 24 * 3600
"""Seconds."""


def kubeconfig(cluster: Cluster, name: str = ADMIN, *, groups: tuple[str, ...] | None = None, user: Any = None) -> str:
    """YAML for kubectl and client libraries. Without `groups`, `admin` is a cluster administrator and any other
    name is a user with what the cluster's RBAC gives them. `user` is the person it is issued to, if any."""
    groups = groups_of(name) if groups is None else groups
    return _document(cluster, name, {"token": policy().kubeconfig_token(cluster, name, groups, user)})


def certified(cluster: Cluster, name: str = ADMIN, groups: Sequence[str] | None = None) -> str:
    """The same with a new key and its certificate, signed past all requests and approvals, as an installer does for
    its administrator. Nobody can revoke it: it lasts a year of the cluster's time. Raises BadInput."""
    groups = groups_of(name) if groups is None else groups
    try:
        subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
    except ValueError:
        raise BadInput("user", "names in a certificate have 1 to 64 characters") from None
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject)).sign(key, hashes.SHA256())
    now = service.clock(cluster)["now"] // SECOND
    order = CertificateOrder(
        request=request.public_bytes(Encoding.PEM),
        usages=("digital signature", "key encipherment", "client auth"),
        not_before=now - BACKDATED,
        not_after=now + LASTS,
        serial=x509.random_serial_number(),
    )
    certificate = client_authority(settings.SECRET_KEY, cluster.pk, cluster.created).sign(order)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _document(
        cluster,
        name,
        {
            "client-certificate-data": base64.b64encode(certificate.encode()).decode(),
            "client-key-data": base64.b64encode(private).decode(),
        },
    )


def groups_of(name: str) -> tuple[str, ...]:
    """Those that go without saying."""
    return (MASTERS,) if name == ADMIN else ()


def _document(cluster: Cluster, name: str, credentials: dict[str, str]) -> str:
    authority = base64.b64encode(pki.ensure(settings.DATA_DIR).ca_pem()).decode()
    context = f"{name}@{cluster.name}"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster.name,
                "cluster": {
                    "server": f"{settings.K8S_URL.rstrip('/')}/k8s/{cluster.name}",
                    "certificate-authority-data": authority,
                },
            }
        ],
        "users": [{"name": context, "user": credentials}],
        "contexts": [
            {"name": cluster.name, "context": {"cluster": cluster.name, "user": context, "namespace": "default"}}
        ],
        "current-context": cluster.name,
    }
    return yaml.safe_dump(document, sort_keys=False)
