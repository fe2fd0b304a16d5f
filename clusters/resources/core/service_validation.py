"""Rules of Services on create and on update. Models: kubernetes, core validation (ValidateService and after)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from clusters.machinery.names import dns1123_label, dns1123_subdomain, port_name, port_number, qualified_name
from clusters.machinery.types import Obj
from clusters.resources.common.meta import label_errors
from clusters.resources.common.net import (
    cidr_errors,
    dual_stack,
    ip_errors,
    is_ipv6,
    non_special_ip_errors,
    parse_ip,
)
from clusters.resources.core.service_shape import (
    externally_accessible,
    is_headless,
    needs_health_check,
)

TYPES = frozenset({"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"})
AFFINITIES = frozenset({"ClientIP", "None"})
PROTOCOLS = frozenset({"TCP", "UDP", "SCTP"})
POLICIES = frozenset({"Cluster", "Local"})
FAMILIES = frozenset({"IPv4", "IPv6"})
FAMILY_POLICIES = frozenset({"SingleStack", "PreferDualStack", "RequireDualStack"})
DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
MAX_AFFINITY_SECONDS = 86_400

_HINTS = "service.kubernetes.io/topology-aware-hints"
_MODE = "service.kubernetes.io/topology-mode"
_SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_ONLY_BALANCER = "may only be used when `type` is 'LoadBalancer'"
_NO_EXTERNAL_NAME = "may not be set for ExternalName services"
_ONCE = "may not change once set"
_SPEC = Path("spec")


def service_errors(obj: Obj, old: Obj | None = None) -> ErrorList:
    """A whole Service; values that `old` has may keep a form that is no longer accepted."""
    spec = obj["spec"]
    before: Obj = old["spec"] if old is not None else {}
    annotations = obj["metadata"].get("annotations") or {}
    errors = _annotation_errors(annotations)
    if not spec.get("ports") and not is_headless(spec) and spec.get("type") != "ExternalName":
        errors.append(required(_SPEC.child("ports")))
    errors += _type_errors(spec)
    errors += _ports_errors(spec)
    if spec.get("selector"):
        errors += label_errors(spec["selector"], _SPEC.child("selector"))
    errors += _affinity_errors(spec)
    errors += cluster_ip_errors(spec, before.get("clusterIPs") or ())
    for i, ip in enumerate(spec.get("externalIPs") or ()):
        at = _SPEC.child("externalIPs").index(i)
        wrong = ip_errors(at, ip, kept=before.get("externalIPs") or ())
        errors += wrong or non_special_ip_errors(at, ip)
    kind = spec.get("type", "")
    if not kind:
        errors.append(required(_SPEC.child("type")))
    elif kind not in TYPES:
        errors.append(not_supported(_SPEC.child("type"), kind, TYPES))
    errors += _port_conflicts(spec)
    errors += _source_range_errors(obj, old)
    allocate = spec.get("allocateLoadBalancerNodePorts")
    if allocate is not None and kind != "LoadBalancer":
        errors.append(forbidden(_SPEC.child("allocateLoadBalancerNodePorts"), _ONLY_BALANCER))
    if allocate is None and kind == "LoadBalancer":
        errors.append(required(Path("allocateLoadBalancerNodePorts")))
    errors += _balancer_class_errors(spec)
    errors += _external_traffic_errors(spec)
    errors += _internal_traffic_errors(spec)
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in DISTRIBUTIONS:
        errors.append(not_supported(_SPEC.child("trafficDistribution"), distribution, DISTRIBUTIONS))
    return errors


def update_errors(new: Obj, old: Obj) -> ErrorList:
    spec, before = new["spec"], old["spec"]
    errors = _cluster_ip_change_errors(spec, before)
    errors += _family_change_errors(spec, before)
    if spec.get("type") == before.get("type") == "LoadBalancer":
        chosen = spec.get("loadBalancerClass")
        if chosen != before.get("loadBalancerClass"):
            errors.append(invalid(_SPEC.child("loadBalancerClass"), chosen, _ONCE))
    errors += _balancer_class_errors(spec)
    if needs_health_check(before) and needs_health_check(spec):
        if spec.get("healthCheckNodePort", 0) != before.get("healthCheckNodePort", 0):
            errors.append(forbidden(_SPEC.child("healthCheckNodePort"), "field is immutable"))
    return errors + service_errors(new, old)


def status_errors(new: Obj, old: Obj) -> ErrorList:
    status = (new.get("status") or {}).get("loadBalancer") or {}
    before = ((old.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return balancer_status_errors(
        status,
        Path("status").child("loadBalancer"),
        balancer=new["spec"].get("type") == "LoadBalancer",
        kept={i.get("ip") for i in before},
    )


def balancer_status_errors(status: Obj, path: Path, *, balancer: bool, kept: Collection[Any]) -> ErrorList:
    """Where a load balancer listens. `balancer`: the Service is of that type."""
    ingress = status.get("ingress") or ()
    at = path.child("ingress")
    if ingress and not balancer:
        return [forbidden(at, "may only be used when `spec.type` is 'LoadBalancer'")]
    errors: ErrorList = []
    for i, point in enumerate(ingress):
        errors += balancer_ip_errors(point.get("ip", ""), at.index(i), kept)
        mode, mode_path = point.get("ipMode"), at.index(i).child("ipMode")
        if mode is None:
            if point.get("ip"):
                errors.append(required(mode_path, "must be specified when `ip` is set"))
        elif not point.get("ip"):
            errors.append(forbidden(mode_path, "may not be specified when `ip` is not set"))
        elif mode not in ("VIP", "Proxy"):
            errors.append(not_supported(mode_path, mode, frozenset({"VIP", "Proxy"})))
        errors += balancer_host_errors(point.get("hostname", ""), at.index(i))
    return errors


def balancer_ip_errors(ip: str, path: Path, kept: Collection[Any]) -> ErrorList:
    return ip_errors(path.child("ip"), ip, kept=kept) if ip else []


def balancer_host_errors(host: str, path: Path) -> ErrorList:
    if not host:
        return []
    at = path.child("hostname")
    errors = [invalid(at, host, text) for text in dns1123_subdomain(host)]
    if parse_ip(host) is not None:
        errors.append(invalid(at, host, "must be a DNS name, not an IP address"))
    return errors


def _annotation_errors(annotations: Obj) -> ErrorList:
    if _HINTS in annotations and _MODE in annotations and annotations[_HINTS] != annotations[_MODE]:
        path = Path("metadata").child("annotations").key(_MODE)
        why = f"must match annotations[{_HINTS}] when both are specified"
        return [invalid(path, annotations[_MODE], why)]
    return []


def _type_errors(spec: Obj) -> ErrorList:
    kind = spec.get("type")
    ips = _SPEC.child("clusterIPs")
    if kind in ("LoadBalancer", "NodePort"):
        if is_headless(spec):
            return [invalid(ips.index(0), "None", f"may not be set to 'None' for {kind} services")]
        return []
    if kind != "ExternalName":
        return []
    errors: ErrorList = []
    if spec.get("clusterIPs"):
        errors.append(forbidden(ips, _NO_EXTERNAL_NAME))
    if spec.get("ipFamilies"):
        errors.append(forbidden(_SPEC.child("ipFamilies"), _NO_EXTERNAL_NAME))
    if spec.get("ipFamilyPolicy") is not None:
        errors.append(forbidden(_SPEC.child("ipFamilyPolicy"), _NO_EXTERNAL_NAME))
    name = spec.get("externalName", "").removesuffix(".")
    at = _SPEC.child("externalName")
    if name:
        errors += [invalid(at, name, text) for text in dns1123_subdomain(name)]
    else:
        errors.append(required(at))
    return errors


def _ports_errors(spec: Obj) -> ErrorList:
    ports = spec.get("ports") or ()
    names: set[str] = set()
    errors: ErrorList = []
    for i, port in enumerate(ports):
        errors += _port_errors(port, _SPEC.child("ports").index(i), names, named=len(ports) > 1)
    return errors


def _port_errors(port: Obj, path: Path, names: set[str], *, named: bool) -> ErrorList:
    errors: ErrorList = []
    name = port.get("name", "")
    if name:
        errors += [invalid(path.child("name"), name, text) for text in dns1123_label(name)]
        if name in names:
            errors.append(duplicate(path.child("name"), name))
        names.add(name)
    elif named:
        errors.append(required(path.child("name")))
    number = port.get("port", 0)
    errors += [invalid(path.child("port"), number, text) for text in port_number(number)]
    protocol = port.get("protocol", "")
    if not protocol:
        errors.append(required(path.child("protocol")))
    elif protocol not in PROTOCOLS:
        errors.append(not_supported(path.child("protocol"), protocol, PROTOCOLS))
    errors += port_or_name_errors(port.get("targetPort", 0), path.child("targetPort"))
    if port.get("appProtocol") is not None:
        words = port["appProtocol"]
        errors += [invalid(path.child("appProtocol"), words, text) for text in qualified_name(words)]
    return errors


def port_or_name_errors(port: Any, path: Path) -> ErrorList:
    """A port by number or by name."""
    wrong = port_number(port) if isinstance(port, int) else port_name(str(port))
    return [invalid(path, port, text) for text in wrong]


def _affinity_errors(spec: Obj) -> ErrorList:
    affinity = spec.get("sessionAffinity", "")
    at, config_at = _SPEC.child("sessionAffinity"), _SPEC.child("sessionAffinityConfig")
    config = spec.get("sessionAffinityConfig")
    if not affinity:
        return [required(at)]
    if affinity not in AFFINITIES:
        return [not_supported(at, affinity, AFFINITIES)]
    if affinity == "None":
        if config is None:
            return []
        return [forbidden(config_at, "must not be set when session affinity is None")]
    if config is None:
        return [required(config_at, "when session affinity type is ClientIP")]
    client = config.get("clientIP")
    if client is None:
        return [required(config_at.child("clientIP"), "when session affinity type is ClientIP")]
    seconds = client.get("timeoutSeconds")
    seconds_at = config_at.child("clientIP", "timeoutSeconds")
    if seconds is None:
        return [required(seconds_at, "when session affinity type is ClientIP")]
    if not 0 < seconds <= MAX_AFFINITY_SECONDS:
        return [invalid(seconds_at, seconds, f"must be greater than 0 and less than {MAX_AFFINITY_SECONDS}")]
    return []


def cluster_ip_errors(spec: Obj, kept: Collection[str] = ()) -> ErrorList:
    """clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy among themselves."""
    if spec.get("type") == "ExternalName":
        return []
    ips: list[str] = spec.get("clusterIPs") or []
    families: list[str] = spec.get("ipFamilies") or []
    ips_at, families_at = _SPEC.child("clusterIPs"), _SPEC.child("ipFamilies")
    errors: ErrorList = []
    if spec.get("clusterIP"):
        if not ips:
            errors.append(required(ips_at))
        elif ips[0] != spec["clusterIP"]:
            errors.append(invalid(ips_at, ips, "first value must match `clusterIP`"))
    elif ips:
        errors.append(invalid(ips_at, ips, "must be empty when `clusterIP` is not specified"))
    for i, family in enumerate(families):
        if family not in FAMILIES:
            errors.append(not_supported(families_at.index(i), family, FAMILIES))
        if family in families[:i]:
            errors.append(duplicate(families_at.index(i), family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in FAMILY_POLICIES:
        errors.append(not_supported(_SPEC.child("ipFamilyPolicy"), policy, FAMILY_POLICIES))
    broken = False
    for i, ip in enumerate(ips):
        if i == 0 and ip == "None":
            if len(ips) > 1:
                broken = True
                errors.append(invalid(ips_at, ips, "'None' must be the first and only value"))
            continue
        wrong = ip_errors(ips_at.index(i), ip, kept=kept)
        broken = broken or bool(wrong)
        errors += wrong
    if len(ips) > 2:
        errors.append(invalid(ips_at, ips, "may only hold up to 2 values"))
    if broken:
        return errors
    if len(ips) > 1 and not dual_stack(ips):
        errors.append(invalid(ips_at, ips, "may specify no more than one IP for each IP family"))
    if not is_headless(spec):
        for i, (ip, family) in enumerate(zip(ips, families, strict=False)):
            if family in FAMILIES and is_ipv6(ip) != (family == "IPv6"):
                why = f"expected an {family} value as indicated by `ipFamilies[{i}]`"
                errors.append(invalid(ips_at.index(i), ip, why))
    return errors


def _port_conflicts(spec: Obj) -> ErrorList:
    ports = spec.get("ports") or ()
    path = _SPEC.child("ports")
    errors: ErrorList = []
    if spec.get("type") == "ClusterIP":
        why = "may not be used when `type` is 'ClusterIP'"
        errors += [forbidden(path.index(i).child("nodePort"), why) for i, p in enumerate(ports) if p.get("nodePort")]
    node_ports: set[tuple[str, int]] = set()
    for i, port in enumerate(ports):
        if not port.get("nodePort"):
            continue
        key = (port.get("protocol", ""), port["nodePort"])
        if key in node_ports:
            errors.append(duplicate(path.index(i).child("nodePort"), port["nodePort"]))
        node_ports.add(key)
    seen: set[tuple[str, int]] = set()
    for i, port in enumerate(ports):
        key = (port.get("protocol", ""), port.get("port", 0))
        if key in seen:
            shown = {
                "Name": "",
                "Protocol": key[0],
                "AppProtocol": None,
                "Port": key[1],
                "TargetPort": 0,
                "NodePort": 0,
            }
            errors.append(duplicate(path.index(i), shown))
        seen.add(key)
    return errors


def _source_range_errors(obj: Obj, old: Obj | None) -> ErrorList:
    spec, annotations = obj["spec"], obj["metadata"].get("annotations") or {}
    ranges = spec.get("loadBalancerSourceRanges") or ()
    balancer = spec.get("type") == "LoadBalancer"
    errors: ErrorList = []
    if ranges:
        path = _SPEC.child("LoadBalancerSourceRanges")
        if not balancer:
            errors.append(forbidden(path, _ONLY_BALANCER))
        before: Obj = old["spec"] if old is not None else {}
        kept = [text.strip() for text in before.get("loadBalancerSourceRanges") or ()]
        for i, text in enumerate(ranges):
            errors += cidr_errors(path.index(i), text.strip(), kept=kept)
    elif _SOURCE_RANGES in annotations:
        path = Path("metadata").child("annotations").key(_SOURCE_RANGES)
        if not balancer:
            errors.append(forbidden(path, _ONLY_BALANCER))
        given = annotations[_SOURCE_RANGES]
        changed = old is None or (old["metadata"].get("annotations") or {}).get(_SOURCE_RANGES, "") != given
        if changed and given.strip():
            for text in given.strip().split(","):
                errors += cidr_errors(path, text.strip())
    return errors


def _balancer_class_errors(spec: Obj) -> ErrorList:
    chosen = spec.get("loadBalancerClass")
    if chosen is None:
        return []
    path = _SPEC.child("loadBalancerClass")
    if spec.get("type") == "LoadBalancer":
        return [invalid(path, chosen, text) for text in qualified_name(chosen)]
    return [forbidden(path, _ONLY_BALANCER)]


def _external_traffic_errors(spec: Obj) -> ErrorList:
    policy, path = spec.get("externalTrafficPolicy", ""), _SPEC.child("externalTrafficPolicy")
    errors: ErrorList = []
    if not externally_accessible(spec):
        if policy:
            errors.append(invalid(path, policy, "may only be set for externally-accessible services"))
    elif not policy:
        errors.append(required(path))
    elif policy not in POLICIES:
        errors.append(not_supported(path, policy, POLICIES))
    port, path = spec.get("healthCheckNodePort", 0), _SPEC.child("healthCheckNodePort")
    if not needs_health_check(spec):
        if port:
            why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
            errors.append(invalid(path, port, why))
    elif not port:
        errors.append(required(path))
    else:
        errors += [invalid(path, port, text) for text in port_number(port)]
    return errors


def _internal_traffic_errors(spec: Obj) -> ErrorList:
    policy, path = spec.get("internalTrafficPolicy"), _SPEC.child("internalTrafficPolicy")
    if policy is None:
        return [required(path)] if spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer") else []
    return [] if policy in POLICIES else [not_supported(path, policy, POLICIES)]


def _cluster_ip_change_errors(spec: Obj, before: Obj) -> ErrorList:
    if "ExternalName" in (spec.get("type"), before.get("type")) or (is_headless(spec) and is_headless(before)):
        return []
    now, then = spec.get("clusterIPs") or [], before.get("clusterIPs") or []
    path = _SPEC.child("clusterIPs")
    if len(now) == len(then):
        pairs = enumerate(zip(now, then, strict=True))
        return [invalid(path.index(i), now, _ONCE) for i, (a, b) in pairs if a != b]
    errors: ErrorList = []
    if len(then) > len(now) and not now:
        errors.append(invalid(path.index(0), now, "primary clusterIP can not be unset"))
    if then and now and now[0] != then[0]:
        errors.append(invalid(path.index(0), now, _ONCE))
    if len(then) > len(now) == 1 and spec.get("ipFamilyPolicy") != "SingleStack":
        why = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        errors.append(invalid(_SPEC.child("ipFamilyPolicy"), spec.get("ipFamilyPolicy"), why))
    return errors


def _family_change_errors(spec: Obj, before: Obj) -> ErrorList:
    if "ExternalName" in (spec.get("type"), before.get("type")) or is_headless(spec) or is_headless(before):
        return []
    now, then = spec.get("ipFamilies") or [], before.get("ipFamilies") or []
    path = _SPEC.child("ipFamilies").index(0)
    if len(now) == len(then):
        return [invalid(path, now, _ONCE) for a, b in zip(now, then, strict=True) if a != b]
    errors: ErrorList = []
    if len(then) > len(now) and not spec.get("clusterIPs"):
        errors.append(invalid(path, now, "primary ipFamily can not be unset"))
    if now and then and now[0] != then[0]:
        errors.append(invalid(path, spec.get("clusterIPs"), _ONCE))
    if len(then) > len(now) == 1 and spec.get("ipFamilyPolicy") != "SingleStack":
        why = "must be set to 'SingleStack' when releasing the secondary ipFamily"
        errors.append(invalid(_SPEC.child("ipFamilyPolicy"), spec.get("ipFamilyPolicy"), why))
    return errors
