"""The status of a Pod: what a writer of it may leave out, and may not do.

Models: kubernetes, registry/core/pod (podStatusStrategy), core validation (ValidatePodStatusUpdate).
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path, duplicate, forbidden, invalid, required, too_long
from clusters.machinery.types import Obj
from clusters.resources.common.checks import IMMUTABLE, label, one_of, qualified, subdomain
from clusters.resources.common.net import ip_errors, ip_warnings, parse_ip
from clusters.resources.pod_spec.security import id_errors

_STATUS = Path("status")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_MAPPING = ("containerName", "resourceName", "requestName")
_NO_EXTENDED_RESOURCE = (
    "must match the extended resource name of an entry in spec.initContainers.resources.requests or"
    " spec.containers.resources.requests"
)
_HEALTH = "allocatedResourcesStatus"
_HEALTHS = frozenset({"Healthy", "Unhealthy", "Unknown"})
_HEALTH_MESSAGE = 1024
_SYSTEM_CONDITIONS = ("PodScheduled", "Ready", "Initialized")


def default_status(status: Obj) -> None:
    """What a Go round trip shows: times that are not set, states that are empty. In place."""
    for condition in status.get("conditions") or ():
        condition.setdefault("lastProbeTime", None)
        condition.setdefault("lastTransitionTime", None)
    for name in _STATUSES:
        for container in status.get(name) or ():
            for state in (container.setdefault("state", {}), container.setdefault("lastState", {})):
                running, terminated = state.get("running"), state.get("terminated")
                if running is not None:
                    running.setdefault("startedAt", None)
                if terminated is not None:
                    terminated.setdefault("exitCode", 0)
                    terminated.setdefault("startedAt", None)
                    terminated.setdefault("finishedAt", None)
            container.setdefault("ready", False)
            container.setdefault("restartCount", 0)
            container.setdefault("image", "")
            container.setdefault("imageID", "")
    _default_pod_ip(status)


def _default_pod_ip(status: Obj) -> None:
    """The single address and the list tell the same; the list follows the single one."""
    one, many = status.get("podIP"), status.get("podIPs")
    if one and (not many or many[0].get("ip") != one):
        status["podIPs"] = [{"ip": one}]
    elif many and not one:
        status["podIP"] = many[0].get("ip", "")


def keep_observed_generation(status: Obj, old: Obj) -> None:
    """`observedGeneration`, of the Pod and of each condition, is not lost by a writer that does not know it."""
    if not status.get("observedGeneration") and old.get("observedGeneration"):
        status["observedGeneration"] = old["observedGeneration"]
    known: dict[str, list[int]] = {}
    for condition in old.get("conditions") or ():
        known.setdefault(condition.get("type", ""), []).append(condition.get("observedGeneration", 0))
    for condition in status.get("conditions") or ():
        seen = known.get(condition.get("type", ""))
        generation = seen.pop(0) if seen else 0
        if generation and not condition.get("observedGeneration"):
            condition["observedGeneration"] = generation


def status_errors(new: Obj, old: Obj) -> ErrorList:
    status, before, spec = new.get("status") or {}, old.get("status") or {}, old["spec"]
    errors = _condition_errors(status.get("conditions") or ())
    nominated = status.get("nominatedNodeName", "")
    if nominated and nominated != before.get("nominatedNodeName", ""):
        at = _STATUS.child("nominatedNodeName")
        errors += subdomain(nominated, at)
        if spec.get("nodeName"):
            errors.append(forbidden(at, "may not be set on pods that are already bound to a node"))
    if status.get("observedGeneration", 0) < 0:
        text = "must be a non-negative integer"
        errors.append(invalid(_STATUS.child("observedGeneration"), status["observedGeneration"], text))
    if status.get("qosClass", "") != before.get("qosClass", ""):
        errors.append(invalid(_STATUS.child("qosClass"), status.get("qosClass", ""), IMMUTABLE))
    for name in _STATUSES:
        errors += _transition_errors(name, status.get(name) or (), before.get(name) or (), spec)
    errors += _claim_errors(status.get("resourceClaimStatuses") or (), spec)
    if status.get("extendedResourceClaimStatus") is not None:
        errors += _extended_errors(status["extendedResourceClaimStatus"], spec)
    errors += _address_errors("podIPs", status, before)
    if status.get("hostIPs"):
        first = status["hostIPs"][0].get("ip", "")
        if status.get("hostIP", "") != first:
            at = _STATUS.child("hostIPs").index(0).child("ip")
            errors.append(invalid(at, first, "must be equal to `hostIP`"))
        errors += _address_errors("hostIPs", status, before)
    for name in _STATUSES:
        errors += _user_errors(name, status.get(name) or (), spec)
    for name, field in zip(_STATUSES, ("containers", "initContainers", ""), strict=True):
        errors += _health_errors(name, status.get(name) or (), spec.get(field) or () if field else None)
    return errors


def _condition_errors(conditions: Sequence[Obj]) -> ErrorList:
    errors: ErrorList = []
    for i, condition in enumerate(conditions):
        at = _STATUS.child("conditions").index(i)
        generation, kind = condition.get("observedGeneration", 0), condition.get("type", "")
        if generation < 0:
            text = "must be a non-negative integer"
            errors.append(invalid(at.child("observedGeneration"), generation, text))
        if kind not in _SYSTEM_CONDITIONS:
            errors += qualified(kind, at.child("Type"))
    return errors


def _transition_errors(name: str, new: Sequence[Obj], old: Sequence[Obj], spec: Obj) -> ErrorList:
    """A container that ended stays ended, unless it restarts."""
    errors: ErrorList = []
    if name != "ephemeralContainerStatuses" and _any_restarts_all(spec):
        return []
    for i, was in enumerate(old):
        ended = (was.get("state") or {}).get("terminated")
        if ended is None:
            continue
        now = next((c for c in new if c.get("name") == was.get("name")), None)
        if now is None or (now.get("state") or {}).get("terminated") is not None:
            continue
        if name != "ephemeralContainerStatuses":
            field = "containers" if name == "containerStatuses" else "initContainers"
            container = next((c for c in spec.get(field) or () if c.get("name") == was.get("name")), None)
            if container is not None and restarts(container, spec, ended.get("exitCode", 0)):
                continue
        text = "may not be transitioned to non-terminated state"
        errors.append(forbidden(_STATUS.child(name).index(i).child("state"), text))
    return errors


def _any_restarts_all(spec: Obj) -> bool:
    return any(
        rule.get("action") == "RestartAllContainers"
        for field in ("initContainers", "containers")
        for container in spec.get(field) or ()
        for rule in container.get("restartPolicyRules") or ()
    )


def restarts(container: Obj, spec: Obj, exit_code: int) -> bool:
    """Whether a container that ended with `exit_code` is started again: by its own rules, else its own policy,
    else the Pod's. Models: pkg/api/v1/pod (ContainerShouldRestart)."""
    for rule in container.get("restartPolicyRules") or ():
        codes = rule.get("exitCodes")
        if codes is not None:
            among = exit_code in (codes.get("values") or ())
            if among == (codes.get("operator") == "In"):
                return rule.get("action") in ("Restart", "RestartAllContainers")
    policy = container.get("restartPolicy") or spec.get("restartPolicy")
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def _claim_errors(statuses: Sequence[Obj], spec: Obj) -> ErrorList:
    errors: ErrorList = []
    known = {claim.get("name") for claim in spec.get("resourceClaims") or ()}
    seen: set[str] = set()
    for i, status in enumerate(statuses):
        at, name = _STATUS.child("resourceClaimStatuses").index(i), status.get("name", "")
        if name not in known:
            text = "must match the name of an entry in `spec.resourceClaims`"
            errors.append(invalid(at.child("name"), name, text))
        if name in seen:
            errors.append(duplicate(at.child("name"), name))
        seen.add(name)
        if status.get("resourceClaimName") is not None:
            errors += subdomain(status["resourceClaimName"], at.child("resourceClaimName"))
    return errors


