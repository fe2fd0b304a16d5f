"""NodeRestriction: a kubelet writes its own Node and the Pods that are bound to it, nothing else.

Models: kubernetes, plugin/pkg/admission/noderestriction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from clusters.admission.plugin import CREATE, DELETE, UPDATE, Plugin, forbidden, obj_of
from clusters.admission.service_account import MIRROR
from clusters.machinery.certificates import SigningRequest
from clusters.machinery.errors import NotFound
from clusters.machinery.field import go_quote
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource
from clusters.resources.common.authorization import may
from clusters.resources.core.config_map import decoded
from clusters.resources.pod_spec.references import claim_names, config_map_names, secret_names

GROUP = "system:nodes"
PREFIX = "system:node:"
LEASE_NAMESPACE = "kube-node-lease"
RESTRICTED_PREFIX = "node-restriction.kubernetes.io"
SIGNERS = ("kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet")
ANY_AUDIENCE = "request-serviceaccounts-token-audience"
"""The verb with which a node may ask for tokens that no Pod of it wants."""

_RESOURCES = frozenset(
    {
        ("", "pods"),
        ("", "nodes"),
        ("", "persistentvolumeclaims"),
        ("", "serviceaccounts"),
        ("coordination.k8s.io", "leases"),
        ("storage.k8s.io", "csinodes"),
        ("resource.k8s.io", "resourceslices"),
        ("certificates.k8s.io", "certificatesigningrequests"),
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
    }
)
_KUBELET_PREFIXES = ("kubelet.kubernetes.io", "node.kubernetes.io")
_CLAIM_STATUS = ("capacity", "conditions", "allocatedResources", "allocatedResourceStatuses")
"""What a kubelet reports of a claim whose volume it resizes."""


class NodeRestriction(Plugin):
    name = "NodeRestriction"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return operation in (CREATE, UPDATE, DELETE) and (resource.group, resource.name) in _RESOURCES

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
                _check_claim(attrs, node)
            case "serviceaccounts":
                if attrs.subresource == "token" and attrs.operation == CREATE:
                    _check_token(attrs, node)
            case "leases":
                _check_lease(attrs, node)
            case "csinodes":
                if (attrs.name or _name(attrs)) != node:
                    raise forbidden(attrs, "can only access CSINode with the same name as the requesting node")
            case "resourceslices":
                _check_slice(attrs, node)
            case "certificatesigningrequests":
                _check_request(attrs, node)


def _name(attrs: Attributes) -> str:
    return str((attrs.obj or attrs.old or {"metadata": {}})["metadata"].get("name", ""))


def _spec(obj: Obj | None) -> Obj:
    return (obj or {}).get("spec") or {}


def _status(obj: Obj | None) -> Obj:
    return (obj or {}).get("status") or {}


def _pod(attrs: Attributes, name: str) -> Obj:
    found = attrs.lookup.get("pods", attrs.namespace, name)
    if found is None:
        raise NotFound.of("", "pods", name)
    return found


# Pods


def _check_pod(attrs: Attributes, node: str) -> None:
    match attrs.subresource:
        case "":
            _check_whole_pod(attrs, node)
        case "status":
            _check_pod_status(attrs, node)
        case "eviction":
            if attrs.operation != CREATE:
                raise forbidden(attrs, f"unexpected operation {attrs.operation}")
            if _spec(_pod(attrs, attrs.name or _name(attrs))).get("nodeName") != node:
                raise forbidden(attrs, f"node {node} can only evict pods with spec.nodeName set to itself")
        case other:
            raise forbidden(
                attrs, f"unexpected pod subresource {go_quote(other)}, only 'status' and 'eviction' are allowed"
            )


def _check_pod_status(attrs: Attributes, node: str) -> None:
    if attrs.operation != UPDATE:
        raise forbidden(attrs, f'unexpected operation "{attrs.operation}"')
    new, old = obj_of(attrs), attrs.old or {"metadata": {}}
    if _spec(old).get("nodeName") != node:
        raise forbidden(attrs, f'node "{node}" can only update pod status for pods with spec.nodeName set to itself')
    if (new["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {}):
        raise forbidden(attrs, f'node "{node}" cannot update labels through pod status')
    if _claims_told(new) != _claims_told(old):
        raise forbidden(attrs, f'node "{node}" cannot update resource claim statues')
    if (_status(new).get("extendedResourceClaimStatus") or None) != (
        _status(old).get("extendedResourceClaimStatus") or None
    ):
        raise forbidden(attrs, f'node "{node}" cannot update extended resource claim status')


def _claims_told(pod: Obj) -> list[tuple[Any, Any]]:
    return [(c.get("name"), c.get("resourceClaimName")) for c in _status(pod).get("resourceClaimStatuses") or ()]


def _check_whole_pod(attrs: Attributes, node: str) -> None:
    if attrs.operation == CREATE:
        _check_mirror(attrs, node)
    elif attrs.operation == DELETE:
        if _spec(attrs.old or _pod(attrs, attrs.name)).get("nodeName") != node:
            raise forbidden(attrs, f'node "{node}" can only delete pods with spec.nodeName set to itself')
    else:
        raise forbidden(
            attrs,
            f'unexpected operation "{attrs.operation}", node "{node}" can only create and delete mirror pods',
        )


def _check_mirror(attrs: Attributes, node: str) -> None:
    pod = obj_of(attrs)
    spec = _spec(pod)
    if MIRROR not in (pod["metadata"].get("annotations") or {}):
        raise forbidden(attrs, f'pod does not have "{MIRROR}" annotation, node "{node}" can only create mirror pods')
    if spec.get("nodeName") != node:
        raise forbidden(attrs, f'node "{node}" can only create pods with spec.nodeName set to itself')
    _check_owner(attrs, node, pod["metadata"].get("ownerReferences") or ())
    volumes = spec.get("volumes") or ()
    sources = [source for volume in volumes for source in (volume.get("projected") or {}).get("sources") or ()]
    refused = {
        "a service account": bool(spec.get("serviceAccountName")),
        "secrets": bool(secret_names(spec)),
        "configmaps": bool(config_map_names(spec)),
        "clustertrustbundles": any(source.get("clusterTrustBundle") is not None for source in sources),
        "persistentvolumeclaims": any(volume.get("persistentVolumeClaim") is not None for volume in volumes),
    }
    for what, found in refused.items():
        if found:
            raise forbidden(attrs, f'node "{node}" can not create pods that reference {what}')


def _check_owner(attrs: Attributes, node: str, owners: Sequence[Obj]) -> None:
    """A mirror Pod goes with its Node: that is its only owner."""
    if len(owners) > 1:
        raise forbidden(attrs, f'node "{node}" can only create pods with a single owner reference set to itself')
    owner = owners[0] if owners else {}
    if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
        raise forbidden(attrs, f'node "{node}" can only create pods with an owner reference set to itself')
    if not owner.get("controller"):
        raise forbidden(attrs, f'node "{node}" can only create pods with a controller owner reference set to itself')
    if owner.get("blockOwnerDeletion"):
        raise forbidden(attrs, f'node "{node}" must not set blockOwnerDeletion on an owner reference')
    found = attrs.lookup.get("nodes", "", node)
    if found is None:
        raise NotFound.of("", "nodes", node)
    expected, got = owner.get("uid", ""), found["metadata"].get("uid", "")
    if expected != got:
        raise forbidden(attrs, f"node {node} UID mismatch: expected {expected} got {got}")


# the Node


def _check_node(attrs: Attributes, node: str) -> None:
    requested = attrs.name or _name(attrs)
    if requested != node:
        raise forbidden(attrs, f"node {go_quote(node)} is not allowed to modify node {go_quote(requested)}")
    if attrs.operation == CREATE:
        new = obj_of(attrs)
        if _spec(new).get("configSource"):
            raise forbidden(attrs, f'node "{node}" is not allowed to create pods with a non-nil configSource')
        bad = _forbidden_labels(new["metadata"].get("labels") or ())
        if bad:
            raise forbidden(attrs, f'node "{node}" is not allowed to set the following labels: {", ".join(bad)}')
    elif attrs.operation == UPDATE and attrs.old is not None:
        _check_node_update(attrs, node, obj_of(attrs), attrs.old)


def _check_node_update(attrs: Attributes, node: str, new: Obj, old: Obj) -> None:
    source = _spec(new).get("configSource")
    if source and source != _spec(old).get("configSource"):
        raise forbidden(attrs, f'node "{node}" is not allowed to update configSource to a new non-nil configSource')
    if (_spec(new).get("taints") or []) != (_spec(old).get("taints") or []):
        raise forbidden(attrs, f'node "{node}" is not allowed to modify taints')
    if (new["metadata"].get("ownerReferences") or []) != (old["metadata"].get("ownerReferences") or []):
        raise forbidden(attrs, f'node "{node}" is not allowed to modify ownerReferences')
    after, before = new["metadata"].get("labels") or {}, old["metadata"].get("labels") or {}
    if after is before or after == before:
        return
    bad = _forbidden_labels(k for k in after.keys() | before.keys() if after.get(k) != before.get(k))
    if bad:
        raise forbidden(attrs, f"is not allowed to modify labels: {', '.join(bad)}")


def _forbidden_labels(keys: Iterable[str]) -> list[str]:
    return sorted(key for key in keys if _restricted(key) or _foreign(key))


def _domain(key: str) -> str:
    domain, slash, _ = key.partition("/")
    return domain if slash else ""


def _restricted(key: str) -> bool:
    return _within(_domain(key), RESTRICTED_PREFIX)


def _within(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith("." + parent)


def _foreign(key: str) -> bool:
    """A label of Kubernetes' that is none of a kubelet's business."""
    domain = _domain(key)
    if not any(_within(domain, of) for of in ("kubernetes.io", "k8s.io")):
        return False
    return key not in _KUBELET_LABELS and not any(_within(domain, prefix) for prefix in _KUBELET_PREFIXES)


# the rest


def _check_claim(attrs: Attributes, node: str) -> None:
    if attrs.subresource != "status":
        raise forbidden(attrs, "may only update PVC status")
    if attrs.operation != UPDATE:
        raise forbidden(attrs, f'unexpected operation "{attrs.operation}"')
    if _without_report(obj_of(attrs)) != _without_report(attrs.old or {}):
        raise forbidden(
            attrs,
            f'node "{node}" is not allowed to update fields other than status.quantity and status.conditions: ',
        )


def _without_report(claim: Obj) -> Obj:
    """A claim but for what its node reports, and for what every write changes."""
    written = ("resourceVersion", "managedFields")
    meta = {k: v for k, v in (claim.get("metadata") or {}).items() if k not in written and v}
    status = {k: v for k, v in _status(claim).items() if k not in _CLAIM_STATUS and v}
    rest = {k: v for k, v in claim.items() if k not in ("metadata", "status", "apiVersion", "kind")}
    return {**rest, "metadata": meta, "status": status}


def _check_token(attrs: Attributes, node: str) -> None:
    spec = _spec(obj_of(attrs))
    ref = spec.get("boundObjectRef")
    if not ref or ref.get("apiVersion") != "v1" or ref.get("kind") != "Pod" or not ref.get("name"):
        raise forbidden(attrs, "node requested token not bound to a pod")
    uid = ref.get("uid")
    if not uid:
        raise forbidden(attrs, "node requested token with a pod binding without a uid")
    pod = _pod(attrs, ref["name"])
    if uid != pod["metadata"].get("uid"):
        raise forbidden(
            attrs,
            f"the UID in the bound object reference ({uid}) does not match the UID in record."
            " The object might have been deleted and then recreated",
        )
    if _spec(pod).get("nodeName") != node:
        raise forbidden(attrs, "node requested token bound to a pod scheduled on a different node")
    audiences = spec.get("audiences") or [""]
    if len(audiences) > 1:
        raise forbidden(attrs, "node may only request 0 or 1 audiences")
    audience = audiences[0]
    if audience in _audiences(attrs, pod):
        return
    if not may(attrs.lookup, attrs.user, ANY_AUDIENCE, "", audience, attrs.name, namespace=attrs.namespace):
        raise forbidden(
            attrs,
            f"audience {go_quote(audience)} not found in pod spec volume, {attrs.user.name} is not authorized to"
            " request tokens for this audience",
        )


def _audiences(attrs: Attributes, pod: Obj) -> set[str]:
    """For whom a Pod's volumes want tokens: those it projects, and those its volumes' drivers ask for."""
    out = {""}
    drivers: set[str] = set()
    for volume in _spec(pod).get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken") is not None:
                out.add(str(source["serviceAccountToken"].get("audience", "")))
        drivers.add(str((volume.get("csi") or {}).get("driver", "")))
    for name in claim_names(pod):
        claim = attrs.lookup.get("persistentvolumeclaims", attrs.namespace, name)
        bound = attrs.lookup.get("persistentvolumes", "", str(_spec(claim).get("volumeName", "")))
        drivers.add(str((_spec(bound).get("csi") or {}).get("driver", "")))
    for driver in sorted(drivers - {""}):
        found = attrs.lookup.get("csidrivers.storage.k8s.io", "", driver)
        out.update(str(request.get("audience", "")) for request in _spec(found).get("tokenRequests") or ())
    return out


def _check_lease(attrs: Attributes, node: str) -> None:
    if attrs.namespace != LEASE_NAMESPACE:
        raise forbidden(attrs, f'can only access leases in the "{LEASE_NAMESPACE}" system namespace')
    if (attrs.name or _name(attrs)) != node:
        raise forbidden(attrs, "can only access node lease with the same name as the requesting node")


def _check_slice(attrs: Attributes, node: str) -> None:
    """Updates are the authorizer's: it knows the stored object."""
    words = {CREATE: "create", DELETE: "delete"}
    if attrs.operation in words and _spec(attrs.obj or attrs.old).get("nodeName") != node:
        raise forbidden(
            attrs,
            f"can only {words[attrs.operation]} ResourceSlice with the same NodeName as the requesting node",
        )


def _check_request(attrs: Attributes, node: str) -> None:
    """A kubelet's certificate is in its own name."""
    request = _spec(attrs.obj)
    if attrs.operation != CREATE or attrs.subresource or request.get("signerName") not in SIGNERS:
        return
    pem = decoded(request.get("request", ""))
    try:
        asked = SigningRequest.parse(pem)
    except ValueError as error:
        raise forbidden(attrs, f"unable to parse csr: {error}") from None
    if asked.common_name != PREFIX + node:
        raise forbidden(attrs, f"can only create a node CSR with CN={PREFIX}{node}")
