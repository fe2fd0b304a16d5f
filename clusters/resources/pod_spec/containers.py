"""Containers, init containers and ephemeral containers of a PodSpec.

Models: kubernetes, core validation (validateContainers, validateInitContainers, validateEphemeralContainers).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
    too_many,
)
from clusters.machinery.names import port_name, port_number
from clusters.machinery.types import Obj
from clusters.resources.common.checks import label
from clusters.resources.pod_spec.environment import env_errors, env_from_errors
from clusters.resources.pod_spec.mounts import device_errors, mount_errors
from clusters.resources.pod_spec.probes import lifecycle_errors, probe_errors
from clusters.resources.pod_spec.resources import container_requirement_errors, resize_policy_errors
from clusters.resources.pod_spec.security import container_context_errors

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
PROTOCOLS = frozenset({"TCP", "UDP", "SCTP"})
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PULL_POLICIES = frozenset({"Always", "IfNotPresent", "Never"})
_RESTART_POLICIES = frozenset({"Always", "Never", "OnFailure"})
_RULE_ACTIONS = frozenset({"Restart", "RestartAllContainers"})
_RULE_OPERATORS = frozenset({"In", "NotIn"})
_SIDECARS_ONLY = "may not be set for init containers without restartPolicy=Always"

_NOT_EPHEMERAL = (
    # In the order of the struct; what is left is allowed.
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)
_LISTS_AND_STRUCTS = frozenset({"ports", "resources", "resizePolicy", "restartPolicyRules"})
"""Of those, what is absent when it is empty; the others are pointers."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rules of a container need to know of its Pod."""

    volumes: Mapping[str, Obj]
    claims: Collection[str]
    grace: int | None
    restart_policy: str
    host_users: bool


def each_container(spec: Obj, path: Path) -> Iterator[tuple[Obj, Path]]:
    """All containers, in the order in which rules over all of them look: init, ordinary, ephemeral."""
    for name in ("initContainers", "containers", "ephemeralContainers"):
        for i, container in enumerate(spec.get(name) or ()):
            yield container, path.child(name).index(i)


def container_errors(containers: Sequence[Obj], path: Path, around: Surroundings) -> ErrorList:
    if not containers:
        return [required(path)]
    errors: ErrorList = []
    names: set[str] = set()
    for i, container in enumerate(containers):
        at = path.index(i)
        errors += _common_errors(container, at, around)
        name = container.get("name", "")
        if name in names:
            errors.append(duplicate(at.child("name"), name))
        names.add(name)
        errors += _running_errors(container, at, around)
        errors += _restart_errors(container, at)
    return errors + host_port_errors(containers, path)


def init_container_errors(
    containers: Sequence[Obj], regular: Sequence[Obj], path: Path, around: Surroundings
) -> ErrorList:
    errors: ErrorList = []
    names = {c.get("name", "") for c in regular}
    for i, container in enumerate(containers):
        at = path.index(i)
        errors += _common_errors(container, at, around)
        sidecar = container.get("restartPolicy") == "Always"
        errors += _restart_errors(container, at, init=True)
        name = container.get("name", "")
        if name in names:
            errors.append(duplicate(at.child("name"), name))
        elif name:
            names.add(name)
        errors += host_port_errors([container], path)
        if sidecar:
            errors += _running_errors(container, at, around)
        else:
            errors += [
                forbidden(at.child(field), _SIDECARS_ONLY)
                for field in ("lifecycle", *PROBES)
                if container.get(field) is not None
            ]
            for j, policy in enumerate(container.get("resizePolicy") or ()):
                if policy.get("restartPolicy") == "RestartContainer":
                    where = at.child("resizePolicy").index(j).child("restartPolicy")
                    text = "must not be set to 'RestartContainer' for non-sidecar initContainers"
                    errors.append(invalid(where, "RestartContainer", text))
    return errors


def ephemeral_container_errors(spec: Obj, path: Path, around: Surroundings) -> ErrorList:
    errors: ErrorList = []
    others = {c.get("name", "") for c in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))}
    names = set(others)
    for i, container in enumerate(spec.get("ephemeralContainers") or ()):
        at = path.index(i)
        errors += _common_errors(container, at, around)
        errors += pod_only_errors(container, at)
        name, target = container.get("name", ""), container.get("targetContainerName")
        if name in names:
            errors.append(duplicate(at.child("name"), name))
        names.add(name)
        if target and target not in others:
            errors.append(not_found(at.child("targetContainerName"), target))
        text = "cannot be set for an Ephemeral Container"
        errors += [forbidden(at.child(field), text) for field in _NOT_EPHEMERAL if _has(container, field)]
        for j, mount in enumerate(container.get("volumeMounts") or ()):
            errors += [
                forbidden(at.child("volumeMounts").index(j).child(field), text)
                for field in ("subPath", "subPathExpr")
                if mount.get(field)
            ]
    return errors


def _has(container: Obj, field: str) -> bool:
    value = container.get(field)
    return bool(value) if field in _LISTS_AND_STRUCTS else value is not None