def _extended_errors(status: Obj, spec: Obj) -> ErrorList:
    """The claim that the scheduler made for extended resources."""
    at = _STATUS.child("extendedResourceClaimStatus")
    containers = {c.get("name"): c for name in ("initContainers", "containers") for c in spec.get(name) or ()}
    mappings = status.get("requestMappings") or ()
    errors: ErrorList = []
    if not mappings:
        errors.append(required(at.child("requestMappings"), "at least one request mapping is required"))
    seen: set[tuple[str, ...]] = set()
    for i, mapping in enumerate(mappings):
        where = at.child("requestMappings").index(i)
        container, resource, request = key = tuple(mapping.get(name, "") for name in _MAPPING)
        if container not in containers:
            text = "must match the name of an entry in spec.initContainers.name or spec.containers.name"
            errors.append(invalid(where.child("containerName"), container, text))
        elif resource not in ((containers[container].get("resources") or {}).get("requests") or {}):
            errors.append(invalid(where.child("resourceName"), resource, _NO_EXTENDED_RESOURCE))
        errors += label(request, at.child("requestName"))
        if key in seen:
            errors += [duplicate(where.child(name), value) for name, value in zip(_MAPPING, key, strict=True)]
        seen.add(key)
    claim = status.get("resourceClaimName", "")
    where = at.child("resourceClaimName")
    return errors + (subdomain(claim, where) if claim else [required(where)])


