"""Kinds of apiregistration.k8s.io."""

from clusters.resources.apiregistration.api_service import RESOURCE as API_SERVICE

RESOURCES = (API_SERVICE,)
