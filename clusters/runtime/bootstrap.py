"""What a new cluster starts with: the objects that kube-apiserver, the installer and the add-ons make.

Machines come first in importance: a Machine is the hardware behind a Node, and its kubelet registers the Node.
Models: kube-apiserver, controlplane/controller/{systemnamespaces,kubernetesservice,defaultservicecidr};
kubeadm's add-ons.
"""

from __future__ import annotations

from collections.abc import Iterator

from clusters.apiserver.authz.bootstrap import bootstrap_objects as rbac_objects
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.registry import Registry, WriteOptions
from clusters.resources.flowcontrol.bootstrap import bootstrap_objects as flowcontrol_objects
from clusters.resources.scheduling.bootstrap import bootstrap_objects as priority_objects
from clusters.runtime.settings import ClusterSettings

MASTER = UserInfo(name="system:apiserver", groups=("system:masters", "system:authenticated"))
SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"
DNS_SERVICE_IP = "10.96.0.10"
API_ADDRESS = "192.168.0.2"
REGION = "region-1"
STAND_IN = "-----BEGIN CERTIFICATE-----\nbm9ib2R5IGNvbm5lY3RzIHRvIHRoaXMgY2x1c3Rlcg==\n-----END CERTIFICATE-----\n"
"""For clusters that nobody connects to (tests)."""

Entry = tuple[str, str, Obj]
"""(qualified resource, namespace, object)"""


def bootstrap(registry: Registry, settings: ClusterSettings, *, authority: str = STAND_IN) -> None:
    """Create everything. The registry is that of a session: all of it is one batch. `authority`: the PEM of the CA
    that signs the API server's certificate."""
    opts = WriteOptions(user=MASTER, manager="kube-apiserver")
    for resource, namespace, obj in entries(settings, authority):
        registry.create(registry.resources[resource], namespace, obj, opts)


def entries(settings: ClusterSettings, authority: str = STAND_IN) -> Iterator[Entry]:
    """All objects, in the order in which they can be created."""
    for name in SYSTEM_NAMESPACES:
        yield "namespaces", "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    yield from _network()
    yield from priority_objects()
    yield from flowcontrol_objects()
    yield from rbac_objects()
    yield "configmaps", "kube-system", _authentication_config(authority)
    for machine in machines(settings):
        yield "machines.playground.dev", "", machine
    if settings.addons == "default":
        yield from _addons(settings)


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


def _authentication_config(authority: str) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
        "data": {
            "client-ca-file": authority,
            "requestheader-allowed-names": '["front-proxy-client"]',
            "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
            "requestheader-group-headers": '["X-Remote-Group"]',
            "requestheader-username-headers": '["X-Remote-User"]',
        },
    }


def _addons(settings: ClusterSettings) -> Iterator[Entry]:
    """Cluster DNS, a default StorageClass and a default IngressClass, as small installers set them up."""
    dns = {"k8s-app": "kube-dns"}
    yield (
        "serviceaccounts",
        "kube-system",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "coredns"}},
    )
    yield (
        "configmaps",
        "kube-system",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "coredns"},
            "data": {
                "Corefile": ".:53 {\n    errors\n    health\n    ready\n    kubernetes cluster.local in-addr.arpa"
                " ip6.arpa {\n       pods insecure\n    }\n    forward . /etc/resolv.conf\n    cache 30\n}\n"
            },
        },
    )
    yield (
        "services",
        "kube-system",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "kube-dns",
                "labels": {**dns, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"},
            },
            "spec": {
                "clusterIP": DNS_SERVICE_IP,
                "selector": dns,
                "ports": [
                    {"name": "dns", "port": 53, "protocol": "UDP"},
                    {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
                    {"name": "metrics", "port": 9153, "protocol": "TCP"},
                ],
            },
        },
    )
    yield "deployments.apps", "kube-system", _coredns(dns)
    yield (
        "storageclasses.storage.k8s.io",
        "",
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": "standard",
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "playground.dev/disk",
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": True,
        },
    )
    yield (
        "ingressclasses.networking.k8s.io",
        "",
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {
                "name": "playground",
                "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"},
            },
            "spec": {"controller": "playground.dev/ingress"},
        },
    )


def _coredns(labels: dict[str, str]) -> Obj:
    def probe(path: str, port: int) -> Obj:
        return {"httpGet": {"path": path, "port": port, "scheme": "HTTP"}}

    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "coredns", "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "serviceAccountName": "coredns",
                    "priorityClassName": "system-cluster-critical",
                    "nodeSelector": {"kubernetes.io/os": "linux"},
                    "tolerations": [
                        {"key": "CriticalAddonsOnly", "operator": "Exists"},
                        {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
                    ],
                    "containers": [
                        {
                            "name": "coredns",
                            "image": "registry.k8s.io/coredns/coredns:v1.13.1",
                            "args": ["-conf", "/etc/coredns/Corefile"],
                            "resources": {
                                "limits": {"memory": "170Mi"},
                                "requests": {"cpu": "100m", "memory": "70Mi"},
                            },
                            "ports": [
                                {"containerPort": 53, "name": "dns", "protocol": "UDP"},
                                {"containerPort": 53, "name": "dns-tcp", "protocol": "TCP"},
                                {"containerPort": 9153, "name": "metrics", "protocol": "TCP"},
                            ],
                            "livenessProbe": {**probe("/health", 8080), "initialDelaySeconds": 60},
                            "readinessProbe": probe("/ready", 8181),
                        }
                    ],
                    "dnsPolicy": "Default",
                },
            },
        },
    }
