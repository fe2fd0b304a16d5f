"""Kinds of networking.k8s.io."""

from clusters.resources.networking.ingress import RESOURCE as INGRESS
from clusters.resources.networking.ingress_class import RESOURCE as INGRESS_CLASS
from clusters.resources.networking.ip_address import RESOURCE as IP_ADDRESS
from clusters.resources.networking.network_policy import RESOURCE as NETWORK_POLICY
from clusters.resources.networking.service_cidr import RESOURCE as SERVICE_CIDR

RESOURCES = (INGRESS, INGRESS_CLASS, IP_ADDRESS, NETWORK_POLICY, SERVICE_CIDR)
