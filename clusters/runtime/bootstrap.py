"""What a new cluster starts with: the objects that kube-apiserver, the installer and the add-ons make.

Machines come first in importance: a Machine is the hardware behind a Node, and its kubelet registers the Node.
Models: kube-apiserver, controlplane/controller/{systemnamespaces,kubernetesservice,defaultservicecidr};
kubeadm's add-ons.
"""

from __future__ import annotations

from collections.abc import Iterator

from clusters.apiserver.authz.bootstrap import bootstrap_objects as rbac_objects
from clusters.kernel.clock import rfc3339
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.registry import Registry, WriteOptions
from clusters.resources.apiregistration.bootstrap import bootstrap_objects as api_services
from clusters.resources.catalog import BUILTIN
from clusters.resources.certificates.bootstrap import authentication_config
from clusters.resources.flowcontrol.bootstrap import bootstrap_objects as flowcontrol_objects
from clusters.resources.scheduling.bootstrap import bootstrap_objects as priority_objects
from clusters.runtime import addons
from clusters.runtime.addons import Entry
from clusters.runtime.settings import ClusterSettings

MASTER = UserInfo(name="system:apiserver", groups=("system:masters", "system:authenticated"))
SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"
API_ADDRESS = "192.168.0.2"
REGION = "region-1"
RBAC = "rbac.authorization.k8s.io"
READER = "playground:cluster-reader"
VIEWERS = "playground:viewers"
"""The group of those who may look at a cluster."""
_SEEN = {
    "": ["nodes", "persistentvolumes", "podtemplates"],
    "apiextensions.k8s.io": ["customresourcedefinitions"],
    "apiregistration.k8s.io": ["apiservices"],
    "coordination.k8s.io": ["leases"],
    "metrics.k8s.io": ["nodes", "pods"],
    "networking.k8s.io": ["ingressclasses", "ipaddresses", "servicecidrs"],
    "node.k8s.io": ["runtimeclasses"],
    "rbac.authorization.k8s.io": ["clusterrolebindings", "clusterroles", "rolebindings", "roles"],
    "scheduling.k8s.io": ["priorityclasses"],
    "storage.k8s.io": ["csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"],
}
"""Beyond the ClusterRole `view`."""
STAND_IN = "-----BEGIN CERTIFICATE-----\nbm9ib2R5IGNvbm5lY3RzIHRvIHRoaXMgY2x1c3Rlcg==\n-----END CERTIFICATE-----\n"
"""For clusters that nobody connects to (tests)."""


def bootstrap(registry: Registry, settings: ClusterSettings, *, authority: str = STAND_IN) -> None:
    """Create everything. The registry is that of a session: all of it is one batch. `authority`: the PEM of the CA
    that signs the certificates of clients."""
    opts = WriteOptions(user=MASTER, manager="kube-apiserver")
    for resource, namespace, obj in entries(settings, authority):
        registry.create(registry.resources[resource], namespace, obj, opts)
    registry.create(registry.resources["configmaps"], "kube-system", _tracking(registry.clock.now()), opts)


def _tracking(now: int) -> Obj:
    """Since when the API server notes the use of tokens that Secrets hold."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kube-apiserver-legacy-service-account-token-tracking", "namespace": "kube-system"},
        "data": {"since": rfc3339(now)[:10]},
    }


def entries(settings: ClusterSettings, authority: str = STAND_IN) -> Iterator[Entry]:
    """All objects, in the order in which they can be created."""
    for name in SYSTEM_NAMESPACES:
        yield "namespaces", "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    yield from _network()
    yield from api_services(BUILTIN)
    yield from priority_objects()
    yield from flowcontrol_objects()
    yield from rbac_objects()
    yield from _onlookers()
    yield "configmaps", "kube-system", authentication_config(authority)
    for machine in machines(settings):
        yield "machines.playground.dev", "", machine
    if settings.addons == "default":
        yield from addons.entries(workers=settings.workers > 0)


def reader() -> Obj:
    """The role of who may look at all that the playground draws, beyond `view`: nothing that is secret."""
    rules = [
        {"apiGroups": [group], "resources": what, "verbs": ["get", "list", "watch"]} for group, what in _SEEN.items()
    ]
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": READER}, "rules": rules}


def _onlookers() -> Iterator[Entry]:
    """What the playground's viewers may do. Ordinary objects, for the cluster's own administrators to change."""
    yield f"clusterroles.{RBAC}", "", reader()
    for role in ("view", READER):
        name = f"{VIEWERS}:{role.rpartition(':')[2]}"
        binding: Obj = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name}}
        binding["roleRef"] = {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}
        binding["subjects"] = [{"apiGroup": RBAC, "kind": "Group", "name": VIEWERS}]
        yield f"clusterrolebindings.{RBAC}", "", binding


def machines(settings: ClusterSettings) -> Iterator[Obj]:
    for i in range(settings.control_planes):
        yield machine(
            f"control-plane-{i + 1}", settings, zone=settings.zones[i % len(settings.zones)], role="control-plane"
        )
    for i in range(settings.workers):
        yield machine(f"node-{i + 1}", settings, zone=settings.zones[i % len(settings.zones)])


def machine(name: str, settings: ClusterSettings, *, zone: str, role: str = "worker") -> Obj:
    """A Machine as `cluster create` makes them."""
    return {
        "apiVersion": "playground.dev/v1",
        "kind": "Machine",
        "metadata": {"name": name},
        "spec": {
            "power": "on",
            "kubelet": "running",
            "cpu": settings.cpu,
            "memory": settings.memory,
            "pods": settings.pods,
            "zone": zone,
            "region": REGION,
            "role": role,
        },
    }


def _network() -> Iterator[Entry]:
    yield (
        "servicecidrs.networking.k8s.io",
        "",
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "ServiceCIDR",
            "metadata": {"name": "kubernetes"},
            "spec": {"cidrs": [SERVICE_CIDR]},
        },
    )
    labels = {"component": "apiserver", "provider": "kubernetes"}
    yield (
        "services",
        "default",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kubernetes", "labels": labels},
            "spec": {
                "clusterIP": API_SERVICE_IP,
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
                "sessionAffinity": "None",
                "type": "ClusterIP",
            },
        },
    )
    yield (
        "endpoints",
        "default",
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": "kubernetes", "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
            "subsets": [
                {
                    "addresses": [{"ip": API_ADDRESS}],
                    "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
                }
            ],
        },
    )
    yield (
        "endpointslices.discovery.k8s.io",
        "default",
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "kubernetes", "labels": {"kubernetes.io/service-name": "kubernetes"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [API_ADDRESS], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
        },
    )
