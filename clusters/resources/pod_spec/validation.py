"""PodSpec validation, in the order in which the real server finds what is wrong.

Models: kubernetes, core validation (ValidatePodSpec).
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
    too_long,
)
from clusters.machinery.names import dns1123_subdomain_with_underscore
from clusters.machinery.types import Obj
from clusters.resources.common.checks import between, label, subdomain
from clusters.resources.common.meta import label_errors
from clusters.resources.common.net import ip_errors
from clusters.resources.pod_spec.annotations import MIRROR
from clusters.resources.pod_spec.containers import (
    Surroundings,
    container_errors,
    each_container,
    ephemeral_container_errors,
    init_container_errors,
)
from clusters.resources.pod_spec.internal import RESOURCE_CLAIM, shown
from clusters.resources.pod_spec.os import os_errors
from clusters.resources.pod_spec.resources import container_requirement_errors, pod_requirement_errors
from clusters.resources.pod_spec.scheduling import (
    affinity_errors,
    gate_errors,
    readiness_gate_errors,
    spread_errors,
    toleration_errors,
)
from clusters.resources.pod_spec.security import host_process_errors, pod_context_errors
from clusters.resources.pod_spec.volumes import volume_errors

RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PREEMPTION = ("PreemptLowerPriority", "Never")
_MAX_INT32 = 2**31 - 1
_NAMESERVERS, _SEARCHES, _SEARCH_CHARS = 3, 32, 2048


def pod_spec_errors(spec: Obj, path: Path, *, pod: Obj | None = None) -> ErrorList:
    """What is wrong with a PodSpec. `pod`: the metadata of the real Pod that it belongs to; None in a template."""
    get = spec.get
    grace = get("terminationGracePeriodSeconds")
    errors: ErrorList = [] if grace is not None else [required(path.child("terminationGracePeriodSeconds"))]
    volumes: dict[str, Obj] = {}
    if get("volumes"):
        name = pod.get("name", "") if pod is not None else ""
        volumes, more = volume_errors(spec["volumes"], path.child("volumes"), pod_name=name)
        errors += more
    claims = {c["name"] for c in get("resourceClaims") or () if c.get("name")}
    if get("resourceClaims"):
        mirror = pod is not None and MIRROR in (pod.get("annotations") or {})
        errors += _claim_errors(spec["resourceClaims"], path.child("resourceClaims"), mirror=mirror)
    around = Surroundings(
        volumes,
        claims,
        grace,
        get("restartPolicy", ""),
        get("hostUsers") is not False,
    )
    containers: Sequence[Obj] = get("containers") or ()
    errors += container_errors(containers, path.child("containers"), around)
    if get("initContainers"):
        errors += init_container_errors(spec["initContainers"], containers, path.child("initContainers"), around)
    if get("ephemeralContainers"):
        errors += ephemeral_container_errors(spec, path.child("ephemeralContainers"), around)
    if get("resources") is not None:
        errors += pod_requirement_errors(spec, claims, path)
    if get("hostNetwork"):
        errors += _host_network_errors(containers, path, in_pod=pod is not None)
    errors += _word_errors(get("restartPolicy", ""), RESTART_POLICIES, path.child("restartPolicy"))
    errors += _word_errors(get("dnsPolicy", ""), _DNS_POLICIES, path.child("dnsPolicy"))
    if get("nodeSelector"):
        errors += label_errors(spec["nodeSelector"], path.child("nodeSelector"))
    if get("securityContext"):
        errors += pod_context_errors(spec["securityContext"], spec, path.child("securityContext"))
    if get("affinity"):
        errors += affinity_errors(spec["affinity"], path.child("affinity"))
    if get("dnsConfig") is not None or get("dnsPolicy") == "None":
        errors += _dns_config_errors(get("dnsConfig"), get("dnsPolicy", ""), path.child("dnsConfig"))
    if get("readinessGates"):
        errors += readiness_gate_errors(spec["readinessGates"], path.child("readinessGates"))
    if get("schedulingGates"):
        errors += gate_errors(spec["schedulingGates"], path.child("schedulingGates"))
    if get("topologySpreadConstraints"):
        errors += spread_errors(spec["topologySpreadConstraints"], path.child("topologySpreadConstraints"))
    errors += host_process_errors(spec, list(each_container(spec, path)), path)
    if get("hostUsers") is False:
        errors += _host_users_errors(spec, path)
    if get("hostnameOverride") is not None:
        errors += _hostname_errors(spec, path.child("hostnameOverride"))
    for name, check in (
        ("serviceAccountName", subdomain),
        ("nodeName", subdomain),
    ):
        if get(name):
            errors += check(spec[name], path.child(name))
    deadline = get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _MAX_INT32:
        errors.append(invalid(path.child("activeDeadlineSeconds"), deadline, between(1, _MAX_INT32)))
    for name in ("hostname", "subdomain"):
        if get(name):
            errors += label(spec[name], path.child(name))
    if get("tolerations"):
        errors += toleration_errors(spec["tolerations"], path.child("tolerations"))
    if get("hostAliases"):
        errors += _host_alias_errors(spec["hostAliases"], path.child("hostAliases"))
    if get("priorityClassName"):
        errors += subdomain(spec["priorityClassName"], path.child("priorityClassName"))
    if get("runtimeClassName") is not None:
        errors += subdomain(spec["runtimeClassName"], path.child("runtimeClassName"))
    if get("preemptionPolicy") is not None:
        errors += _word_errors(spec["preemptionPolicy"], _PREEMPTION, path.child("preemptionPolicy"))
    if get("overhead"):
        errors += container_requirement_errors({"limits": spec["overhead"]}, (), path.child("overhead"))
    errors += os_errors(spec, path)
    return errors + _file_key_errors(spec, path)


def _word_errors(value: str, supported: Sequence[str], path: Path) -> ErrorList:
    if value in supported:
        return []
    return [not_supported(path, value, supported) if value else required(path)]


def _claim_errors(claims: Sequence[Obj], path: Path, *, mirror: bool) -> ErrorList:
    if mirror:
        return [forbidden(Path(""), "static pods do not support resource claims") for _ in claims]
    errors: ErrorList = []
    names: set[str] = set()
    for i, claim in enumerate(claims):
        at, name = path.index(i), claim.get("name", "")
        own, template = claim.get("resourceClaimName"), claim.get("resourceClaimTemplateName")
        if not name:
            errors.append(required(at.child("name")))
        elif name in names:
            errors.append(duplicate(at.child("name"), name))
        else:
            errors += label(name, at.child("name"))
            names.add(name)
        if own is not None and template is not None:
            text = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            errors.append(invalid(at, shown(claim, RESOURCE_CLAIM), text))
        if own is None and template is None:
            text = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            errors.append(invalid(at, shown(claim, RESOURCE_CLAIM), text))
        for field in ("resourceClaimName", "resourceClaimTemplateName"):
            if claim.get(field) is not None:
                errors += subdomain(claim[field], at.child(field))
    return errors


def _host_network_errors(containers: Sequence[Obj], path: Path, *, in_pod: bool) -> ErrorList:
    """In a Pod every port is the host's; a template may leave the host port out."""
    errors: ErrorList = []
    for i, container in enumerate(containers):
        for j, port in enumerate(container.get("ports") or ()):
            host = port.get("hostPort", 0)
            if (in_pod or host) and host != port.get("containerPort", 0):
                at = path.child("containers").index(i).child("ports").index(j).child("hostPort")
                errors.append(invalid(at, host, "must match `containerPort` when `hostNetwork` is true"))
    return errors


