"""Probes and lifecycle hooks. Models: kubernetes, core validation (validateProbe, validateHandler)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.names import http_header_name, port_name, port_number
from clusters.machinery.types import Obj
from clusters.resources.common.checks import nonnegative

_SCHEMES = frozenset({"HTTP", "HTTPS"})
_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def port_errors(port: Any, path: Path) -> ErrorList:
    """A port number, or the name of a container port."""
    wrong = port_name(port) if isinstance(port, str) else port_number(port)
    return [invalid(path, port, text) for text in wrong]


def _exec(action: Obj, path: Path, grace: int | None) -> ErrorList:
    return [] if action.get("command") else [required(path.child("command"))]


def _http(action: Obj, path: Path, grace: int | None) -> ErrorList:
    errors: ErrorList = [] if action.get("path") else [required(path.child("path"))]
    errors += port_errors(action.get("port", 0), path.child("port"))
    scheme = action.get("scheme", "")
    if scheme not in _SCHEMES:
        errors.append(not_supported(path.child("scheme"), scheme, _SCHEMES))
    for header in action.get("httpHeaders") or ():
        name = header.get("name", "")
        errors.extend(invalid(path.child("httpHeaders"), name, text) for text in http_header_name(name))
    return errors


def _tcp(action: Obj, path: Path, grace: int | None) -> ErrorList:
    return port_errors(action.get("port", 0), path.child("port"))


def _sleep(action: Obj, path: Path, grace: int | None) -> ErrorList:
    seconds = action.get("seconds", 0)
    if grace is None or 0 <= seconds <= grace:
        return []
    text = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
    return [invalid(path, seconds, text)]


_Check = Callable[[Obj, Path, "int | None"], ErrorList]
_PROBE_HANDLERS: dict[str, _Check] = {"exec": _exec, "httpGet": _http, "tcpSocket": _tcp, "grpc": _tcp}
_HOOK_HANDLERS: dict[str, _Check] = {"exec": _exec, "httpGet": _http, "tcpSocket": _tcp, "sleep": _sleep}


def _handler_errors(handler: Obj, kinds: dict[str, _Check], path: Path, grace: int | None) -> ErrorList:
    errors: ErrorList = []
    given = 0
    for name, check in kinds.items():
        action = handler.get(name)
        if action is None:
            continue
        given += 1
        if given > 1:
            errors.append(forbidden(path.child(name), "may not specify more than 1 handler type"))
            given = 1
        else:
            errors += check(action, path.child(name), grace)
    if not given:
        errors.append(required(path, "must specify a handler type"))
    return errors


def probe_errors(kind: str, probe: Obj, path: Path, grace: int | None) -> ErrorList:
    """`kind` is the field: `livenessProbe`, `readinessProbe` or `startupProbe`."""
    errors = _handler_errors(probe, _PROBE_HANDLERS, path, grace)
    for name in _NUMBERS:
        errors += nonnegative(probe.get(name, 0), path.child(name))
    seconds = probe.get("terminationGracePeriodSeconds")
    at = path.child("terminationGracePeriodSeconds")
    if seconds is not None and seconds <= 0:
        errors.append(invalid(at, seconds, "must be greater than 0"))
    if kind == "readinessProbe":
        if seconds is not None:
            errors.append(invalid(at, seconds, "must not be set for readinessProbes"))
    elif probe.get("successThreshold", 0) != 1:
        errors.append(invalid(path.child("successThreshold"), probe.get("successThreshold", 0), "must be 1"))
    return errors


def lifecycle_errors(lifecycle: Obj, path: Path, *, grace: int | None) -> ErrorList:
    errors: ErrorList = []
    for name in ("postStart", "preStop"):
        if lifecycle.get(name) is not None:
            errors += _handler_errors(lifecycle[name], _HOOK_HANDLERS, path.child(name), grace)
    return errors
