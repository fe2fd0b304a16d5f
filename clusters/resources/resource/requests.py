"""What a claim asks for: requests, constraints among them, and configuration for drivers.

Models: kubernetes, pkg/apis/resource/validation (validateDeviceClaim and below), resource/v1/defaults.go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clusters.machinery.field import ErrorList, Path, invalid, not_supported, required, too_long
from clusters.machinery.types import Obj
from clusters.resources.common.checks import label, qualified, subdomain
from clusters.resources.common.meta import label_value_errors
from clusters.resources.pod_spec.volumes import driver_name_errors
from clusters.resources.resource.names import each_errors, full_name_errors, name_of, unique_errors
from clusters.resources.resource.selectors import selector_errors

MAX_REQUESTS = MAX_CONSTRAINTS = MAX_CONFIGS = 32
MAX_ALTERNATIVES = 8
MAX_TOLERATIONS = 16
MAX_PARAMETERS = 10 * 1024
EFFECTS = ("NoExecute", "NoSchedule", "None")
_MODES = ("All", "ExactCount")
_ONE_KIND = "exactly one of `exactly` or `firstAvailable` is required"
_ONE_ATTRIBUTE = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
_NO_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
_OMITTED = "<value omitted>"

Names = Mapping[str, frozenset[str]]
"""The requests of a claim, and the alternatives of each."""


def default_requests(spec: Obj) -> None:
    """In place, the spec of a claim."""
    for request in (spec.get("devices") or {}).get("requests") or ():
        exactly = request.get("exactly")
        for each in [*([exactly] if exactly is not None else []), *(request.get("firstAvailable") or ())]:
            if not each.get("allocationMode"):
                each["allocationMode"] = "ExactCount"
            if each["allocationMode"] == "ExactCount" and not each.get("count"):
                each["count"] = 1
            for toleration in each.get("tolerations") or ():
                if not toleration.get("operator"):
                    toleration["operator"] = "Equal"


def request_names(spec: Obj) -> Names:
    requests = (spec.get("devices") or {}).get("requests") or ()
    return {name_of(r): frozenset(map(name_of, r.get("firstAvailable") or ())) for r in requests}


def claim_spec_errors(spec: Obj, path: Path) -> ErrorList:
    devices, path, names = spec.get("devices") or {}, path.child("devices"), request_names(spec)

    def constraint(each: Obj, at: Path) -> ErrorList:
        return _constraint_errors(each, at, names)

    def config(each: Obj, at: Path) -> ErrorList:
        return request_list_errors(each.get("requests"), at.child("requests"), names) + config_errors(each, at)

    errors = unique_errors(devices.get("requests"), MAX_REQUESTS, _request_errors, path.child("requests"), name_of)
    errors += each_errors(devices.get("constraints"), MAX_CONSTRAINTS, constraint, path.child("constraints"))
    return errors + each_errors(devices.get("config"), MAX_CONFIGS, config, path.child("config"))


def _request_errors(request: Obj, path: Path) -> ErrorList:
    errors = label(name_of(request), path.child("name"))
    exactly, first = request.get("exactly"), request.get("firstAvailable")
    if exactly is None and not first:
        return [*errors, required(path, _ONE_KIND)]
    if exactly is not None and first:
        return [*errors, invalid(path, None, f"{_ONE_KIND}, but multiple fields are set")]
    if exactly is not None:
        return errors + _exact_errors(exactly, path.child("exactly"))
    return errors + unique_errors(first, MAX_ALTERNATIVES, _alternative_errors, path.child("firstAvailable"), name_of)


def _alternative_errors(request: Obj, path: Path) -> ErrorList:
    return label(name_of(request), path.child("name")) + _exact_errors(request, path)


def _exact_errors(request: Obj, path: Path) -> ErrorList:
    name, at = request.get("deviceClassName", ""), path.child("deviceClassName")
    errors = subdomain(name, at) if name else [required(at)]
    errors += selector_errors(request.get("selectors"), path.child("selectors"))
    mode, count, at = request.get("allocationMode", ""), request.get("count", 0), path.child("count")
    if mode == "All" and count:
        errors.append(invalid(at, count, "must not be specified when allocationMode is 'All'"))
    elif mode == "ExactCount" and count <= 0:
        errors.append(invalid(at, count, "must be greater than zero"))
    elif mode not in _MODES:
        errors.append(not_supported(path.child("allocationMode"), mode, _MODES))
    return errors + each_errors(
        request.get("tolerations"), MAX_TOLERATIONS, _toleration_errors, path.child("tolerations")
    )


def _toleration_errors(toleration: Obj, path: Path) -> ErrorList:
    get = toleration.get
    errors = qualified(get("key", ""), path.child("key")) if get("key") else []
    value, at = get("value", ""), path.child("value")
    match get("operator", ""):
        case "Exists":
            if value:
                errors.append(invalid(at, value, "must be empty for operator `Exists`"))
        case "Equal":
            errors += label_value_errors(value, at)
        case other:
            errors.append(not_supported(path.child("operator"), other, ("Equal", "Exists")))
    if get("effect") and get("effect") not in EFFECTS:
        errors.append(not_supported(path.child("effect"), get("effect"), EFFECTS))
    return errors


def _constraint_errors(constraint: Obj, path: Path, names: Names) -> ErrorList:
    errors = request_list_errors(constraint.get("requests"), path.child("requests"), names)
    for name in ("matchAttribute", "distinctAttribute"):
        if constraint.get(name) is not None:
            return errors + full_name_errors(constraint[name], path.child(name))
    return [*errors, required(path, _ONE_ATTRIBUTE)]


def request_list_errors(requests: Any, path: Path, names: Names) -> ErrorList:
    return unique_errors(requests, MAX_REQUESTS, lambda name, at: request_ref_errors(name, at, names), path)


def request_ref_errors(name: str, path: Path, names: Names) -> ErrorList:
    """`request` or `request/alternative`."""
    parts = name.split("/")
    if len(parts) > 2:
        return [invalid(path, name, _NO_REQUEST)]
    errors = [e for part in parts for e in label(part, path)]
    known = parts[0] in names and (len(parts) == 1 or parts[1] in names[parts[0]])
    return errors if known else [*errors, invalid(path, name, _NO_REQUEST)]


def config_errors(config: Obj, path: Path) -> ErrorList:
    opaque, path = config.get("opaque"), path.child("opaque")
    if opaque is None:
        return [required(path)]
    errors = driver_name_errors(opaque.get("driver", ""), path.child("driver"))
    return errors + raw_errors(opaque.get("parameters"), path.child("parameters"), MAX_PARAMETERS)


def raw_errors(value: Any, path: Path, limit: int) -> ErrorList:
    """Any JSON object, not too large."""
    if value is None:
        return [required(path)]
    if len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()) > limit:
        return [too_long(path, limit)]
    return [] if isinstance(value, dict) else [invalid(path, _OMITTED, "must be a valid JSON object")]
