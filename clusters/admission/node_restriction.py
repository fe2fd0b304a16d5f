"""NodeRestriction: a kubelet writes its own Node and the Pods that are bound to it, nothing else.

Models: kubernetes, plugin/pkg/admission/noderestriction.
"""

from __future__ import annotations

from clusters.admission.plugin import CREATE, DELETE, UPDATE, Plugin, forbidden, obj_of
from clusters.admission.service_account import MIRROR
from clusters.machinery.field import go_quote
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

GROUP = "system:nodes"
PREFIX = "system:node:"
LEASE_NAMESPACE = "kube-node-lease"
RESTRICTED_PREFIX = "node-restriction.kubernetes.io"

_RESOURCES = frozenset(
    {
        ("", "pods"),
        ("", "nodes"),
        ("", "persistentvolumeclaims"),
        ("", "serviceaccounts"),
        ("coordination.k8s.io", "leases"),
        ("storage.k8s.io", "csinodes"),
    }
)
_KUBELET_LABELS = frozenset(
    {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
        "node.kubernetes.io/windows-build",
    }
)
_KUBELET_PREFIXES = ("kubelet.kubernetes.io", "node.kubernetes.io")


class NodeRestriction(Plugin):
    name = "NodeRestriction"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return (resource.group, resource.name) in _RESOURCES

    def admit(self, attrs: Attributes) -> None:
        user = attrs.user
        if not user.name.startswith(PREFIX) or GROUP not in user.groups:
            return
        node = user.name[len(PREFIX) :]
        if not node:
            raise forbidden(attrs, f"could not determine node from user {go_quote(user.name)}")
        match attrs.resource.name:
            case "pods":
                _check_pod(attrs, node)
            case "nodes":
                _check_node(attrs, node)
            case "persistentvolumeclaims":
                if attrs.subresource != "status":
                    raise forbidden(attrs, "may only update PVC status")
            case "serviceaccounts":
                if attrs.subresource == "token":
                    _check_token(attrs, node)
            case "leases":
                _check_lease(attrs, node)
            case "csinodes":
                if (attrs.name or _name(attrs)) != node:
                    raise forbidden(attrs, "can only access CSINode with the same name as the requesting node")


def _name(attrs: Attributes) -> str:
    return str((attrs.obj or attrs.old or {"metadata": {}})["metadata"].get("name", ""))


def _check_pod(attrs: Attributes, node: str) -> None:
    match attrs.subresource:
        case "":
            _check_whole_pod(attrs, node)
        case "status":
            old = attrs.old or {}
            if (old.get("spec") or {}).get("nodeName") != node:
                raise forbidden(
                    attrs,
                    f'node "{node}" can only update pod status for pods with spec.nodeName set to itself',
                )
            if (obj_of(attrs)["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {}):
                raise forbidden(attrs, f'node "{node}" cannot update labels through pod status')
        case "eviction":
            pod = attrs.lookup.get("pods", attrs.namespace, attrs.name)
            if pod is not None and pod["spec"].get("nodeName") != node:
                raise forbidden(attrs, f'node "{node}" can only evict pods with spec.nodeName set to itself')
        case other:
            raise forbidden(
                attrs, f"unexpected pod subresource {go_quote(other)}, only 'status' and 'eviction' are allowed"
            )


def _check_whole_pod(attrs: Attributes, node: str) -> None:
    if attrs.operation == CREATE:
        pod = obj_of(attrs)
        spec = pod.get("spec") or {}
        if MIRROR not in (pod["metadata"].get("annotations") or {}):
            raise forbidden(
                attrs,
                f'pod does not have "{MIRROR}" annotation, node "{node}" can only create mirror pods',
            )
        if spec.get("nodeName") != node:
            raise forbidden(attrs, f'node "{node}" can only create pods with spec.nodeName set to itself')
        if spec.get("serviceAccountName"):
            raise forbidden(attrs, f'node "{node}" can not create pods that reference a service account')
        return
    if attrs.operation == DELETE:
        old = attrs.old
        if old is not None and old["spec"].get("nodeName") != node:
            raise forbidden(attrs, f'node "{node}" can only delete pods with spec.nodeName set to itself')
        return
    raise forbidden(
        attrs,
        f'unexpected operation "{attrs.operation}", node "{node}" can only create and delete mirror pods',
    )


def _check_node(attrs: Attributes, node: str) -> None:
    requested = attrs.name or _name(attrs)
    if requested != node:
        raise forbidden(attrs, f'node "{node}" is not allowed to modify node "{requested}"')
    if attrs.operation == CREATE:
        labels = obj_of(attrs)["metadata"].get("labels") or {}
        bad = sorted(key for key in labels if _restricted(key))
        if bad:
            raise forbidden(attrs, f'node "{node}" is not allowed to set the following labels: {", ".join(bad)}')
    elif attrs.operation == UPDATE and attrs.old is not None:
        new, old = obj_of(attrs), attrs.old
        if _spec(new).get("configSource") != _spec(old).get("configSource") and _spec(new).get("configSource"):
            raise forbidden(attrs, f'node "{node}" is not allowed to update configSource to a new non-nil configSource')
        if attrs.subresource != "status" and _spec(new).get("taints") != _spec(old).get("taints"):
            raise forbidden(attrs, f'node "{node}" is not allowed to modify taints')
        if new["metadata"].get("ownerReferences") != old["metadata"].get("ownerReferences"):
            raise forbidden(attrs, f'node "{node}" is not allowed to modify ownerReferences')
        after, before = new["metadata"].get("labels") or {}, old["metadata"].get("labels") or {}
        if after is not before and after != before:
            changed = {k for k in after.keys() | before.keys() if after.get(k) != before.get(k)}
            bad = sorted(key for key in changed if _restricted(key) or _foreign(key))
            if bad:
                raise forbidden(attrs, f'node "{node}" is not allowed to modify labels: {", ".join(bad)}')


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


def _domain(key: str) -> str:
    domain, slash, _ = key.partition("/")
    return domain if slash else ""


def _restricted(key: str) -> bool:
    domain = _domain(key)
    return domain == RESTRICTED_PREFIX or domain.endswith("." + RESTRICTED_PREFIX)


def _foreign(key: str) -> bool:
    """A label of Kubernetes' that is none of a kubelet's business."""
    domain = _domain(key)
    if not any(domain == d or domain.endswith("." + d) for d in ("kubernetes.io", "k8s.io")):
        return False
    if key in _KUBELET_LABELS:
        return False
    return not any(domain == p or domain.endswith("." + p) for p in _KUBELET_PREFIXES)


def _check_token(attrs: Attributes, node: str) -> None:
    ref = (obj_of(attrs).get("spec") or {}).get("boundObjectRef")
    if not ref or ref.get("apiVersion") != "v1" or ref.get("kind") != "Pod" or not ref.get("name"):
        raise forbidden(attrs, "node requested token not bound to a pod")
    if not ref.get("uid"):
        raise forbidden(attrs, "node requested token with a pod binding without a uid")
    pod = attrs.lookup.get("pods", attrs.namespace, ref["name"])
    if pod is None:
        raise forbidden(attrs, f'pod "{ref["name"]}" not found')
    if pod["spec"].get("nodeName") != node:
        raise forbidden(attrs, "node requested token bound to a pod scheduled on a different node")


def _check_lease(attrs: Attributes, node: str) -> None:
    if attrs.namespace != LEASE_NAMESPACE:
        raise forbidden(attrs, f'can only access leases in the "{LEASE_NAMESPACE}" system namespace')
    if (attrs.name or _name(attrs)) != node:
        raise forbidden(attrs, "can only access node lease with the same name as the requesting node")
