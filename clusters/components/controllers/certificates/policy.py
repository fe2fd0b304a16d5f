"""What each of the built-in signers signs. The words are those of the `Failed` condition.

Models: pkg/apis/certificates/helpers.go and pkg/controller/certificates/signer/signer.go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from clusters.components.controllers.certificates.requests import CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY
from clusters.machinery.certificates import SigningRequest

NODES, NODE = "system:nodes", "system:node:"
_SIGNATURE, _ENCIPHERMENT, _CLIENT, _SERVER = "digital signature", "key encipherment", "client auth", "server auth"

Check = Callable[[SigningRequest, Collection[str]], str]
"""What is wrong with a request of these usages; "" if it is fine."""


def client(request: SigningRequest, usages: Collection[str]) -> str:
    for usage in usages:
        if usage not in (_SIGNATURE, _ENCIPHERMENT, _CLIENT):
            return f"invalid usage for client certificate: {usage}"
    return "" if _CLIENT in usages else f"missing required usage for client certificate: {_CLIENT}"


def kubelet_client(request: SigningRequest, usages: Collection[str]) -> str:
    if request.organizations != (NODES,):
        return "subject organization is not system:nodes"
    for names, what in (
        (request.dns_names, "DNS"),
        (request.emails, "Email"),
        (request.ip_addresses, "IP"),
        (request.uris, "URI"),
    ):
        if names:
            return f"{what} subjectAltNames are not allowed"
    if not request.common_name.startswith(NODE):
        return "subject common name does not begin with system:node:"
    return _exactly(usages, _CLIENT)


def kubelet_serving(request: SigningRequest, usages: Collection[str]) -> str:
    if request.organizations != (NODES,):
        return "subject organization is not system:nodes"
    if not request.dns_names and not request.ip_addresses:
        return "DNS or IP subjectAltName is required"
    for names, what in ((request.emails, "Email"), (request.uris, "URI")):
        if names:
            return f"{what} subjectAltNames are not allowed"
    wrong = _exactly(usages, _SERVER)
    if not wrong and not request.common_name.startswith(NODE):
        return "subject common name does not begin with system:node:"
    return wrong


def legacy(request: SigningRequest, usages: Collection[str]) -> str:
    """Anything goes, as it always did."""
    return ""


def _exactly(usages: Collection[str], purpose: str) -> str:
    wanted = {_SIGNATURE, _ENCIPHERMENT, purpose}
    # Keys that do not encipher (ECDSA, Ed25519) need not claim to.
    if set(usages) in (wanted, wanted - {_ENCIPHERMENT}):
        return ""
    return f"usages did not match [{' '.join(sorted(wanted))}]"


SIGNERS: Mapping[str, Check] = {
    CLIENT: client,
    KUBELET_CLIENT: kubelet_client,
    KUBELET_SERVING: kubelet_serving,
    LEGACY: legacy,
}
