"""What kubelets may do: their own Node, Pods, lease, and what their Pods refer to.

Models: kubernetes, plugin/pkg/auth/authorizer/node (the graph is looked up instead of kept).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clusters.apiserver.authz.attributes import ALLOWED, NO_OPINION, Attributes, Decision
from clusters.apiserver.authz.bootstrap import cluster_role_rules
from clusters.apiserver.authz.rules import Rule, allows
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.registry import Registry
from clusters.resources.pod_spec.references import claim_names, config_map_names, secret_names, volume_secrets

PREFIX = "system:node:"
GROUP = "system:nodes"
LEASES = "kube-node-lease"
NODE_RULES: tuple[Rule, ...] = tuple(cluster_role_rules("system:node"))
"""What any node may do of the kinds that are not told apart by object."""
_READ = ("get", "list", "watch")
_OWN = ("get", "create", "update", "patch", "delete")


def is_node(user: UserInfo) -> bool:
    return user.name.startswith(PREFIX) and GROUP in user.groups


def _no(reason: str = "") -> Decision:
    return Decision(False, reason)


class NodeAuthorizer:
    """Decides for users `system:node:NAME` of the group `system:nodes`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._told_apart: dict[tuple[str, str], Callable[[str, Attributes], Decision]] = {
            ("", "secrets"): self._read_namespaced,
            ("", "configmaps"): self._read_namespaced,
            ("", "persistentvolumeclaims"): self._claim,
            ("", "persistentvolumes"): self._get,
            ("resource.k8s.io", "resourceclaims"): self._get,
            ("storage.k8s.io", "volumeattachments"): self._get,
            ("", "serviceaccounts"): self._token,
            ("coordination.k8s.io", "leases"): self._lease,
            ("storage.k8s.io", "csinodes"): self._csi_node,
            ("resource.k8s.io", "resourceslices"): self._slice,
            ("", "nodes"): self._node,
            ("", "pods"): self._pod,
        }

    def authorize(self, attrs: Attributes) -> Decision:
        """Allowed, or no opinion (RBAC has the next word)."""
        if not is_node(attrs.user):
            return NO_OPINION
        node = attrs.user.name[len(PREFIX) :]
        if not node:
            return _no(f'unknown node for user "{attrs.user.name}"')
        decide = self._told_apart.get((attrs.group, attrs.resource)) if attrs.resource else None
        if decide is not None:
            return decide(node, attrs)
        return ALLOWED if any(allows(rule, attrs) for rule in NODE_RULES) else NO_OPINION

    # -- kinds that are told apart by object -------------------------------------------------------------------

    def _read_namespaced(self, node: str, attrs: Attributes) -> Decision:
        if attrs.verb not in _READ:
            return _no("can only read resources of this type")
        if attrs.subresource:
            return _no("cannot read subresource")
        if not attrs.namespace:
            return _no("can only read namespaced object of this type")
        return self._related(node, attrs)

    def _claim(self, node: str, attrs: Attributes) -> Decision:
        if attrs.subresource != "status":
            return self._get(node, attrs)
        if attrs.verb not in ("update", "patch"):
            return _no("can only get/update/patch this type")
        return self._related(node, attrs)

    def _get(self, node: str, attrs: Attributes) -> Decision:
        if attrs.verb != "get":
            return _no("can only get individual resources of this type")
        if attrs.subresource:
            return _no("cannot get subresource")
        return self._related(node, attrs)

    def _token(self, node: str, attrs: Attributes) -> Decision:
        if attrs.verb != "create" or not attrs.name:
            return _no("can only create tokens for individual service accounts")
        if attrs.subresource != "token":
            return _no("can only create token subresource of serviceaccount")
        return self._related(node, attrs)

    def _lease(self, node: str, attrs: Attributes) -> Decision:
        if attrs.verb not in _OWN:
            return _no("can only get, create, update, patch, or delete a node lease")
        if attrs.namespace != LEASES:
            return _no(f'can only access leases in the "{LEASES}" system namespace')
        if attrs.verb != "create" and attrs.name != node:
            return _no("can only access node lease with the same name as the requesting node")
        return ALLOWED

    def _csi_node(self, node: str, attrs: Attributes) -> Decision:
        if attrs.verb not in _OWN:
            return _no("can only get, create, update, patch, or delete a CSINode")
        if attrs.subresource:
            return _no("cannot authorize CSINode subresources")
        if attrs.verb != "create" and attrs.name != node:
            return _no("can only access CSINode with the same name as the requesting node")
        return ALLOWED

    def _slice(self, node: str, attrs: Attributes) -> Decision:
        if attrs.subresource:
            return _no("cannot authorize ResourceSlice subresources")
        if attrs.verb == "create":
            return ALLOWED
        if attrs.verb in ("get", "update", "patch", "delete"):
            return self._related(node, attrs)
        if attrs.verb in ("watch", "list", "deletecollection"):
            if attrs.fields.exact("nodeName") == node:
                return ALLOWED
            return _no("can only list/watch/deletecollection resourceslices with nodeName field selector")
        return _no(
            "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete,"
            " deletecollection"
        )

    def _node(self, node: str, attrs: Attributes) -> Decision:
        verbs = {"": ("create", "update", "patch"), "status": ("update", "patch")}
        if attrs.verb in verbs.get(attrs.subresource, ()):
            return ALLOWED
        if attrs.subresource or attrs.verb not in _READ:
            return NO_OPINION
        if attrs.name == node:
            return ALLOWED
        what = f"'{attrs.name}'" if attrs.name else "all nodes"
        return _no(f"node '{node}' cannot read {what}, only its own Node object")

    def _pod(self, node: str, attrs: Attributes) -> Decision:
        if not attrs.subresource and attrs.verb == "get":
            return self._get(node, attrs)
        if not attrs.subresource and attrs.verb in ("list", "watch"):
            if attrs.fields.exact("spec.nodeName") == node:
                return ALLOWED
            if attrs.name:
                return self._related(node, attrs)
            return _no("can only list/watch pods with spec.nodeName field selector")
        verbs = {"": ("create", "delete"), "status": ("update", "patch"), "eviction": ("create",)}
        return ALLOWED if attrs.verb in verbs.get(attrs.subresource, ()) else NO_OPINION

    # -- what an object has to do with a node ------------------------------------------------------------------

    def _related(self, node: str, attrs: Attributes) -> Decision:
        if not attrs.name:
            return _no("No Object name found")
        if attrs.name in self._names(node, attrs):
            return ALLOWED
        return _no(f"no relationship found between node '{node}' and this object")

    def _names(self, node: str, attrs: Attributes) -> Iterable[str]:
        """The objects of a kind (in the namespace asked about) that are a node's business."""
        lookup = self._registry.lookup
        if attrs.resource == "volumeattachments":
            found = lookup.list("volumeattachments.storage.k8s.io")
            return [v["metadata"]["name"] for v in found if v["spec"].get("nodeName") == node]
        if attrs.resource == "resourceslices":
            found = lookup.list("resourceslices.resource.k8s.io")
            return [v["metadata"]["name"] for v in found if v["spec"].get("nodeName") == node]
        pods = [p for p in lookup.list("pods") if (p.get("spec") or {}).get("nodeName") == node]
        if attrs.resource == "persistentvolumes":
            return {name for pod in pods for name in self._volumes(pod)}
        pods = [p for p in pods if p["metadata"].get("namespace") == attrs.namespace]
        match attrs.resource:
            case "pods":
                return [p["metadata"]["name"] for p in pods]
            case "serviceaccounts":
                return [p["spec"].get("serviceAccountName", "") for p in pods]
            case "resourceclaims":
                return {name for pod in pods for name in _resource_claims(pod)}
            case "configmaps":
                return {name for pod in pods for name in config_map_names(pod["spec"])}
            case "secrets":
                return self._secrets(node, attrs.namespace, pods)
            case _:
                return {name for pod in pods for name in claim_names(pod)}

    def _secrets(self, node: str, namespace: str, pods: Iterable[Obj]) -> set[str]:
        """Those of the Pods, and those of the volumes of any Pod of the node."""
        lookup = self._registry.lookup
        names = {name for pod in pods for name in secret_names(pod["spec"])}
        mine = (p for p in lookup.list("pods") if (p.get("spec") or {}).get("nodeName") == node)
        for volume_name in {name for pod in mine for name in self._volumes(pod)}:
            volume = lookup.get("persistentvolumes", "", volume_name)
            names.update(name for home, name in volume_secrets(volume or {}) if home == namespace)
        return names

    def _volumes(self, pod: Obj) -> set[str]:
        lookup, namespace = self._registry.lookup, pod["metadata"].get("namespace", "")
        out: set[str] = set()
        for claim in claim_names(pod):
            found = lookup.get("persistentvolumeclaims", namespace, claim)
            if found is not None and found.get("spec", {}).get("volumeName"):
                out.add(found["spec"]["volumeName"])
        return out


def _resource_claims(pod: Obj) -> set[str]:
    named = {str(c.get("resourceClaimName", "")) for c in pod["spec"].get("resourceClaims") or ()}
    made = {str(c.get("resourceClaimName", "")) for c in (pod.get("status") or {}).get("resourceClaimStatuses") or ()}
    return (named | made) - {""}
