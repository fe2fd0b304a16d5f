"""Whose client certificates the API server takes, as a cluster has it from the start.

Models: kube-apiserver, controlplane/controller/clusterauthenticationtrust.
"""

from __future__ import annotations

from clusters.machinery.types import Obj

NAMESPACE, NAME, CLIENT_CA = "kube-system", "extension-apiserver-authentication", "client-ca-file"


def authentication_config(client_ca: str) -> Obj:
    """`client_ca`: the authorities' PEM."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "data": {
            CLIENT_CA: client_ca,
            "requestheader-allowed-names": '["front-proxy-client"]',
            "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
            "requestheader-group-headers": '["X-Remote-Group"]',
            "requestheader-username-headers": '["X-Remote-User"]',
        },
    }
