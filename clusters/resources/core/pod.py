"""Pod.

Models: kubernetes, pkg/registry/core/pod (strategy, subresources), pkg/apis/core/v1/defaults.go.
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Resource, Strategy, Subresource, Version
from clusters.resources.core.pod_columns import COLUMNS
from clusters.resources.pod_spec.defaults import default_host_ports, default_pod_spec
from clusters.resources.pod_spec.qos import qos_class


class PodStrategy(Strategy):
    """Pods keep their own generation, for the scheduler's binding does not count."""

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        default_pod_spec(spec)
        default_pod_only(spec)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        spec = obj["spec"]
        default_pod_only(spec)
        obj["metadata"]["generation"] = 1
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        generation = old["metadata"].get("generation", 0)
        if ctx.subresource != "binding" and new["spec"] != old["spec"]:
            generation += 1
        if generation:
            new["metadata"]["generation"] = generation

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return []

    def grace_seconds(self, obj: Obj, requested: int | None, ctx: Context) -> int | None:
        spec = obj["spec"]
        period = requested if requested is not None else spec.get("terminationGracePeriodSeconds") or 0
        if not spec.get("nodeName") or (obj.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
            return 0
        return 1 if period < 0 else period


def default_pod_only(spec: Obj) -> None:
    """What a Pod gets and a template does not: requests from limits, service links, host ports."""
    for name in ("containers", "initContainers"):
        for container in spec.get(name) or ():
            resources = container.get("resources")
            if resources and resources.get("limits"):
                requests = resources.get("requests")
                limits = resources["limits"]
                if requests is None:
                    resources["requests"] = dict(limits)
                elif any(key not in requests for key in limits):
                    resources["requests"] = {**limits, **requests}
    if spec.get("enableServiceLinks") is None:
        spec["enableServiceLinks"] = True
    if spec.get("hostNetwork"):
        default_host_ports(spec.get("containers"))
        default_host_ports(spec.get("initContainers"))


def _pod_ip(obj: Obj) -> str:
    ips = (obj.get("status") or {}).get("podIPs") or ()
    return str(ips[0].get("ip", "")) if ips else ""


RESOURCE = Resource(
    group="",
    name="pods",
    kind="Pod",
    singular="pod",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.Pod"),),
    short_names=("po",),
    categories=("all",),
    subresources=(
        Subresource(name="attach", verbs=("create", "get"), kind="PodAttachOptions"),
        Subresource(name="binding", verbs=("create",), kind="Binding"),
        Subresource(name="ephemeralcontainers"),
        Subresource(name="eviction", verbs=("create",), kind="Eviction", group="policy", version="v1"),
        Subresource(name="exec", verbs=("create", "get"), kind="PodExecOptions"),
        Subresource(name="log", verbs=("get",)),
        Subresource(name="portforward", verbs=("create", "get"), kind="PodPortForwardOptions"),
        Subresource(
            name="proxy",
            verbs=("create", "delete", "get", "patch", "update"),
            kind="PodProxyOptions",
        ),
        Subresource(name="resize"),
        Subresource(name="status"),
    ),
    strategy=PodStrategy(),
    columns=COLUMNS,
    fields={
        "spec.nodeName": lambda o: o["spec"].get("nodeName", ""),
        "spec.restartPolicy": lambda o: o["spec"].get("restartPolicy", ""),
        "spec.schedulerName": lambda o: o["spec"].get("schedulerName", ""),
        "spec.serviceAccountName": lambda o: o["spec"].get("serviceAccountName", ""),
        "spec.hostNetwork": lambda o: "true" if o["spec"].get("hostNetwork") else "false",
        "status.phase": lambda o: (o.get("status") or {}).get("phase", ""),
        "status.podIP": _pod_ip,
        "status.podIPs": _pod_ip,
        "status.nominatedNodeName": lambda o: (o.get("status") or {}).get("nominatedNodeName", ""),
    },
)
