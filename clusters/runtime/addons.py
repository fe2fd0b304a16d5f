"""What a cluster of `--addons default` has beside its control plane: cluster DNS, a default StorageClass and
IngressClass, and a metrics server, as small installers set them up.

Models: kubeadm's add-ons; kubernetes-sigs/metrics-server, manifests/base.
"""

from __future__ import annotations

from collections.abc import Iterator

from clusters.machinery.types import Obj

DNS_SERVICE_IP = "10.96.0.10"

Entry = tuple[str, str, Obj]
"""(qualified resource, namespace, object)"""


def entries(*, workers: bool = True) -> Iterator[Entry]:
    """All of them, in the order in which they can be created. Without `workers` the control plane's nodes run them."""
    yield from _dns()
    yield from _classes()
    yield from _metrics_server(workers=workers)


def _dns() -> Iterator[Entry]:
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


def _classes() -> Iterator[Entry]:
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


_METRICS = {"k8s-app": "metrics-server"}
_RBAC = "rbac.authorization.k8s.io"


def _metrics_server(*, workers: bool) -> Iterator[Entry]:
    """`components.yaml` of metrics-server."""
    meta = {"name": "metrics-server", "labels": _METRICS}
    space = "kube-system"
    yield "serviceaccounts", space, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
    aggregated = {f"{_RBAC}/aggregate-to-{role}": "true" for role in ("admin", "edit", "view")}
    reader = {"name": "system:aggregated-metrics-reader", "labels": {**_METRICS, **aggregated}}
    yield _cluster_role(reader, [(["metrics.k8s.io"], ["pods", "nodes"], ["get", "list", "watch"])])
    own = {"name": "system:metrics-server", "labels": _METRICS}
    yield _cluster_role(own, [([""], ["nodes/metrics"], ["get"]), ([""], ["pods", "nodes"], ["get", "list", "watch"])])
    bound = {"name": "metrics-server-auth-reader", "labels": _METRICS}
    yield _binding("RoleBinding", bound, "Role", "extension-apiserver-authentication-reader")
    delegator = {"name": "metrics-server:system:auth-delegator", "labels": _METRICS}
    yield _binding("ClusterRoleBinding", delegator, "ClusterRole", "system:auth-delegator")
    yield _binding("ClusterRoleBinding", own, "ClusterRole", "system:metrics-server")
    ports = [{"appProtocol": "https", "name": "https", "port": 443, "protocol": "TCP", "targetPort": "https"}]
    spec = {"ports": ports, "selector": _METRICS}
    yield "services", space, {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}
    yield "deployments.apps", space, _metrics_deployment(meta, workers=workers)
    yield (
        "apiservices.apiregistration.k8s.io",
        "",
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io", "labels": _METRICS},
            "spec": {
                "group": "metrics.k8s.io",
                "groupPriorityMinimum": 100,
                "insecureSkipTLSVerify": True,
                "service": {"name": "metrics-server", "namespace": space},
                "version": "v1beta1",
                "versionPriority": 100,
            },
        },
    )


def _cluster_role(meta: Obj, rules: list[tuple[list[str], list[str], list[str]]]) -> Entry:
    listed = [{"apiGroups": groups, "resources": names, "verbs": verbs} for groups, names, verbs in rules]
    role: Obj = {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": meta, "rules": listed}
    return f"clusterroles.{_RBAC}", "", role


def _binding(kind: str, meta: Obj, role_kind: str, role: str) -> Entry:
    subjects = [{"kind": "ServiceAccount", "name": "metrics-server", "namespace": "kube-system"}]
    obj: Obj = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": kind,
        "metadata": meta,
        "roleRef": {"apiGroup": _RBAC, "kind": role_kind, "name": role},
        "subjects": subjects,
    }
    return f"{kind.lower()}s.{_RBAC}", "kube-system" if kind == "RoleBinding" else "", obj


def _metrics_deployment(meta: Obj, *, workers: bool) -> Obj:
    def probe(path: str, **more: int) -> Obj:
        return {
            "failureThreshold": 3,
            "httpGet": {"path": path, "port": "https", "scheme": "HTTPS"},
            "periodSeconds": 10,
            **more,
        }

    container: Obj = {
        "name": "metrics-server",
        "image": "registry.k8s.io/metrics-server/metrics-server:v0.8.0",
        "imagePullPolicy": "IfNotPresent",
        "args": [
            "--cert-dir=/tmp",
            "--secure-port=10250",
            "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
            "--kubelet-use-node-status-port",
            "--metric-resolution=15s",
        ],
        "livenessProbe": probe("/livez"),
        "readinessProbe": probe("/readyz", initialDelaySeconds=20),
        "ports": [{"containerPort": 10250, "name": "https", "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "200Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"mountPath": "/tmp", "name": "tmp-dir"}],
    }
    taint = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    tolerations = {} if workers else {"tolerations": [taint]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta,
        "spec": {
            "selector": {"matchLabels": _METRICS},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": _METRICS},
                "spec": {
                    "containers": [container],
                    "nodeSelector": {"kubernetes.io/os": "linux"},
                    "priorityClassName": "system-cluster-critical",
                    "serviceAccountName": "metrics-server",
                    **tolerations,
                    "volumes": [{"emptyDir": {}, "name": "tmp-dir"}],
                },
            },
        },
    }
