"""Signing requests: approved where that goes without asking, signed, and cleared away; and whose signature counts."""

from clusters.components.controllers.certificates.approver import CertificateApprover
from clusters.components.controllers.certificates.cleaner import CertificateCleaner
from clusters.components.controllers.certificates.signer import CertificateSigner
from clusters.components.controllers.certificates.trust import ClusterAuthenticationTrust

__all__ = ["CertificateApprover", "CertificateCleaner", "CertificateSigner", "ClusterAuthenticationTrust"]