def _user_errors(name: str, statuses: Sequence[Obj], spec: Obj) -> ErrorList:
    errors: ErrorList = []
    system = (spec.get("os") or {"name": "linux"}).get("name")
    for i, status in enumerate(statuses):
        linux = (status.get("user") or {}).get("linux")
        at = _STATUS.child(name).index(i).child("user", "linux")
        if linux is None:
            continue
        if system == "windows":
            errors.append(forbidden(at, "cannot be set for a windows pod"))
        elif system == "linux":
            errors += id_errors(linux.get("uid", 0), at.child("uid"))
            errors += id_errors(linux.get("gid", 0), at.child("gid"))
            for j, group in enumerate(linux.get("supplementalGroups") or ()):
                errors += id_errors(group, at.child("supplementalGroups").index(j))
    return errors


def _health_errors(name: str, statuses: Sequence[Obj], containers: Sequence[Obj] | None) -> ErrorList:
    """What the devices of a container are told to be like; `containers` is None where none have devices."""
    errors: ErrorList = []
    for i, status in enumerate(statuses):
        at, given = _STATUS.child(name).index(i).child("allocatedResourcesStatus"), status.get(_HEALTH) or ()
        if containers is None:
            if given:
                errors.append(forbidden(at, "must not be specified in container status"))
            continue
        container = next((c for c in containers if c.get("name") == status.get("name")), None)
        for j, resource in enumerate(given):
            if container is not None:
                errors += _resource_name_errors(resource.get("name", ""), container, at.index(j).child("name"))
            seen: set[str] = set()
            for k, unit in enumerate(resource.get("resources") or ()):
                where, unit_id = at.index(j).child("resources").index(k), unit.get("resourceID", "")
                errors += one_of(unit.get("health", ""), _HEALTHS, where.child("health"))
                message = unit.get("message")
                if message == "":
                    errors.append(required(where.child("message"), "must be non-empty if specified"))
                elif message is not None and len(message.encode()) > _HEALTH_MESSAGE:
                    errors.append(too_long(where.child("message"), _HEALTH_MESSAGE))
                if unit_id in seen:
                    errors.append(duplicate(where.child("resourceID"), unit_id))
                seen.add(unit_id)
    return errors


def _resource_name_errors(name: str, container: Obj, path: Path) -> ErrorList:
    resources = container.get("resources") or {}
    if not name.startswith("claim:"):
        if name in (resources.get("requests") or {}):
            return []
        return [invalid(path, name, "must match one of the container's resource requests")]
    for claim in resources.get("claims") or ():
        request = f"/{claim['request']}" if claim.get("request") else ""
        if name == f"claim:{claim.get('name', '')}{request}":
            return []
    text = (
        "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or"
        " 'claim:<claimName>' if request is empty"
    )
    return [invalid(path, name, text)]


def drop_disabled(status: Obj) -> None:
    """Fields of features that are off by default in this release. In place."""
    status.pop("nodeAllocatableResourceClaimStatuses", None)
    for name in _STATUSES:
        for container in status.get(name) or ():
            container.pop("stopSignal", None)
            for mount in container.get("volumeMounts") or ():
                mount.pop("volumeStatus", None)


def address_warnings(status: Obj) -> list[str]:
    return [
        text
        for name in ("podIPs", "hostIPs")
        for i, entry in enumerate(status.get(name) or ())
        for text in ip_warnings(_STATUS.child(name).index(i).child("ip"), entry.get("ip", ""))
    ]


def _address_errors(name: str, status: Obj, old: Obj) -> ErrorList:
    """Valid addresses, at most one of each family; what was there may stay."""
    at = _STATUS.child(name)
    given = [entry.get("ip", "") for entry in status.get(name) or ()]
    kept = [entry.get("ip", "") for entry in old.get(name) or ()]
    errors: ErrorList = []
    for i, address in enumerate(given):
        errors += ip_errors(at.index(i), address, kept=kept)
    if len(given) > 1:
        families = {parsed.version for parsed in map(parse_ip, given) if parsed is not None}
        if len(given) > 2 or len(families) != 2:
            text = "may specify no more than one IP for each IP family"
            errors.append(invalid(at, [{"IP": address} for address in given], text))
    return errors
