"""Kinds of certificates.k8s.io."""

from clusters.resources.certificates.certificate_signing_request import RESOURCE as CERTIFICATE_SIGNING_REQUEST

RESOURCES = (CERTIFICATE_SIGNING_REQUEST,)
