"""The kubeconfig document of one identity in one cluster.

It needs no server to be up: the authority is in the data directory and the token's digest in the database.
"""

from __future__ import annotations

import base64
from typing import Any

import yaml
from django.conf import settings

from clusters.models import Cluster
from clusters.models.access import policy
from clusters.runtime import pki

MASTERS = "system:masters"
ADMIN = "admin"


def kubeconfig(cluster: Cluster, name: str = ADMIN, *, groups: tuple[str, ...] | None = None, user: Any = None) -> str:
    """YAML for kubectl and client libraries. Without `groups`, `admin` is a cluster administrator and any other
    name is a user with what the cluster's RBAC gives them. `user` is the person it is issued to, if any."""
    if groups is None:
        groups = (MASTERS,) if name == ADMIN else ()
    token = policy().kubeconfig_token(cluster, name, groups, user)
    authority = base64.b64encode(pki.ensure(settings.DATA_DIR).ca_pem()).decode()
    context = f"{name}@{cluster.name}"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster.name,
                "cluster": {
                    "server": f"{settings.K8S_URL.rstrip('/')}/k8s/{cluster.name}",
                    "certificate-authority-data": authority,
                },
            }
        ],
        "users": [{"name": context, "user": {"token": token}}],
        "contexts": [
            {"name": cluster.name, "context": {"cluster": cluster.name, "user": context, "namespace": "default"}}
        ],
        "current-context": cluster.name,
    }
    return yaml.safe_dump(document, sort_keys=False)
