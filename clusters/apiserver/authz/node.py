"""What kubelets may do: their own Node, Pods, lease, and what their Pods refer to.

Models: kubernetes, plugin/pkg/auth/authorizer/node (the graph is looked up instead of kept).
"""

from __future__ import annotations

from clusters.apiserver.authz.attributes import ALLOWED, NO_OPINION, Attributes, Decision
from clusters.apiserver.authz.rules import Rule, allows
from clusters.machinery.types import Obj
from clusters.registry.registry import Registry

PREFIX = "system:node:"
GROUP = "system:nodes"
_READ = ("get", "list", "watch")
_GRAPH = {"secrets", "configmaps", "persistentvolumeclaims", "persistentvolumes"}

# The rest of what any node may do (bootstrappolicy.NodeRules), without what the graph decides.
NODE_RULES: tuple[Rule, ...] = (
    {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
    {
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["localsubjectaccessreviews", "subjectaccessreviews"],
        "verbs": ["create"],
    },
    {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["create", "get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["patch", "update"]},
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["patch", "update"]},
    {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch", "update"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "delete"]},
    {"apiGroups": [""], "resources": ["pods/status"], "verbs": ["patch", "update"]},
    {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    {
        "apiGroups": ["certificates.k8s.io"],
        "resources": ["certificatesigningrequests"],
        "verbs": ["create", "get", "list", "watch"],
    },
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "verbs": ["create", "delete", "get", "patch", "update"],
    },
    {"apiGroups": ["storage.k8s.io"], "resources": ["volumeattachments"], "verbs": ["get"]},
    {"apiGroups": ["storage.k8s.io"], "resources": ["csidrivers"], "verbs": ["get", "list", "watch"]},
    {
        "apiGroups": ["storage.k8s.io"],
        "resources": ["csinodes"],
        "verbs": ["create", "delete", "get", "patch", "update"],
    },
    {"apiGroups": ["node.k8s.io"], "resources": ["runtimeclasses"], "verbs": ["get", "list", "watch"]},
)


class NodeAuthorizer:
    """Decides for users `system:node:NAME` of the group `system:nodes`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def authorize(self, attrs: Attributes) -> Decision:
        """Allowed, or no opinion (RBAC has the next word)."""
        user = attrs.user
        if not user.name.startswith(PREFIX) or GROUP not in user.groups:
            return NO_OPINION
        node = user.name[len(PREFIX) :]
        if not attrs.resource:
            return NO_OPINION
        if not attrs.group and attrs.resource in _GRAPH and not attrs.subresource:
            return self._related(node, attrs)
        if not attrs.group and attrs.resource == "serviceaccounts":
            return self._service_account(node, attrs)
        if attrs.group == "coordination.k8s.io" and attrs.resource == "leases":
            if attrs.namespace != "kube-node-lease" or (attrs.name and attrs.name != node):
                return Decision(False, "can only access node lease with the same name as the requesting node")
        if not attrs.group and attrs.resource == "nodes" and attrs.verb in ("get", "list", "watch"):
            if attrs.name != node:
                return Decision(False, f"node '{node}' cannot read '{attrs.name}', only its own Node object")
        return ALLOWED if any(allows(rule, attrs) for rule in NODE_RULES) else NO_OPINION

    def _pods(self, node: str) -> list[Obj]:
        pods = self._registry.lookup.list("pods")
        return [p for p in pods if p.get("spec", {}).get("nodeName") == node]

    def _related(self, node: str, attrs: Attributes) -> Decision:
        no_path = f"no relationship found between node '{node}' and this object"
        if attrs.verb not in _READ or (attrs.verb != "get" and not attrs.name):
            return Decision(False, f"can only read resources of this type (node '{node}')")
        for pod in self._pods(node):
            if attrs.resource == "persistentvolumes":
                if attrs.name in self._volumes(pod):
                    return ALLOWED
            elif pod["metadata"].get("namespace") == attrs.namespace and attrs.name in references(pod, attrs.resource):
                return ALLOWED
        return Decision(False, no_path)

    def _volumes(self, pod: Obj) -> set[str]:
        lookup, namespace = self._registry.lookup, pod["metadata"].get("namespace", "")
        out: set[str] = set()
        for claim in references(pod, "persistentvolumeclaims"):
            found = lookup.get("persistentvolumeclaims", namespace, claim)
            if found is not None and found.get("spec", {}).get("volumeName"):
                out.add(found["spec"]["volumeName"])
        return out

    def _service_account(self, node: str, attrs: Attributes) -> Decision:
        if attrs.subresource == "token" and attrs.verb == "create":
            for pod in self._pods(node):
                at = pod["metadata"].get("namespace")
                if at == attrs.namespace and pod["spec"].get("serviceAccountName") == attrs.name:
                    return ALLOWED
        return Decision(False, f"no relationship found between node '{node}' and this object")


def references(pod: Obj, resource: str) -> set[str]:
    """Names of the secrets, configmaps or claims that a Pod uses."""
    spec = pod.get("spec") or {}
    out: set[str] = set()
    key, name_key, env_key, ref_key = {
        "secrets": ("secret", "secretName", "secretKeyRef", "secretRef"),
        "configmaps": ("configMap", "name", "configMapKeyRef", "configMapRef"),
        "persistentvolumeclaims": ("persistentVolumeClaim", "claimName", "", ""),
    }[resource]
    if resource == "secrets":
        out.update(str(s.get("name", "")) for s in spec.get("imagePullSecrets") or ())
    for volume in spec.get("volumes") or ():
        if key in volume:
            out.add(str(volume[key].get(name_key, "")))
        for source in (volume.get("projected") or {}).get("sources") or ():
            if key in source:
                out.add(str(source[key].get("name", "")))
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind) or ():
            for env in container.get("env") or ():
                found = (env.get("valueFrom") or {}).get(env_key)
                if found:
                    out.add(str(found.get("name", "")))
            for source in container.get("envFrom") or ():
                if ref_key in source:
                    out.add(str(source[ref_key].get("name", "")))
    return out
