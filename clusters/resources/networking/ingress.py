"""Ingress: HTTP from outside to Services. Models: kubernetes, registry/networking/ingress and its validation."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, invalid, not_supported, required
from clusters.machinery.names import (
    dns1123_label,
    dns1123_subdomain,
    path_segment_name,
    port_name,
    port_number,
    wildcard_dns1123_subdomain,
)
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.columns import AGE, NAME, NONE
from clusters.resources.common.net import ip_warnings, parse_ip
from clusters.resources.core.service_validation import balancer_host_errors, balancer_ip_errors

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
PATH_TYPES = frozenset({"Exact", "Prefix", "ImplementationSpecific"})
SHOWN_HOSTS = 3
_SPEC = Path("spec")
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDINGS = ("/..", "/.")


class IngressStrategy(Strategy):
    validates_whole_update = True
    has_generation = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})
        obj.setdefault("status", {}).setdefault("loadBalancer", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {"loadBalancer": {}}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors = _spec_errors(obj["spec"])
        annotation = (obj["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
        chosen = obj["spec"].get("ingressClassName")
        if annotation is not None and chosen is not None and annotation != chosen:
            path = Path("annotations").child(CLASS_ANNOTATION)
            errors.append(invalid(path, annotation, "must match `ingressClassName` when both are specified"))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return _spec_errors(new["spec"])

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        path = Path("status").child("loadBalancer", "ingress")
        kept = {point.get("ip") for point in at(old, "status", "loadBalancer", "ingress") or ()}
        errors: ErrorList = []
        for i, point in enumerate(at(new, "status", "loadBalancer", "ingress") or ()):
            errors += balancer_ip_errors(point.get("ip", ""), path.index(i), kept)
            errors += balancer_host_errors(point.get("hostname", ""), path.index(i))
        return errors

    def warn_status(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        points = at(new, "status", "loadBalancer", "ingress") or ()
        path = Path("status").child("loadBalancer", "ingress")
        return [text for i, p in enumerate(points) for text in ip_warnings(path.index(i).child("ip"), p.get("ip", ""))]

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        annotated = CLASS_ANNOTATION in (obj["metadata"].get("annotations") or {})
        if annotated and obj["spec"].get("ingressClassName") is None:
            return [f"annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"]
        return []


def _spec_errors(spec: Obj) -> ErrorList:
    errors: ErrorList = []
    rules, backend = spec.get("rules"), spec.get("defaultBackend")
    if not rules and backend is None:
        errors.append(invalid(_SPEC, rules, "either `defaultBackend` or `rules` must be specified"))
    if backend is not None:
        errors += _backend_errors(backend, _SPEC.child("defaultBackend"))
    for i, rule in enumerate(rules or ()):
        errors += _rule_errors(rule, _SPEC.child("rules").index(i))
    for i, tls in enumerate(spec.get("tls") or ()):
        path = _SPEC.child("tls").index(i)
        for j, host in enumerate(tls.get("hosts") or ()):
            errors += _host_errors(host, path.child("hosts").index(j))
        secret = tls.get("secretName")
        if secret:
            at_ = path.child("secretName")
            errors += [invalid(at_, secret, text) for text in dns1123_subdomain(secret)]
    chosen = spec.get("ingressClassName")
    if chosen is not None:
        path = _SPEC.child("ingressClassName")
        errors += [invalid(path, chosen, text) for text in dns1123_subdomain(chosen)]
    return errors


def _host_errors(host: str, path: Path) -> ErrorList:
    check = wildcard_dns1123_subdomain if "*" in host else dns1123_subdomain
    return [invalid(path, host, text) for text in check(host)]


def _rule_errors(rule: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    host = rule.get("host", "")
    if host:
        if parse_ip(host) is not None:
            errors.append(invalid(path.child("host"), host, "must be a DNS name, not an IP address"))
        errors += _host_errors(host, path.child("host"))
    http = rule.get("http")
    if http is not None:
        paths = http.get("paths") or ()
        at_ = path.child("http", "paths")
        if not paths:
            errors.append(required(at_))
        for i, each in enumerate(paths):
            errors += _path_errors(each, at_.index(i))
    return errors


def _path_errors(entry: Obj, path: Path) -> ErrorList:
    kind, where, at_ = entry.get("pathType"), entry.get("path", ""), path.child("path")
    if not kind:
        return [required(path.child("pathType"), "pathType must be specified")]
    errors: ErrorList = []
    if kind not in PATH_TYPES:
        errors.append(not_supported(path.child("pathType"), kind, PATH_TYPES))
    elif kind == "ImplementationSpecific":
        if where and not where.startswith("/"):
            errors.append(invalid(at_, where, "must be an absolute path"))
    else:
        if not where.startswith("/"):
            errors.append(invalid(at_, where, "must be an absolute path"))
        errors += [invalid(at_, where, f"must not contain '{bad}'") for bad in _BAD_SEQUENCES if bad in where]
        errors += [invalid(at_, where, f"cannot end with '{bad}'") for bad in _BAD_ENDINGS if where.endswith(bad)]
    return errors + _backend_errors(entry.get("backend") or {}, path.child("backend"))


def _backend_errors(backend: Obj, path: Path) -> ErrorList:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return reference_errors(resource, path.child("resource"))
    if service is None:
        return [invalid(path, "", "resource or service backend is required")]
    errors: ErrorList = []
    name, at_ = service.get("name", ""), path.child("service", "name")
    if name:
        errors += [invalid(at_, name, text) for text in dns1123_label(name)]
    else:
        errors.append(required(at_))
    port = service.get("port") or {}
    word, number = port.get("name", ""), port.get("number", 0)
    if word and number:
        errors.append(invalid(path, "", "cannot set both port name & port number"))
    elif word:
        at_ = path.child("service", "port", "name")
        errors += [invalid(at_, word, text) for text in port_name(word)]
    elif number:
        at_ = path.child("service", "port", "number")
        errors += [invalid(at_, number, text) for text in port_number(number)]
    else:
        errors.append(required(path, "port name or number is required"))
    return errors


def reference_errors(reference: Obj, path: Path) -> ErrorList:
    """A reference to an object of any kind in the same place."""
    errors: ErrorList = []
    group = reference.get("apiGroup")
    if group is not None:
        errors += [invalid(path.child("apiGroup"), group, text) for text in dns1123_subdomain(group)]
    for name in ("kind", "name"):
        value = reference.get(name, "")
        if value:
            errors += [invalid(path.child(name), value, text) for text in path_segment_name(value)]
        else:
            errors.append(required(path.child(name), f"{name} is required"))
    return errors


def _hosts(obj: Obj, now: int) -> str:
    rules = at(obj, "spec", "rules") or ()
    words: list[str] = []
    more = False
    for rule in rules:
        more = more or len(words) == SHOWN_HOSTS
        if not more and rule.get("host"):
            words.append(rule["host"])
    if not words:
        return "*"
    shown = ",".join(words)
    return f"{shown} + {len(rules) - SHOWN_HOSTS} more..." if more else shown


def _address(obj: Obj, now: int) -> str:
    points = at(obj, "status", "loadBalancer", "ingress") or ()
    return ",".join(sorted({p.get("ip") or p.get("hostname") or "" for p in points} - {""}))


RESOURCE = Resource(
    group="networking.k8s.io",
    name="ingresses",
    kind="Ingress",
    singular="ingress",
    versions=(Version(name="v1", schema="io.k8s.api.networking.v1.Ingress"),),
    short_names=("ing",),
    subresources=(Subresource(name="status"),),
    strategy=IngressStrategy(),
    columns=(
        NAME,
        Column(
            name="Class",
            description="The name of the IngressClass resource that should be used for additional configuration",
            value=field("spec", "ingressClassName", default=NONE),
        ),
        Column(
            name="Hosts",
            description="Hosts that incoming requests are matched against before the ingress rule",
            value=_hosts,
        ),
        Column(
            name="Address",
            description="Address is a list containing ingress points for the load-balancer",
            value=_address,
        ),
        Column(
            name="Ports",
            description="Ports of TLS configurations that open",
            value=lambda obj, now: "80, 443" if at(obj, "spec", "tls") else "80",
        ),
        AGE,
    ),
)
