"""The status of a Pod: what a writer of it may leave out, and may not do.

Models: kubernetes, registry/core/pod (podStatusStrategy), core validation (ValidatePodStatusUpdate).
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path, duplicate, forbidden, invalid
from clusters.machinery.types import Obj
from clusters.resources.common.checks import IMMUTABLE, qualified, subdomain
from clusters.resources.common.net import ip_errors, parse_ip

_STATUS = Path("status")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
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
    errors += _address_errors("podIPs", status, before)
    if status.get("hostIPs"):
        first = status["hostIPs"][0].get("ip", "")
        if status.get("hostIP", "") != first:
            at = _STATUS.child("hostIPs").index(0).child("ip")
            errors.append(invalid(at, first, "must be equal to `hostIP`"))
        errors += _address_errors("hostIPs", status, before)
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