def _dns_config_errors(config: Obj | None, policy: str, path: Path) -> ErrorList:
    if policy == "None":
        if config is None:
            return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.get("nameservers"):
            text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(path.child("nameservers"), text)]
    errors: ErrorList = []
    config = config or {}
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if len(servers) > _NAMESERVERS:
        text = f"must not have more than {_NAMESERVERS} nameservers"
        errors.append(invalid(path.child("nameservers"), servers, text))
    for i, server in enumerate(servers):
        errors += ip_errors(path.child("nameservers").index(i), server)
    if len(searches) > _SEARCHES:
        text = f"must not have more than {_SEARCHES} search paths"
        errors.append(invalid(path.child("searches"), searches, text))
    if len(" ".join(searches)) > _SEARCH_CHARS:
        text = f"must not have more than {_SEARCH_CHARS} characters (including spaces) in the search list"
        errors.append(invalid(path.child("searches"), searches, text))
    for i, search in enumerate(searches):
        if search != ".":
            search = search.removesuffix(".")
            at = path.child("searches").index(i)
            errors += [invalid(at, search, text) for text in dns1123_subdomain_with_underscore(search)]
    for i, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(required(path.child("options").index(i), "must not be empty"))
    return errors


def _host_users_errors(spec: Obj, path: Path) -> ErrorList:
    text = "when `hostUsers` is false"
    errors = [
        forbidden(path.child(shown_as), text)
        for name, shown_as in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC"))
        if spec.get(name)
    ]
    for container, at in each_container(spec, path):
        if container.get("volumeDevices"):
            errors.append(forbidden(at.child("volumeDevices"), text))
    return errors


def _hostname_errors(spec: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    name = spec["hostnameOverride"]
    if spec.get("setHostnameAsFQDN"):
        errors.append(forbidden(path, "may not be specified when setHostnameAsFQDN is true"))
    if spec.get("hostNetwork"):
        errors.append(forbidden(path, "may not be specified when hostNetwork is true"))
    if len(name) > 64:
        errors.append(too_long(path, 64))
    return errors + subdomain(name, path)


def _host_alias_errors(aliases: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    for i, alias in enumerate(aliases):
        errors += ip_errors(path.index(i).child("ip"), alias.get("ip", ""))
        for j, name in enumerate(alias.get("hostnames") or ()):
            errors += subdomain(name, path.index(i).child("hostnames").index(j))
    return errors


def _file_key_errors(spec: Obj, path: Path) -> ErrorList:
    """Environment files lie on emptyDir volumes."""
    errors: ErrorList = []
    for container, at in each_container(spec, path):
        for i, variable in enumerate(container.get("env") or ()):
            ref = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if ref is None:
                continue
            name = ref.get("volumeName", "")
            where = at.child("env").index(i).child("valueFrom", "fileKeyRef", "volumeName")
            volume = next((v for v in spec.get("volumes") or () if v.get("name") == name), None)
            if volume is None:
                errors.append(not_found(where, name))
            elif volume.get("emptyDir") is None:
                errors.append(invalid(where, name, "referenced volume must be of type emptyDir"))
    return errors
