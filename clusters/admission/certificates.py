"""Certificates: who may approve, sign, and ask for what. Three plugins of the same few facts.

Models: kubernetes, plugin/pkg/admission/certificates/{approval,signing,subjectrestriction}.
"""

from __future__ import annotations

from clusters.admission.plugin import CREATE, UPDATE, Plugin, forbidden, obj_of
from clusters.machinery.certificates import SigningRequest
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource
from clusters.resources.common.authorization import may
from clusters.resources.core.config_map import decoded

GROUP, REQUESTS, SIGNERS = "certificates.k8s.io", "certificatesigningrequests", "signers"
CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
MASTERS = "system:masters"


def _is_request(resource: Resource) -> bool:
    return (resource.group, resource.name) == (GROUP, REQUESTS)


def authorized_for_signer(attrs: Attributes, verb: str, signer: str) -> bool:
    """The verb on the signer itself, or on all of its domain (`example.com/*`)."""
    domain = signer.partition("/")[0]
    return any(may(attrs.lookup, attrs.user, verb, GROUP, SIGNERS, name) for name in (signer, f"{domain}/*"))


def _signer(obj: Obj | None) -> str:
    return str(((obj or {}).get("spec") or {}).get("signerName", ""))


class CertificateApproval(Plugin):
    """Approving takes the verb `approve` on the signer."""

    name = "CertificateApproval"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return _is_request(resource) and operation == UPDATE and subresource == "approval"

    def validate(self, attrs: Attributes) -> None:
        signer = _signer(obj_of(attrs))
        if not authorized_for_signer(attrs, "approve", signer):
            raise forbidden(attrs, f'user not permitted to approve requests with signerName "{signer}"')


class CertificateSigning(Plugin):
    """Issuing or failing a request takes the verb `sign` on the signer."""

    name = "CertificateSigning"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return _is_request(resource) and operation == UPDATE and subresource == "status"

    def validate(self, attrs: Attributes) -> None:
        new, old = (obj_of(attrs).get("status") or {}), ((attrs.old or {}).get("status") or {})
        unchanged = new.get("certificate") == old.get("certificate")
        if unchanged and (new.get("conditions") or []) == (old.get("conditions") or []):
            return
        signer = _signer(attrs.old)
        if not authorized_for_signer(attrs, "sign", signer):
            raise forbidden(attrs, f'user not permitted to sign requests with signerName "{signer}"')


class CertificateSubjectRestriction(Plugin):
    """Nobody gets a client certificate of the group `system:masters`."""

    name = "CertificateSubjectRestriction"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return _is_request(resource) and operation == CREATE and not subresource

    def validate(self, attrs: Attributes) -> None:
        request = obj_of(attrs)
        if _signer(request) != CLIENT_SIGNER:
            return
        try:
            asked = SigningRequest.parse(decoded(request["spec"].get("request", "")))
        except ValueError as error:
            raise forbidden(attrs, f"failed to parse CSR: {error}") from None
        for organization in asked.organizations:
            if organization == MASTERS:
                raise forbidden(
                    attrs,
                    f"use of {CLIENT_SIGNER} signer with {MASTERS} group is not allowed",
                )
