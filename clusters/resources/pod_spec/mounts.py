"""Where containers mount volumes and map block devices.

Models: kubernetes, core validation (ValidateVolumeMounts, ValidateVolumeDevices).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_found, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.common.checks import local_path

_PROPAGATION = frozenset({"Bidirectional", "HostToContainer", "None"})
_RECURSIVE = frozenset({"Disabled", "IfPossible", "Enabled"})


def mount_errors(container: Obj, volumes: Mapping[str, Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    devices = container.get("volumeDevices") or ()
    device_names = {d.get("name", "") for d in devices}
    device_paths = {d.get("devicePath", "") for d in devices}
    taken: set[str] = set()
    for i, mount in enumerate(container["volumeMounts"]):
        name, where = mount.get("name", ""), mount.get("mountPath", "")
        if not name or name not in volumes or not where or where in taken or devices:
            at = path.index(i)
            if not name:
                errors.append(required(at.child("name")))
            if name not in volumes:
                errors.append(not_found(at.child("name"), name))
            if not where:
                errors.append(required(at.child("mountPath")))
            if where in taken:
                errors.append(invalid(at.child("mountPath"), where, "must be unique"))
            if name in device_names:
                errors.append(invalid(at.child("name"), name, "must not already exist in volumeDevices"))
            if where in device_paths:
                text = "must not already exist as a path in volumeDevices"
                errors.append(invalid(at.child("mountPath"), where, text))
        taken.add(where)
        sub, expression = mount.get("subPath"), mount.get("subPathExpr")
        if sub:
            errors += local_path(sub, path.child("subPath"))
        if expression:
            if sub:
                text = "subPathExpr and subPath are mutually exclusive"
                errors.append(invalid(path.index(i).child("subPathExpr"), expression, text))
            errors += local_path(expression, path.child("subPathExpr"))
        if mount.get("mountPropagation") is not None:
            errors += _propagation_errors(mount["mountPropagation"], container, path.child("mountPropagation"))
        if mount.get("recursiveReadOnly") is not None:
            errors += _recursive_errors(mount, path.child("recursiveReadOnly"))
    return errors


def _propagation_errors(mode: str, container: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    if mode not in _PROPAGATION:
        errors.append(not_supported(path, mode, _PROPAGATION))
    if mode == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
        text = "Bidirectional mount propagation is available only to privileged containers"
        errors.append(forbidden(path, text))
    return errors


def _recursive_errors(mount: Obj, path: Path) -> ErrorList:
    mode = mount["recursiveReadOnly"]
    if mode not in _RECURSIVE:
        return [not_supported(path, mode, _RECURSIVE)]
    errors: ErrorList = []
    if mode != "Disabled":
        if not mount.get("readOnly"):
            errors.append(forbidden(path, "may only be specified when readOnly is true"))
        if mount.get("mountPropagation") not in (None, "None"):
            text = "may only be specified when mountPropagation is None or not specified"
            errors.append(forbidden(path, text))
    return errors


def device_errors(container: Obj, volumes: Mapping[str, Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    mounts: Sequence[Obj] = container.get("volumeMounts") or ()
    mount_names = {m.get("name", "") for m in mounts}
    mount_paths = {m.get("mountPath", "") for m in mounts}
    names: set[str] = set()
    paths: set[str] = set()
    for i, device in enumerate(container["volumeDevices"]):
        at, name, where = path.index(i), device.get("name", ""), device.get("devicePath", "")
        volume = volumes.get(name)
        if not name:
            errors.append(required(at.child("name")))
        if name in names:
            errors.append(invalid(at.child("name"), name, "must be unique"))
        if volume is None:
            errors.append(not_found(at.child("name"), name))
        elif volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
            text = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            errors.append(invalid(at.child("name"), name, text))
        if not where:
            errors.append(required(at.child("devicePath")))
        if where in paths:
            errors.append(invalid(at.child("devicePath"), where, "must be unique"))
        if ".." in where.split("/"):
            errors.append(invalid(at.child("devicePath"), where, "can not contain backsteps ('..')"))
        else:
            paths.add(where)
        if name in mount_names:
            errors.append(invalid(at.child("name"), name, "must not already exist in volumeMounts"))
        if where in mount_paths:
            text = "must not already exist as a path in volumeMounts"
            errors.append(invalid(at.child("devicePath"), where, text))
        if name:
            names.add(name)
    return errors
