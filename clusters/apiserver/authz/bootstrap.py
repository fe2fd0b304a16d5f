"""The roles and bindings that every cluster begins with, made from the tables in `authz.policy`.

Models: kubernetes, plugin/pkg/auth/authorizer/rbac/bootstrappolicy.
"""

from __future__ import annotations

from collections.abc import Iterator

from clusters.apiserver.authz.rbac import GROUP
from clusters.machinery.types import Obj

LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
ANNOTATIONS = {"rbac.authorization.kubernetes.io/autoupdate": "true"}

Entry = tuple[str, str, Obj]
"""(qualified resource, namespace, object)"""


def _object(kind: str, name: str, **body: object) -> Obj:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": dict(LABELS), "annotations": dict(ANNOTATIONS)},
        **body,
    }


def bootstrap_objects() -> Iterator[Entry]:
    """All of them, in the order in which they can be created."""
    rules = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]
    yield f"clusterroles.{GROUP}", "", _object("ClusterRole", "cluster-admin", rules=rules)
