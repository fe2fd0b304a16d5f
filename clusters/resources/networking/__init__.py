"""Kinds of networking.k8s.io."""

from clusters.resources.networking.ip_address import RESOURCE as IP_ADDRESS
from clusters.resources.networking.service_cidr import RESOURCE as SERVICE_CIDR

RESOURCES = (IP_ADDRESS, SERVICE_CIDR)
