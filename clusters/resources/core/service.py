"""Service: one address for a changing set of Pods.

The fields are defaulted and printed here; `service_allocation` gives out addresses and node ports,
`service_validation` holds the rules. Models: kubernetes, registry/core/service.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path
from clusters.machinery.names import dns1123_label
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.columns import AGE, NAME, NONE, labels
from clusters.resources.common.net import cidr_warnings, ip_warnings
from clusters.resources.core import service_allocation as allocation
from clusters.resources.core import service_validation as validation
from clusters.resources.core.service_shape import NONE as NONE_IP
from clusters.resources.core.service_shape import externally_accessible

CLIENT_IP_SECONDS = 10_800


class ServiceStrategy(Strategy):
    allow_create_on_update = True
    exclusive = False

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        return dns1123_label(name, prefix=prefix)

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        if not spec.get("sessionAffinity"):
            spec["sessionAffinity"] = "None"
        if spec["sessionAffinity"] == "None":
            spec.pop("sessionAffinityConfig", None)
        elif spec["sessionAffinity"] == "ClientIP":
            client = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
            if client.get("timeoutSeconds") is None:
                spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": CLIENT_IP_SECONDS}}
        if not spec.get("type"):
            spec["type"] = "ClusterIP"
        for port in spec.get("ports") or ():
            port.setdefault("port", 0)
            if not port.get("protocol"):
                port["protocol"] = "TCP"
            if port.get("targetPort") in (None, 0, ""):
                port["targetPort"] = port["port"]
        kind = spec["type"]
        if externally_accessible(spec) and not spec.get("externalTrafficPolicy"):
            spec["externalTrafficPolicy"] = "Cluster"
        if spec.get("internalTrafficPolicy") is None and kind in ("ClusterIP", "NodePort", "LoadBalancer"):
            spec["internalTrafficPolicy"] = "Cluster"
        if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is None:
            spec["allocateLoadBalancerNodePorts"] = True
        balancer = obj.setdefault("status", {}).setdefault("loadBalancer", {})
        if kind == "LoadBalancer":
            for ingress in balancer.get("ingress") or ():
                if ingress.get("ip") and ingress.get("ipMode") is None:
                    ingress["ipMode"] = "VIP"

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {"loadBalancer": {}}
        allocation.allocate_new(obj, ctx)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return validation.service_errors(obj)

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        allocation.allocate_change(new, old, ctx)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return validation.update_errors(new, old)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return validation.status_errors(new, old)

    def releases(self, obj: Obj, ctx: Context) -> Sequence[tuple[str, str, str]]:
        return allocation.held_addresses(obj)

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return _warnings(obj)

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return _warnings(new)


def _warnings(obj: Obj) -> list[str]:
    spec, path = obj["spec"], Path("spec")
    out: list[str] = []
    if "service.kubernetes.io/topology-aware-hints" in (obj["metadata"].get("annotations") or {}):
        out.append(
            "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use"
            " service.kubernetes.io/topology-mode instead"
        )
    kind, ip = spec.get("type"), spec.get("clusterIP")
    headless = kind == "ClusterIP" and ip == NONE_IP
    external: list[str] = spec.get("externalIPs") or []
    if ip and ip != NONE_IP and kind != "ExternalName":
        for i, each in enumerate(spec.get("clusterIPs") or ()):
            out += ip_warnings(path.child("clusterIPs").index(i), each)
    if headless:
        ignored = {
            "loadBalancerIP": spec.get("loadBalancerIP"),
            "externalIPs": external,
            "SessionAffinity": spec.get("sessionAffinity") != "None",
        }
        out += [f"spec.{name} is ignored for headless services" for name, given in ignored.items() if given]
    for i, each in enumerate(external):
        out += ip_warnings(path.child("externalIPs").index(i), each)
    if external and not headless and kind != "ExternalName":
        out.append("spec.externalIPs is deprecated")
    if spec.get("loadBalancerIP"):
        out += ip_warnings(path.child("loadBalancerIP"), spec["loadBalancerIP"])
    for i, cidr in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        out += cidr_warnings(path.child("loadBalancerSourceRanges").index(i), cidr)
    if external and kind == "ExternalName":
        out.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if spec.get("externalName") and kind != "ExternalName":
        out.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.get("trafficDistribution") == "PreferClose":
        out.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return out


def _type(obj: Obj, now: int = 0) -> str:
    return str((obj.get("spec") or {}).get("type", ""))


def _cluster_ip(obj: Obj, now: int = 0) -> str:
    spec = obj.get("spec") or {}
    return str((spec.get("clusterIPs") or [spec.get("clusterIP", "")])[0])


def _cluster_ip_cell(obj: Obj, now: int) -> str:
    return _cluster_ip(obj) or NONE


def _external_ip(obj: Obj, now: int) -> str:
    spec = obj.get("spec") or {}
    external: list[str] = list(spec.get("externalIPs") or ())
    kind = spec.get("type")
    if kind == "ExternalName":
        return str(spec.get("externalName", ""))
    if kind == "LoadBalancer":
        ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
        found = [str(i.get("ip") or i.get("hostname") or "") for i in ingress]
        joined = ",".join(sorted({word for word in found if word}))
        if external:
            return ",".join([*([joined] if joined else []), ",".join(external)])
        return joined or "<pending>"
    return ",".join(external) if external else NONE


def _ports(obj: Obj, now: int) -> str:
    words = []
    for port in (obj.get("spec") or {}).get("ports") or ():
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        words.append(f"{port.get('port', 0)}{node_port}/{port.get('protocol', '')}")
    return ",".join(words) or NONE


RESOURCE = Resource(
    group="",
    name="services",
    kind="Service",
    singular="service",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.Service"),),
    short_names=("svc",),
    categories=("all",),
    subresources=(
        Subresource(name="proxy", verbs=("create", "delete", "get", "patch", "update"), kind="ServiceProxyOptions"),
        Subresource(name="status"),
    ),
    strategy=ServiceStrategy(),
    columns=(
        NAME,
        Column(
            name="Type",
            description="type determines how the Service is exposed. Defaults to ClusterIP. Valid options are"
            " ExternalName, ClusterIP, NodePort, and LoadBalancer.",
            value=_type,
        ),
        Column(
            name="Cluster-IP",
            description="clusterIP is the IP address of the service and is usually assigned randomly.",
            value=_cluster_ip_cell,
        ),
        Column(
            name="External-IP",
            description="externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic"
            " for this service.",
            value=_external_ip,
        ),
        Column(
            name="Port(s)",
            description="The list of ports that are exposed by this service.",
            value=_ports,
        ),
        AGE,
        Column(
            name="Selector",
            priority=1,
            description="Route service traffic to pods with label keys and values matching this selector.",
            value=lambda obj, now: labels((obj.get("spec") or {}).get("selector")),
        ),
    ),
    fields={"spec.clusterIP": lambda obj: _cluster_ip(obj), "spec.type": lambda obj: _type(obj)},
)
