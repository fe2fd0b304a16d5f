"""What the three controllers read of a signing request. Models: pkg/controller/certificates."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from clusters.client.component import controller_user
from clusters.components.controllers.shared import conditions
from clusters.machinery.certificates import SigningRequest
from clusters.machinery.types import Obj

REQUESTS: Final = "certificatesigningrequests.certificates.k8s.io"
USER = controller_user("certificate-controller")
CLIENT: Final = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT: Final = "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING: Final = "kubernetes.io/kubelet-serving"
LEGACY: Final = "kubernetes.io/legacy-unknown"
APPROVED, DENIED, FAILED = "Approved", "Denied", "Failed"


def status(request: Obj) -> Obj:
    found: Obj = request.get("status") or {}
    return found


def has(request: Obj, kind: str) -> bool:
    """Whether a condition of that kind stands, with whatever status."""
    return conditions.find(status(request).get("conditions"), kind) is not None


def pem_of(request: Obj) -> bytes:
    """The request's PEM; b"" if it cannot be read."""
    return decoded(request["spec"].get("request"))


def decoded(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "")
    except binascii.Error:
        return b""


def parsed(request: Obj) -> SigningRequest | None:
    """What was asked for; None if it cannot be read: nobody can do anything about it then."""
    try:
        return SigningRequest.parse(pem_of(request))
    except ValueError:
        return None