def pod_only_errors(container: Obj, path: Path) -> ErrorList:
    """What a Pod may not have although a template may."""
    image = container.get("image", "")
    if image != image.strip():
        return [invalid(path.child("image"), image, "must not have leading or trailing whitespace")]
    return []


def _common_errors(container: Obj, path: Path, around: Surroundings) -> ErrorList:
    get = container.get
    name = get("name", "")
    errors = label(name, path.child("name")) if name else [required(path.child("name"))]
    if not get("image"):
        errors.append(required(path.child("image")))
    policy = get("terminationMessagePolicy", "")
    if policy not in _MESSAGE_POLICIES:
        at = path.child("terminationMessagePolicy")
        errors.append(not_supported(at, policy, _MESSAGE_POLICIES) if policy else required(at))
    if get("ports"):
        errors += port_errors(container["ports"], path.child("ports"))
    if get("env"):
        errors += env_errors(container["env"], path.child("env"))
    if get("envFrom"):
        errors += env_from_errors(container["envFrom"], path.child("envFrom"))
    if get("volumeMounts"):
        errors += mount_errors(container, around.volumes, path.child("volumeMounts"))
    if get("volumeDevices"):
        errors += device_errors(container, around.volumes, path.child("volumeDevices"))
    pull = get("imagePullPolicy", "")
    if pull not in _PULL_POLICIES:
        at = path.child("imagePullPolicy")
        errors.append(not_supported(at, pull, _PULL_POLICIES) if pull else required(at))
    if get("resources"):
        errors += container_requirement_errors(container["resources"], around.claims, path.child("resources"))
    if get("resizePolicy"):
        errors += resize_policy_errors(container["resizePolicy"], path.child("resizePolicy"), around.restart_policy)
    context = get("securityContext")
    if context is not None:
        errors += container_context_errors(context, path.child("securityContext"), host_users=around.host_users)
    return errors


def _running_errors(container: Obj, path: Path, around: Surroundings) -> ErrorList:
    """Hooks and probes, of containers that stay."""
    errors: ErrorList = []
    if container.get("lifecycle") is not None:
        errors += lifecycle_errors(container["lifecycle"], path.child("lifecycle"), grace=around.grace)
    for name in PROBES:
        if container.get(name) is not None:
            errors += probe_errors(name, container[name], path.child(name), around.grace)
    return errors


def _restart_errors(container: Obj, path: Path, *, init: bool = False) -> ErrorList:
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or ()
    if policy is None and not rules:
        return []
    errors: ErrorList = []
    if policy is None:
        text = "must specify restartPolicy when restart rules are used"
        errors.append(required(path.child("restartPolicy"), text))
        if init:
            return errors
    elif policy not in _RESTART_POLICIES:
        errors.append(not_supported(path.child("restartPolicy"), policy, _RESTART_POLICIES))
    if len(rules) > 20:
        errors.append(too_many(path.child("restartPolicyRules"), len(rules), 20))
    for i, rule in enumerate(rules):
        at = path.child("restartPolicyRules").index(i)
        action, codes = rule.get("action", ""), rule.get("exitCodes")
        if action not in _RULE_ACTIONS:
            errors.append(not_supported(at.child("action"), action, _RULE_ACTIONS))
        if codes is None:
            errors.append(required(at.child("exitCodes"), "must be specified"))
            continue
        operator, values = codes.get("operator", ""), codes.get("values") or ()
        if operator not in _RULE_OPERATORS:
            errors.append(not_supported(at.child("exitCodes", "operator"), operator, _RULE_OPERATORS))
        if len(values) > 255:
            errors.append(too_many(at.child("exitCodes", "values"), len(values), 255))
    return errors


def port_errors(ports: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    names: set[str] = set()
    for i, port in enumerate(ports):
        name, number, host = port.get("name"), port.get("containerPort", 0), port.get("hostPort", 0)
        protocol = port.get("protocol", "")
        if name:
            wrong = port_name(name)
            errors += [invalid(path.index(i).child("name"), name, text) for text in wrong]
            if not wrong and name in names:
                errors.append(duplicate(path.index(i).child("name"), name))
            elif not wrong:
                names.add(name)
        if not number:
            errors.append(required(path.index(i).child("containerPort")))
        elif not 1 <= number <= 65535:
            at = path.index(i).child("containerPort")
            errors += [invalid(at, number, text) for text in port_number(number)]
        if host and not 1 <= host <= 65535:
            at = path.index(i).child("hostPort")
            errors += [invalid(at, host, text) for text in port_number(host)]
        if protocol not in PROTOCOLS:
            at = path.index(i).child("protocol")
            errors.append(not_supported(at, protocol, PROTOCOLS) if protocol else required(at))
    return errors


def host_port_errors(containers: Sequence[Obj], path: Path) -> ErrorList:
    """No two containers take the same port of the host."""
    errors: ErrorList = []
    taken: set[str] = set()
    for i, container in enumerate(containers):
        for j, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            shown = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if shown in taken:
                at = path.index(i).child("ports").index(j).child("hostPort")
                errors.append(duplicate(at, shown))
            taken.add(shown)
    return errors
