"""Kinds of rbac.authorization.k8s.io."""

from clusters.resources.rbac.binding import CLUSTER_ROLE_BINDING, ROLE_BINDING
from clusters.resources.rbac.role import CLUSTER_ROLE, ROLE

RESOURCES = (CLUSTER_ROLE_BINDING, CLUSTER_ROLE, ROLE_BINDING, ROLE)
