"""Kinds of apiextensions.k8s.io: the definition of custom resources (their serving is the API server's)."""

from clusters.resources.apiextensions.custom_resource_definition import RESOURCE as CUSTOM_RESOURCE_DEFINITION

RESOURCES = (CUSTOM_RESOURCE_DEFINITION,)
