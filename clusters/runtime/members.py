"""What a member may do inside a cluster, as the cluster's own RBAC has it: a binding for each member.

The roles are Kubernetes' user-facing ones; who only looks may also look at what stands in no namespace, since the map
is made of it. Models: kube-apiserver, bootstrap policy (view, edit, cluster-admin).
"""

from __future__ import annotations

from typing import Final

from clusters.machinery.errors import AlreadyExists, NotFound
from clusters.machinery.types import Obj
from clusters.models import Cluster
from clusters.models.access import Role
from clusters.registry import deletion
from clusters.registry.registry import WriteOptions
from clusters.runtime import bootstrap
from clusters.runtime.bootstrap import RBAC, READER
from clusters.runtime.hub import ClusterHandle, hub

_GRANTS: Final[dict[Role, tuple[str, ...]]] = {
    "owner": ("cluster-admin",),
    "editor": ("edit", READER),
    "viewer": ("view", READER),
}


def bind(cluster: Cluster, user: str, role: Role) -> None:
    """From now on the user is in that role inside the cluster, too; other roles of theirs go."""
    handle = hub.cluster(cluster.name)
    handle.refresh()
    if READER in _GRANTS[role]:
        # Clusters have it from the start, but for those that were made before it, or came from elsewhere.
        _create(handle, "clusterroles", bootstrap.reader())
    for name in _GRANTS[role]:
        _create(handle, "clusterrolebindings", _binding(user, name))
    for name in sorted({n for names in _GRANTS.values() for n in names} - set(_GRANTS[role])):
        _delete(handle, user, name)


def unbind(cluster: Cluster, user: str) -> None:
    """The user is nobody inside the cluster any more."""
    handle = hub.cluster(cluster.name)
    handle.refresh()
    for name in sorted({n for names in _GRANTS.values() for n in names}):
        _delete(handle, user, name)


def _opts() -> WriteOptions:
    return WriteOptions(user=bootstrap.MASTER, manager="playground")


def _create(handle: ClusterHandle, resource: str, obj: Obj) -> None:
    try:
        handle.registry.create(handle.resources[f"{resource}.{RBAC}"], "", obj, _opts())
    except AlreadyExists:
        return


def _delete(handle: ClusterHandle, user: str, role: str) -> None:
    resource = handle.resources[f"clusterrolebindings.{RBAC}"]
    try:
        deletion.delete(handle.registry, resource, "", _name(user, role), deletion.DeleteOptions(), _opts())
    except NotFound:
        return


def _name(user: str, role: str) -> str:
    return f"playground:member:{user}:{role.rpartition(':')[2]}"


def _binding(user: str, role: str) -> Obj:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": _name(user, role)},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}],
    }
