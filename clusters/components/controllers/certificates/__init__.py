"""Signing requests: approved where that goes without asking, signed, and cleared away."""

from clusters.components.controllers.certificates.approver import CertificateApprover
from clusters.components.controllers.certificates.cleaner import CertificateCleaner
from clusters.components.controllers.certificates.signer import CertificateSigner

__all__ = ["CertificateApprover", "CertificateCleaner", "CertificateSigner"]
