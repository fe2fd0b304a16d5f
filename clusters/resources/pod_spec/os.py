"""What a Pod of one operating system may not set.

Models: kubernetes, core validation (validateOS, validateLinux, validateWindows).
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.pod_spec.containers import each_container

_SYSTEMS = frozenset({"linux", "windows"})
_NOT_WINDOWS = "cannot be set for a windows pod"
_NOT_LINUX = "windows options cannot be set for a linux pod"

_POD_FIELDS = (
    # field of the Pod's securityContext (""), or of the spec itself
    ("securityContext", "appArmorProfile"),
    ("securityContext", "seLinuxOptions"),
    ("", "hostUsers"),
    ("", "hostPID"),
    ("", "hostIPC"),
    ("securityContext", "seccompProfile"),
    ("securityContext", "fsGroup"),
    ("securityContext", "fsGroupChangePolicy"),
    ("securityContext", "sysctls"),
    ("", "shareProcessNamespace"),
    ("securityContext", "runAsUser"),
    ("securityContext", "runAsGroup"),
    ("securityContext", "supplementalGroups"),
    ("securityContext", "supplementalGroupsPolicy"),
    ("securityContext", "seLinuxChangePolicy"),
)
_CONTAINER_FIELDS = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)
_FALSE_IS_UNSET = ("hostPID", "hostIPC", "sysctls")


def os_errors(spec: Obj, path: Path) -> ErrorList:
    """Nothing if the Pod names no operating system."""
    os = spec.get("os")
    if os is None:
        return []
    name = os.get("name", "")
    if not name:
        return [required(path.child("os", "name"))]
    if name not in _SYSTEMS:
        return [not_supported(path.child("os"), name, _SYSTEMS)]
    return _linux_errors(spec, path) if name == "linux" else _windows_errors(spec, path)


def _linux_errors(spec: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    if (spec.get("securityContext") or {}).get("windowsOptions") is not None:
        errors.append(forbidden(path.child("securityContext", "windowsOptions"), _NOT_LINUX))
    for container, at in each_container(spec, path):
        if (container.get("securityContext") or {}).get("windowsOptions") is not None:
            errors.append(forbidden(at.child("securityContext", "windowsOptions"), _NOT_LINUX))
    return errors


def _windows_errors(spec: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    context = spec.get("securityContext")
    for parent, name in _POD_FIELDS if context is not None else ():
        value = (context or {}).get(name) if parent else spec.get(name)
        if value is not None and (value or name not in _FALSE_IS_UNSET):
            errors.append(forbidden(path.child(*filter(None, (parent, name))), _NOT_WINDOWS))
    for container, at in each_container(spec, path):
        own = container.get("securityContext") or {}
        errors += [
            forbidden(at.child("securityContext", name), _NOT_WINDOWS)
            for name in _CONTAINER_FIELDS
            if own.get(name) is not None
        ]
    return errors
